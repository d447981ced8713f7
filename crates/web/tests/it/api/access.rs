//! People sign in, are recognized by their cookie on every node, and are let out.

use domain::{SignInId, SignInUuid, UserId, UserUuid};
use jiff::{SignedDuration, Timestamp};
use operations::{NewUser, Role, token_digest};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use store::{AccessChange, Change, DefinitionChange, SignInMeans, SignInRow, Unit, UserRow};
use uuid::Uuid;

use super::{Api, on_both};
use crate::world::World;

on_both!(
    a_cookie_opens_what_its_user_may,
    pages_of_other_sites_write_nothing,
    what_cannot_be_taken_is_said,
    who_tries_too_often_waits,
    a_changed_password_ends_all_other_sessions,
    a_link_gives_a_new_password_once,
    one_person_works_in_two_workspaces,
    old_sessions_open_nothing,
    hashes_of_other_programs_are_replaced,
    sessions_are_listed_and_ended,
);

pub const PASSWORD: &str = "long enough";

/// A browser: what it was given, it shows.
pub struct Browser<'a> {
    pub world: &'a World,
    pub base: String,
    pub cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, base: world.base.clone(), cookie: None }
    }

    /// Signs in, which must succeed.
    pub async fn signed_in(world: &'a World, email: &str) -> Self {
        let mut browser = Self::new(world);
        let (status, body) = browser.sign_in(email, PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        browser
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> (StatusCode, Value) {
        self.post("/auth/sign-in", json!({"email": email, "password": password})).await
    }

    pub async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Asks as a page of the site does, and keeps what it is given.
    pub async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let origin = self.base.clone();
        let answer = self.send(method, path, body, &[("origin", &origin)]).await;
        if let Some(given) = answer.headers().get(header::SET_COOKIE) {
            let given = given.to_str().unwrap();
            assert!(given.contains("; HttpOnly; SameSite=Lax"), "{given}");
            let pair = given.split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = self.world.client.request(method, format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }
}

pub async fn add(world: &World, email: &str, role: Role) -> UserRow {
    let new = NewUser {
        workspace: world.workspace.id,
        email: email.into(),
        name: "Ada Okello".into(),
        password: PASSWORD.to_owned(),
        role,
    };
    operations::add_user(world.node.context(), new).await.unwrap()
}

async fn access(world: &World, change: AccessChange) {
    world.store.write_one(Unit::new(vec![Change::Access(Box::new(change))])).await.unwrap();
}

async fn a_cookie_opens_what_its_user_may(api: Api) {
    add(&api.world, "ann@example.org", Role::Viewer).await;
    let mut browser = Browser::new(&api.world);
    assert_eq!(browser.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    let (status, nobody) = browser.sign_in("nobody@example.org", PASSWORD).await;
    assert_eq!((status, &nobody["code"]), (StatusCode::UNAUTHORIZED, &json!("wrong")));
    let wrong = browser.sign_in("ann@example.org", "long enougH").await;
    assert_eq!(wrong, (StatusCode::UNAUTHORIZED, nobody), "both hear the same");
    assert_eq!(browser.cookie, None);
    let (status, me) = browser.sign_in(" Ann@Example.org", PASSWORD).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    assert_eq!(me["user"]["email"], "ann@example.org");
    assert_eq!(me["user"]["role"], "viewer");
    assert_eq!(me["workspaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(browser.get("/auth/me").await, (StatusCode::OK, me));
    let (status, workspace) = browser.get("/api/v2/workspace.json").await;
    assert_eq!((status, &workspace["name"]), (StatusCode::OK, &json!("Mothers' line")));
    let (status, _) = browser.post("/api/v2/globals.json", json!({"name": "City", "value": "x"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a viewer only looks");
    // A token that is none is not made good by a cookie.
    let shown = browser.send(Method::GET, "/api/v2/fields.json", None, &[("authorization", "Token x")]).await;
    assert_eq!(shown.status(), StatusCode::FORBIDDEN);
    let before = browser.cookie.clone();
    assert_eq!(browser.post("/auth/sign-out", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(browser.cookie, None);
    browser.cookie = before;
    assert_eq!(browser.get("/auth/me").await.0, StatusCode::UNAUTHORIZED, "it was ended, not only forgotten");
    assert_eq!(browser.get("/api/v2/fields.json").await.0, StatusCode::FORBIDDEN);
}

async fn pages_of_other_sites_write_nothing(api: Api) {
    add(&api.world, "ann@example.org", Role::Administrator).await;
    let browser = Browser::signed_in(&api.world, "ann@example.org").await;
    let own = browser.base.clone();
    for (place, headers, taken) in [
        (1, &[][..], false),
        (2, &[("origin", "https://evil.example.org")], false),
        (3, &[("origin", "null")], false),
        (4, &[("sec-fetch-site", "cross-site")], false),
        (5, &[("sec-fetch-site", "same-site"), ("origin", own.as_str())], false),
        (6, &[("sec-fetch-site", "same-origin")], true),
        (7, &[("origin", own.as_str())], true),
    ] {
        let body = json!({"name": format!("City {place}"), "value": "x"});
        let path = "/api/v2/globals.json";
        let status = browser.send(Method::POST, path, Some(body), headers).await.status();
        assert_eq!(status, if taken { StatusCode::CREATED } else { StatusCode::FORBIDDEN }, "{headers:?}");
        let path = "/auth/workspace";
        let body = json!({"workspace": api.world.workspace.uuid});
        let status = browser.send(Method::POST, path, Some(body), headers).await.status();
        assert_eq!(status, if taken { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{headers:?}");
    }
    assert_eq!(api.list("globals.json").await.len(), 2);
    let cross = [("sec-fetch-site", "cross-site")];
    let read = browser.send(Method::GET, "/api/v2/globals.json", None, &cross).await;
    assert_eq!(read.status(), StatusCode::OK, "who only looks may come by a link");
    let body = json!({"email": "ann@example.org", "password": PASSWORD});
    let forged = browser.send(Method::POST, "/auth/sign-in", Some(body.clone()), &cross).await;
    assert_eq!(
        forged.status(),
        StatusCode::FORBIDDEN,
        "nobody is signed in as somebody else by another site"
    );
    let program = browser.send(Method::POST, "/auth/sign-in", Some(body), &[]).await;
    assert_eq!(program.status(), StatusCode::OK);
}

async fn what_cannot_be_taken_is_said(api: Api) {
    add(&api.world, "ann@example.org", Role::Administrator).await;
    let mut browser = Browser::signed_in(&api.world, "ann@example.org").await;
    let required = json!(["This field is required."]);
    for (path, body, status, member, said) in [
        ("/auth/sign-in", json!({}), 400, "email", required.clone()),
        ("/auth/sign-in", json!({"email": "a@b.c"}), 400, "password", required.clone()),
        (
            "/auth/sign-in",
            json!({"email": "a@b.c", "password": 5}),
            400,
            "password",
            json!(["Not a valid string."]),
        ),
        (
            "/auth/sign-in",
            json!({"email": "a@b.c", "password": "x", "workspace": "y"}),
            400,
            "workspace",
            json!(["Must be a workspace's uuid."]),
        ),
        (
            "/auth/sign-in",
            json!([1]),
            400,
            "non_field_errors",
            json!(["Invalid data. Expected one JSON object."]),
        ),
        (
            "/auth/sign-in",
            json!({"email": "a@b.c", "password": "x".repeat(2_000)}),
            401,
            "code",
            json!("wrong"),
        ),
        ("/auth/workspace", json!({"workspace": Uuid::from_u128(5)}), 403, "code", json!("not_a_user")),
        ("/auth/password", json!({"present": "x"}), 400, "password", required.clone()),
        ("/auth/password", json!({"present": "x", "password": "long enough 2"}), 401, "code", json!("wrong")),
        ("/auth/reset", json!({"link": "x", "password": "long enough 2"}), 410, "code", json!("link")),
        ("/auth/reset", json!({"link": "0".repeat(40), "password": "y"}), 410, "code", json!("link")),
    ] {
        let (found, answer) = browser.post(path, body.clone()).await;
        assert_eq!((found.as_u16(), &answer[member]), (status, &said), "{path} {body}: {answer}");
    }
    let short = json!({"present": PASSWORD, "password": "short"});
    let (status, answer) = browser.post("/auth/password", short).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["password"][0].as_str().unwrap().contains("8 characters"), "{answer}");
    let url = format!("{}/auth/sign-in", api.world.base);
    let form = api.world.client.post(&url).form(&[("email", "ann@example.org"), ("password", PASSWORD)]);
    assert_eq!(
        form.send().await.unwrap().status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "what any page can send"
    );
    let broken = api.world.client.post(&url).header("content-type", "application/json").body("{");
    assert_eq!(broken.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let large =
        api.world.client.post(&url).header("content-type", "application/json").body(" ".repeat(20_000));
    assert_eq!(large.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(browser.get("/auth/sign-in").await.0, StatusCode::METHOD_NOT_ALLOWED);
}

async fn who_tries_too_often_waits(api: Api) {
    add(&api.world, "ann@example.org", Role::Agent).await;
    add(&api.world, "ben@example.org", Role::Agent).await;
    let mut browser = Browser::new(&api.world);
    for _ in 0..10 {
        assert_eq!(browser.sign_in("ann@example.org", "a guess").await.0, StatusCode::UNAUTHORIZED);
    }
    let body = json!({"email": "ANN@example.org ", "password": PASSWORD});
    let answer = browser.send(Method::POST, "/auth/sign-in", Some(body), &[]).await;
    assert_eq!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "even with the right one, however it is written"
    );
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "too_often");
    assert_eq!(
        browser.sign_in("ben@example.org", PASSWORD).await.0,
        StatusCode::OK,
        "others are not held up"
    );
    let mut statuses = Vec::new();
    for place in 0..25 {
        statuses.push(browser.sign_in(&format!("x{place}@example.org"), "a guess").await.0);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "nor may one address try them all");
}

async fn a_changed_password_ends_all_other_sessions(api: Api) {
    add(&api.world, "ann@example.org", Role::Agent).await;
    let mut here = Browser::signed_in(&api.world, "ann@example.org").await;
    let mut there = Browser::signed_in(&api.world, "ann@example.org").await;
    let body = json!({"present": PASSWORD, "password": "another long one"});
    assert_eq!(here.post("/auth/password", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/auth/me").await.0, StatusCode::OK);
    assert_eq!(there.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(there.sign_in("ann@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(there.sign_in("ann@example.org", "another long one").await.0, StatusCode::OK);
}

async fn a_link_gives_a_new_password_once(api: Api) {
    let (ctx, workspace) = (api.world.node.context(), api.world.workspace.id);
    add(&api.world, "ann@example.org", Role::Agent).await;
    let mut browser = Browser::signed_in(&api.world, "ann@example.org").await;
    let first = operations::make_reset_link(ctx, workspace, "ann@example.org", None).await.unwrap();
    let link = operations::make_reset_link(ctx, workspace, "ann@example.org", None).await.unwrap();
    let body = |secret: &str, password: &str| json!({"link": secret, "password": password});
    let (status, _) = browser.post("/auth/reset", body(&first.secret, "another long one")).await;
    assert_eq!(status, StatusCode::GONE, "there is a newer one");
    let (status, _) = browser.post("/auth/reset", body(&link.secret, "short")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "which does not use it up");
    let (status, _) = browser.post("/auth/reset", body(&link.secret, "another long one")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = browser.post("/auth/reset", body(&link.secret, "a third long one")).await;
    assert_eq!(status, StatusCode::GONE);
    assert_eq!(browser.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.sign_in("ann@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.sign_in("ann@example.org", "another long one").await.0, StatusCode::OK);
    let nobody = operations::make_reset_link(ctx, workspace, "ben@example.org", None).await;
    assert!(matches!(nobody, Err(operations::AccessError::NotFound)));
    // One who is too late.
    let late = operations::make_reset_link(ctx, workspace, "ann@example.org", None).await.unwrap();
    let ends_on = ctx.now() - SignedDuration::from_secs(1);
    let row = store::SignInLinkRow { ends_on, ..late.row };
    access(&api.world, AccessChange::Link(Box::new(row))).await;
    let (status, _) = browser.post("/auth/reset", body(&late.secret, "another long one")).await;
    assert_eq!(status, StatusCode::GONE);
}

async fn one_person_works_in_two_workspaces(api: Api) {
    add(&api.world, "ann@example.org", Role::Viewer).await;
    let mut browser = Browser::signed_in(&api.world, "ann@example.org").await;
    let other = api.world.with_another_workspace().await;
    let third = api.world.with_another_workspace().await;
    let new = NewUser {
        workspace: other.workspace.id,
        email: "ann@example.org".into(),
        name: "Ann".into(),
        password: "what nobody can sign in with".to_owned(),
        role: Role::Administrator,
    };
    operations::add_user(api.world.node.context(), new).await.unwrap();
    let mut with_theirs = Browser::new(&api.world);
    let (status, _) = with_theirs.sign_in("ann@example.org", "what nobody can sign in with").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "who adds somebody gives them no second password");
    let body = |world: &World| json!({"workspace": world.workspace.uuid});
    assert_eq!(browser.post("/auth/workspace", body(&third)).await.0, StatusCode::FORBIDDEN);
    let create = json!({"name": "City", "value": "x"});
    assert_eq!(browser.post("/api/v2/globals.json", create.clone()).await.0, StatusCode::FORBIDDEN);
    let (status, me) = browser.post("/auth/workspace", body(&other)).await;
    assert_eq!((status, &me["user"]["role"]), (StatusCode::OK, &json!("administrator")));
    assert_eq!(me["workspaces"].as_array().map(Vec::len), Some(2));
    assert_eq!(browser.post("/api/v2/globals.json", create).await.0, StatusCode::CREATED);
    assert!(api.list("globals.json").await.is_empty(), "it is the other one's");
    let body = json!({"email": "ann@example.org", "password": PASSWORD, "workspace": other.workspace.uuid});
    let (status, me) = browser.post("/auth/sign-in", body).await;
    assert_eq!((status, &me["workspace"]["uuid"]), (StatusCode::OK, &json!(other.workspace.uuid)));
    let body = json!({"email": "ann@example.org", "password": PASSWORD, "workspace": third.workspace.uuid});
    assert_eq!(browser.post("/auth/sign-in", body).await.0, StatusCode::FORBIDDEN);
}

async fn old_sessions_open_nothing(api: Api) {
    let user = add(&api.world, "ann@example.org", Role::Agent).await;
    let now = api.world.node.context().now();
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    let check = async |place: i64, seen: Timestamp, ends: Timestamp, expected: StatusCode| {
        let secret = format!("{place:040}");
        let row = SignInRow {
            id: SignInId(place),
            uuid: SignInUuid(Uuid::from_u128(place as u128)),
            sha256: token_digest(&secret),
            email: user.email.clone(),
            workspace: api.world.workspace.id,
            user: user.id,
            means: SignInMeans::Password,
            second_factor: false,
            address: "127.0.0.1".into(),
            agent: "test".into(),
            created_on: seen,
            seen_on: seen,
            ends_on: ends,
        };
        access(&api.world, AccessChange::SignIn(Box::new(row))).await;
        let mut browser = Browser::new(&api.world);
        browser.cookie = Some(format!("seedling_session={secret}"));
        assert_eq!(browser.get("/auth/me").await.0, expected, "{place}");
        assert_eq!(browser.get("/api/v2/fields.json").await.0.is_success(), expected.is_success(), "{place}");
        let row = api.world.store.sign_in_named(SignInUuid(Uuid::from_u128(place as u128))).await.unwrap();
        row.unwrap().seen_on
    };
    assert_eq!(check(1, now - hours(25), now + hours(1), StatusCode::UNAUTHORIZED).await, now - hours(25));
    check(2, now, now - hours(1), StatusCode::UNAUTHORIZED).await;
    let seen = check(3, now - hours(23), now + hours(1), StatusCode::OK).await;
    assert!(seen >= now, "it is noted that they were here");
    let lately = now - SignedDuration::from_mins(1);
    assert_eq!(check(4, lately, now + hours(1), StatusCode::OK).await, lately, "but not each time");
    // Nobody can be signed in at any number of places: the oldest end.
    for _ in 0..9 {
        Browser::signed_in(&api.world, "ann@example.org").await;
    }
    let left = api.world.store.sign_ins_of("ann@example.org".into()).await.unwrap();
    assert_eq!(left.len(), 11, "those that were over are forgotten");
}

async fn hashes_of_other_programs_are_replaced(api: Api) {
    let row = UserRow {
        id: UserId(7),
        workspace: api.world.workspace.id,
        uuid: UserUuid(Uuid::from_u128(7)),
        email: "ann@example.org".into(),
        name: "Ann".into(),
        // Of "password", as published with RFC 7914's companions.
        password_hash: "pbkdf2_sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=".to_owned(),
        role: "viewer".into(),
        team: None,
        created_on: api.world.node.context().now(),
    };
    let change = Change::Definition(api.world.workspace.id, DefinitionChange::User(Box::new(row)));
    api.world.store.write_one(Unit::new(vec![change])).await.unwrap();
    let mut browser = Browser::new(&api.world);
    assert_eq!(browser.sign_in("ann@example.org", "Password").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(api.world.store.login("ann@example.org".into()).await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(browser.sign_in("ann@example.org", "password").await.0, StatusCode::OK);
        let login = api.world.store.login("ann@example.org".into()).await.unwrap().unwrap();
        assert!(login.password_hash.unwrap().starts_with("$argon2id$"));
    }
}

async fn sessions_are_listed_and_ended(api: Api) {
    add(&api.world, "ann@example.org", Role::Agent).await;
    let mut ann = Browser::signed_in(&api.world, "ann@example.org").await;
    let mut also_ann = Browser::signed_in(&api.world, "ann@example.org").await;
    let mut admin = Browser::signed_in(&api.world, "admin@example.org").await;
    let mut other = Browser::new(&api.world);
    let foreign = api.in_another_workspace().await;
    add(&foreign.world, "eve@example.org", Role::Administrator).await;
    assert_eq!(other.sign_in("eve@example.org", PASSWORD).await.0, StatusCode::OK);
    let emails = |body: &Value| -> Vec<String> {
        let rows = body["results"].as_array().unwrap();
        rows.iter().map(|row| row["user"]["email"].as_str().unwrap().to_owned()).collect()
    };
    let (_, all) = admin.get("/api/v2/sessions.json").await;
    assert_eq!(emails(&all), ["admin@example.org", "ann@example.org", "ann@example.org"]);
    assert_eq!(all["results"][0]["current"], true);
    assert_eq!(all["results"][1]["address"], "127.0.0.1");
    let (_, own) = ann.get("/api/v2/sessions.json").await;
    assert_eq!(emails(&own), ["ann@example.org", "ann@example.org"]);
    let (_, of) = ann.get("/api/v2/sessions.json?email=admin@example.org").await;
    assert!(emails(&of).is_empty(), "an agent does not see others");
    let (_, of) = other.get("/api/v2/sessions.json").await;
    assert_eq!(emails(&of), ["eve@example.org"]);
    let named = |place: usize| all["results"][place]["uuid"].as_str().unwrap().to_owned();
    let path = |uuid: &str| format!("/api/v2/sessions.json?uuid={uuid}");
    for browser in [&mut ann, &mut other] {
        let (status, _) = browser.ask(Method::DELETE, &path(&named(0)), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "not theirs to end");
    }
    assert_eq!(ann.ask(Method::DELETE, &path(&named(1)), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(also_ann.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ann.ask(Method::DELETE, &path(&named(1)), None).await.0, StatusCode::NOT_FOUND, "it is gone");
    let (status, _) = api.delete(&format!("sessions.json?uuid={}", named(2))).await;
    assert_eq!(status, 204, "an administrator with a token ends it");
    assert_eq!(ann.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(admin.get("/auth/me").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_knows_at_once_who_was_let_out() {
    let world = World::shared().await;
    add(&world, "ann@example.org", Role::Agent).await;
    let (_other, base) = world.beside().await;
    let mut here = Browser::signed_in(&world, "ann@example.org").await;
    let mut there = Browser { world: &world, base, cookie: here.cookie.clone() };
    assert_eq!(there.get("/auth/me").await.0, StatusCode::OK);
    assert_eq!(here.post("/auth/sign-out", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(there.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    world.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_cookie_travels_by_tls_alone() {
    let layer = node::Layer { trust_forwarded_for: Some(true), ..node::Layer::default() };
    let world = World::with(layer).await;
    add(&world, "ann@example.org", Role::Agent).await;
    let browser = Browser::new(&world);
    let body = json!({"email": "ann@example.org", "password": PASSWORD});
    for (headers, secure) in [
        (&[][..], true),
        (&[("x-forwarded-proto", "https"), ("x-forwarded-for", "41.1.2.3")], true),
        (&[("x-forwarded-proto", "http")], false),
    ] {
        let answer = browser.send(Method::POST, "/auth/sign-in", Some(body.clone()), headers).await;
        let given = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(given.ends_with("; Secure"), secure, "{headers:?} {given}");
    }
    let rows = world.store.sign_ins_of("ann@example.org".into()).await.unwrap();
    assert!(rows.iter().any(|row| row.address == "41.1.2.3"));
    let pages = [("origin", "https://line.example.org"), ("x-forwarded-host", "line.example.org")];
    let answer = browser.send(Method::POST, "/auth/sign-in", Some(body), &pages).await;
    assert_eq!(answer.status(), StatusCode::OK);
}
