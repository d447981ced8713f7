//! Who is let in, and what those hear who are not.

use operations::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(who_is_not_known_is_not_let_in, what_is_not_there, roles_are_held_to);

async fn who_is_not_known_is_not_let_in(api: Api) {
    let url = format!("{}/api/v2/workspace.json", api.world.base);
    let check = async |header: Option<String>, expected: StatusCode| {
        let mut request = api.world.client.get(&url);
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected, "{header:?}");
        if expected == StatusCode::FORBIDDEN {
            assert_eq!(answer.json::<Value>().await.unwrap(), json!({"detail": "Invalid token"}));
        }
    };
    let basic = |email: &str, token: &str| {
        use base64::Engine as _;
        let plain = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{token}"));
        Some(format!("Basic {plain}"))
    };
    check(None, StatusCode::FORBIDDEN).await;
    check(Some("Token 0123456789012345678901234567890123456789".to_owned()), StatusCode::FORBIDDEN).await;
    check(Some(format!("Token {}", "x".repeat(5_000))), StatusCode::FORBIDDEN).await;
    check(Some(format!("Bearer {}", api.token)), StatusCode::FORBIDDEN).await;
    check(Some(format!("Token {}", api.token)), StatusCode::OK).await;
    check(basic("admin@example.org", &api.token), StatusCode::OK).await;
    check(basic("another@example.org", &api.token), StatusCode::FORBIDDEN).await;
    let ctx = api.world.node.context();
    let tokens = ctx.store.tokens(api.world.workspace.id).await.unwrap();
    operations::remove_token(ctx, api.world.workspace.id, tokens[0].uuid).await.unwrap();
    check(Some(format!("Token {}", api.token)), StatusCode::FORBIDDEN).await;
}

async fn what_is_not_there(api: Api) {
    let check = async |method: Method, path: &str, status: u16, said: &str| {
        let (found, body) = api.call(&api.token, method, path, None).await;
        assert_eq!((found.as_u16(), &body["detail"]), (status, &json!(said)), "{path}");
    };
    check(Method::GET, "nothing.json", 404, "Not found.").await;
    check(Method::GET, "workspace", 404, "Not found.").await;
    check(Method::DELETE, "workspace.json", 405, "Method \"DELETE\" not allowed.").await;
    check(Method::PUT, "fields.json", 405, "Method \"PUT\" not allowed.").await;
    check(Method::GET, "fields.json?cursor=x", 404, "Invalid cursor").await;
    check(Method::GET, "groups.json?uuid=a&name=b", 400, "Filter by one of uuid, name at a time.").await;
}

async fn roles_are_held_to(api: Api) {
    let document = api.get("openapi.json").await;
    for role in [Role::Editor, Role::Agent, Role::Viewer] {
        let token = api.token_of(&format!("{}@example.org", role.name()), role).await;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let Some(roles) = operation["x-roles"].as_array() else { continue };
                let asked = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let (status, body) = api.call(&token, asked, path.trim_start_matches("/api/v2/"), None).await;
                let refused = body["detail"] == "You do not have permission to perform this action.";
                let allowed = roles.contains(&json!(role.name()));
                assert_eq!(refused, !allowed, "{method} {path} as {}: {status} {body}", role.name());
            }
        }
    }
}
