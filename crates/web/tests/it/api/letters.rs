//! E-mails with links: an invitation is accepted, a forgotten password is replaced, over a real e-mail server.

use std::sync::Arc;
use std::time::Duration;

use node::Layer;
use operations::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Secret;

use super::Api;
use super::access::{Browser, add};
use crate::post_office::{Manner, PostOffice};
use crate::world::World;

const SITE: &str = "https://seedling.example.org";

fn layer(office: &PostOffice) -> Layer {
    let smtp = format!("smtp://127.0.0.1:{}/?from=line%40b.org&tls=none", office.port);
    Layer { smtp: Some(Secret::new(smtp)), site: Some(format!("{SITE}/")), ..Layer::default() }
}

/// Waits until so many letters came; answers the last one as its receiver reads it.
async fn letter(office: &PostOffice, count: usize) -> String {
    loop {
        let letters = Arc::clone(&office.letters).lock().unwrap().clone();
        if letters.len() >= count {
            return letters[count - 1].data.replace("=\r\n", "").replace("=3D", "=");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The secret of the link in a letter.
fn secret(letter: &str, page: &str) -> String {
    let (_, rest) = letter.split_once(&format!("{SITE}/auth/{page}#")).unwrap_or_else(|| panic!("{letter}"));
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

async fn links_come_by_e_mail(api: Api, office: PostOffice) {
    let body = json!({"email": "nurse@example.org", "role": "agent"});
    let (status, made) = api.post("invitations.json", body).await;
    assert_eq!((status, &made["link"]), (201, &Value::Null), "{made}");
    let invitation = letter(&office, 1).await;
    assert!(invitation.contains("To: nurse@example.org"), "{invitation}");
    let mut nurse = Browser::new(&api.world);
    let link = secret(&invitation, "accept");
    let body = json!({"link": link, "name": "Nurse Ada", "password": "long enough"});
    let (status, me) = nurse.post("/auth/accept", body).await;
    assert_eq!((status, &me["user"]["email"]), (StatusCode::OK, &json!("nurse@example.org")), "{me}");

    // Who is not known hears the same as who is, and gets no letter.
    let mut anybody = Browser::new(&api.world);
    for email in ["nobody@example.org", "NURSE@example.org"] {
        let (status, said) = anybody.post("/auth/forgot", json!({"email": email})).await;
        assert_eq!((status, said), (StatusCode::NO_CONTENT, Value::Null), "{email}");
    }
    let forgotten = letter(&office, 2).await;
    assert!(forgotten.contains("To: nurse@example.org"), "{forgotten}");
    let body = json!({"link": secret(&forgotten, "reset"), "password": "another one"});
    assert_eq!(anybody.post("/auth/reset", body.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(anybody.post("/auth/reset", body).await.0, StatusCode::GONE, "once");
    assert_eq!(anybody.sign_in("nurse@example.org", "long enough").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(anybody.sign_in("nurse@example.org", "another one").await.0, StatusCode::OK);

    // What an administrator asks for goes the same way.
    let (status, made) = api.post("password_resets.json", json!({"email": "nurse@example.org"})).await;
    assert_eq!((status, &made["link"]), (201, &Value::Null), "{made}");
    assert!(letter(&office, 3).await.contains("A new password for"));
    assert_eq!(office.letters.lock().unwrap().len(), 3);
    // No secret stays behind, and nothing is in the outbox of nobody.
    let verified = api.world.store.verify(None).await.unwrap();
    assert!(verified.is_right(), "{verified:?}");
    // The pages to which the links lead run their own script and nothing else.
    for page in ["accept", "reset"] {
        let url = format!("{}/auth/{page}", api.world.base);
        let answer = api.world.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'sha256-") && policy.contains("default-src 'none'"), "{policy}");
    }
}

async fn without_a_site_links_are_shown(api: Api, office: PostOffice) {
    let body = json!({"email": "nurse@example.org", "role": "agent"});
    let (_, made) = api.post("invitations.json", body).await;
    assert_eq!(made["link"].as_str().map(str::len), Some(40), "{made}");
    add(&api.world, "ann@example.org", Role::Viewer).await;
    let mut ann = Browser::new(&api.world);
    let (status, _) = ann.post("/auth/forgot", json!({"email": "ann@example.org"})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(office.letters.lock().unwrap().is_empty());
    // The picture of a second factor is one that browsers show.
    let mut ann = Browser::signed_in(&api.world, "ann@example.org").await;
    let (_, begun) = ann.post("/auth/two-factor", json!({})).await;
    let picture = begun["picture"].as_str().unwrap();
    let svg = picture.strip_prefix("data:image/svg+xml;base64,").unwrap();
    let svg = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.contains("<svg") && svg.contains("<path"), "{svg}");
}

async fn settings_are_changed(api: Api) {
    let (status, row) = api
        .post(
            "workspace.json",
            json!({"name": "Mothers", "timezone": "Africa/Kampala", "country": null,
            "languages": ["lug", "eng"], "date_style": "year_first", "time_style": "h:mm aa"}),
        )
        .await;
    assert_eq!(status, 200, "{row}");
    assert_eq!(
        (&row["name"], &row["primary_language"], &row["country"]),
        (&json!("Mothers"), &json!("lug"), &Value::Null)
    );
    assert_eq!(api.get("org.json").await, row);
    for (body, member) in [
        (json!({"timezone": "Mars"}), "timezone"),
        (json!({"languages": ["en"]}), "languages"),
        (json!({"languages": []}), "languages"),
        (json!({"country": "uganda"}), "country"),
        (json!({"date_style": "x"}), "date_style"),
        (json!({"time_style": "x"}), "time_style"),
        (json!({"name": ""}), "name"),
        (json!({"anon": true}), "anon"),
    ] {
        let (status, said) = api.post("workspace.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array(), "{body}: {said}");
    }
    assert_eq!(api.get("workspace.json").await, row);
}

/// What an administrator names over the API must be out in the world, whatever else there is.
async fn servers_of_workspaces_are_out_in_the_world(api: Api, office: PostOffice) {
    assert_eq!(api.get("email_server.json").await, json!({"place": null, "sender": null}));
    let here = format!("smtp://u:hush@localhost:{}/?from=w%40b.org&tls=none", office.port);
    let (status, shown) = api.post("email_server.json", json!({"address": here})).await;
    let place = format!("smtp://localhost:{}", office.port);
    assert_eq!((status, &shown), (200, &json!({"place": place, "sender": "w@b.org"})));
    assert_eq!(api.get("email_server.json").await, shown);
    let body = json!({"email": "nurse@example.org", "role": "agent"});
    assert_eq!(api.post("invitations.json", body).await.1["link"], Value::Null);
    // It is refused, and its row goes.
    while api.world.store.outbox_depth().await.unwrap() != (0, 0, 0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(office.letters.lock().unwrap().is_empty());
    for (body, said) in [
        (json!({}), "This field is required."),
        (json!({"address": "mail.example.org"}), "is not an address"),
        (json!({"address": "smtp://mail.example.org"}), "has no sender"),
        (json!({"address": "smtps://mail.example.org/?from=a@b.org&ca=%2Fetc%2Fpasswd"}), "(ca)"),
    ] {
        let (status, answer) = api.post("email_server.json", body).await;
        assert!(status == 400 && answer["address"].to_string().contains(said), "{answer}");
    }
    // Without one of its own they leave over the node's.
    assert_eq!(api.post("email_server.json", json!({"address": null})).await.1["place"], Value::Null);
    let body = json!({"email": "doctor@example.org", "role": "agent"});
    assert_eq!(api.post("invitations.json", body).await.0, 201);
    assert!(letter(&office, 1).await.contains("To: doctor@example.org"));
}

mod sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn servers_of_workspaces_are_out_in_the_world() {
        let office = PostOffice::open(Manner::Plain).await;
        let world = World::with(layer(&office)).await;
        super::servers_of_workspaces_are_out_in_the_world(Api::of(world).await, office).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn links_come_by_e_mail() {
        let office = PostOffice::open(Manner::Plain).await;
        let world = World::with(layer(&office)).await;
        super::links_come_by_e_mail(Api::of(world).await, office).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_site_links_are_shown() {
        let office = PostOffice::open(Manner::Plain).await;
        let world = World::with(Layer { site: None, ..layer(&office) }).await;
        super::without_a_site_links_are_shown(Api::of(world).await, office).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn settings_are_changed() {
        super::settings_are_changed(Api::sqlite().await).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn links_come_by_e_mail() {
        let office = PostOffice::open(Manner::Plain).await;
        let world = World::on_postgres_with(layer(&office)).await;
        super::links_come_by_e_mail(Api::of(world).await, office).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn settings_are_changed() {
        super::settings_are_changed(Api::postgres().await).await;
    }
}
