//! Exports of a real store: what was imported goes out again, and comes in elsewhere.

use flows::migrations::{CURRENT, RAPIDPRO_9, Version};
use operations::{ExportDefinitionsError, ExportRequest, export_definitions, import_export};
use serde_json::Value;

use crate::importing::programme;
use crate::world::World;

async fn export(
    world: &World,
    flows: &[&str],
    specification: Version,
) -> Result<Value, ExportDefinitionsError> {
    let flows = flows.iter().map(|name| (*name).to_owned()).collect();
    let request = ExportRequest { flows, specification, site: "https://example.org".into() };
    Ok(export_definitions(&world.ctx, world.workspace.id, request).await?.written.json)
}

async fn world_with(file: &Value) -> World {
    let world = World::new().await;
    import_export(&world.ctx, world.workspace.id, file.to_string().into_bytes()).await.unwrap();
    world
}

#[tokio::test]
async fn an_export_is_imported_elsewhere_and_exported_the_same() {
    let first = world_with(&programme("Welcome")).await;
    for specification in [CURRENT, RAPIDPRO_9] {
        let out = export(&first, &["registration"], specification).await.unwrap();
        assert_eq!(out["flows"][0]["spec_version"], specification.to_string());
        assert_eq!(out["triggers"][0]["keywords"][0], "join");
        assert_eq!(out["campaigns"][0]["events"][0]["relative_to"]["label"], "Due date");
        assert_eq!(out["groups"][0]["name"], "Mothers");
        let second = world_with(&out).await;
        let again = export(&second, &["Registration"], specification).await.unwrap();
        assert_eq!(again.to_string(), out.to_string(), "{specification}");
    }
}

#[tokio::test]
async fn a_flow_that_is_not_there_is_named() {
    let world = world_with(&programme("Welcome")).await;
    let error = export(&world, &["Nowhere"], CURRENT).await.unwrap_err().to_string();
    assert!(error.contains("Nowhere") && error.contains("Registration"), "{error}");
}
