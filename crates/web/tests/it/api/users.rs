//! Users over the API, invitations, and the second factor.

use jiff::SignedDuration;
use operations::Role;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use store::{AccessChange, Change, Unit};

use super::access::{Browser, PASSWORD, add};
use super::{Api, on_both};

on_both!(
    users_get_roles_and_leave,
    the_last_administrator_stays,
    an_administrator_helps_who_forgot_their_password,
    an_invitation_is_accepted_once,
    who_has_a_password_keeps_it_when_invited,
    a_code_is_asked_for_and_counts_once,
    a_role_may_need_a_second_factor,
);

async fn users_get_roles_and_leave(api: Api) {
    add(&api.world, "ben@example.org", Role::Agent).await;
    let mut ben = Browser::signed_in(&api.world, "ben@example.org").await;
    let token = {
        let ctx = api.world.node.context();
        operations::add_token(ctx, api.world.workspace.id, "ben@example.org").await.unwrap().token
    };
    assert_eq!(ben.get("/api/v2/globals.json").await.0, StatusCode::FORBIDDEN);
    let path = "users.json?email=ben@example.org";
    let (status, saved) = api.post(path, json!({"role": "editor", "name": "Ben Otieno"})).await;
    assert_eq!((status, &saved["role"], &saved["last_name"]), (200, &json!("editor"), &json!("Otieno")));
    assert_eq!(ben.get("/api/v2/globals.json").await.0, StatusCode::OK, "at once");
    for (body, member) in [
        (json!({"role": "king"}), "role"),
        (json!({"role": 5}), "role"),
        (json!({"name": "x".repeat(151)}), "name"),
    ] {
        let (status, said) = api.post(path, body.clone()).await;
        assert_eq!(status, 400, "{body}: {said}");
        assert!(said[member].is_array(), "{body}: {said}");
    }
    assert_eq!(api.post("users.json", json!({"role": "agent"})).await.0, 400);
    assert_eq!(api.post("users.json?email=nobody@example.org", json!({"role": "agent"})).await.0, 404);
    assert_eq!(api.delete(path).await.0, 204);
    assert_eq!(ben.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(api.call(&token, Method::GET, "fields.json", None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ben.sign_in("ben@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(api.each("users.json", "email").await, [json!("admin@example.org")]);
    assert_eq!(api.delete(path).await.0, 404);
    let again = add(&api.world, "ben@example.org", Role::Viewer).await;
    assert_eq!(json!(again.uuid), saved["uuid"], "history knows them by what they had");
}

async fn the_last_administrator_stays(api: Api) {
    let path = "users.json?email=admin@example.org";
    let (status, said) = api.post(path, json!({"role": "viewer"})).await;
    assert_eq!(status, 400);
    assert!(said["detail"].as_str().unwrap().contains("last administrator"), "{said}");
    assert_eq!(api.delete(path).await.0, 400);
    assert_eq!(api.post(path, json!({"role": "administrator"})).await.0, 200);
    add(&api.world, "ben@example.org", Role::Administrator).await;
    assert_eq!(api.post(path, json!({"role": "administrator"})).await.0, 200);
    let (ben, gone) =
        (api.token_of("cy@example.org", Role::Administrator).await, "users.json?email=cy@example.org");
    // Two who take each other away at the same time: one stays.
    assert_eq!(api.delete("users.json?email=ben@example.org").await.0, 204);
    let (one, two) = tokio::join!(
        api.call(&ben, Method::DELETE, path, None),
        api.call(&api.token, Method::DELETE, gone, None),
    );
    let done = [one.0, two.0].iter().filter(|status| **status == StatusCode::NO_CONTENT).count();
    assert_eq!(done, 1, "{one:?} {two:?}");
}

async fn an_administrator_helps_who_forgot_their_password(api: Api) {
    add(&api.world, "ben@example.org", Role::Agent).await;
    let (status, made) = api.post("password_resets.json", json!({"email": "Ben@example.org"})).await;
    assert_eq!(status, 201, "{made}");
    let mut ben = Browser::new(&api.world);
    let body = json!({"link": made["link"], "password": "another long one"});
    assert_eq!(ben.post("/auth/reset", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ben.sign_in("ben@example.org", "another long one").await.0, StatusCode::OK);
    assert_eq!(api.post("password_resets.json", json!({"email": "no@example.org"})).await.0, 404);
    assert_eq!(api.post("password_resets.json", json!({})).await.0, 400);
    let (_, early) = api.post("password_resets.json", json!({"email": "ben@example.org"})).await;
    let other = api.in_another_workspace().await;
    add(&other.world, "ben@example.org", Role::Agent).await;
    let body = json!({"link": early["link"], "password": "chosen by somebody else"});
    assert_eq!(ben.post("/auth/reset", body).await.0, StatusCode::GONE, "they work elsewhere by now");
    let (status, said) = api.post("password_resets.json", json!({"email": "ben@example.org"})).await;
    assert_eq!(status, 400, "whose password opens another workspace as well: {said}");
    assert_eq!(other.post("password_resets.json", json!({"email": "ben@example.org"})).await.0, 400);
}

async fn an_invitation_is_accepted_once(api: Api) {
    let invite = json!({"email": " Ann@Example.org", "role": "agent"});
    let (status, first) = api.post("invitations.json", invite.clone()).await;
    assert_eq!((status, &first["email"]), (201, &json!("ann@example.org")), "{first}");
    let (_, made) = api.post("invitations.json", invite).await;
    let waiting = api.list("invitations.json").await;
    assert_eq!((waiting.len(), &waiting[0]["link"]), (1, &Value::Null), "shown once");
    let mut ann = Browser::new(&api.world);
    let body = |link: &Value, password: &str| json!({"link": link, "name": "Ann", "password": password});
    assert_eq!(ann.post("/auth/accept", body(&first["link"], PASSWORD)).await.0, StatusCode::GONE);
    assert_eq!(ann.post("/auth/accept", body(&json!("0".repeat(40)), PASSWORD)).await.0, StatusCode::GONE);
    assert_eq!(ann.post("/auth/accept", body(&made["link"], "short")).await.0, StatusCode::BAD_REQUEST);
    let unnamed = json!({"link": made["link"], "name": " ", "password": PASSWORD});
    assert_eq!(ann.post("/auth/accept", unnamed).await.0, StatusCode::BAD_REQUEST);
    let reset = json!({"link": made["link"], "password": PASSWORD});
    assert_eq!(ann.post("/auth/reset", reset).await.0, StatusCode::GONE, "it is no link for that");
    let (status, me) = ann.post("/auth/accept", body(&made["link"], PASSWORD)).await;
    assert_eq!((status, &me["user"]["role"]), (StatusCode::OK, &json!("agent")), "{me}");
    assert_eq!(ann.get("/api/v2/tickets.json").await.0, StatusCode::OK);
    assert_eq!(ann.post("/auth/accept", body(&made["link"], PASSWORD)).await.0, StatusCode::GONE);
    assert_eq!(ann.sign_in("ann@example.org", PASSWORD).await.0, StatusCode::OK);
    for (body, member) in [
        (json!({"email": "ann@example.org", "role": "agent"}), "email"),
        (json!({"email": "ann", "role": "agent"}), "email"),
        (json!({"email": "a@b.c"}), "role"),
        (json!({"email": "a@b.c", "role": "king"}), "role"),
        (json!({"role": "agent"}), "email"),
    ] {
        let (status, said) = api.post("invitations.json", body.clone()).await;
        assert_eq!(status, 400, "{body}: {said}");
        assert!(said[member].is_array(), "{body}: {said}");
    }
    // One that was taken back, and one that is too old.
    let (_, back) = api.post("invitations.json", json!({"email": "b@example.org", "role": "agent"})).await;
    let path = format!("invitations.json?uuid={}", back["uuid"].as_str().unwrap());
    assert_eq!((api.delete(&path).await.0, api.delete(&path).await.0), (204, 404));
    assert_eq!(ann.post("/auth/accept", body(&back["link"], PASSWORD)).await.0, StatusCode::GONE);
    let (_, late) = api.post("invitations.json", json!({"email": "c@example.org", "role": "agent"})).await;
    let ctx = api.world.node.context();
    let mut row = ctx.store.invitations(api.world.workspace.id).await.unwrap().pop().unwrap();
    row.ends_on = ctx.now() - SignedDuration::from_secs(1);
    let change = Change::Access(Box::new(AccessChange::Link(Box::new(row))));
    api.world.store.write_one(Unit::new(vec![change])).await.unwrap();
    assert_eq!(ann.post("/auth/accept", body(&late["link"], PASSWORD)).await.0, StatusCode::GONE);
}

async fn who_has_a_password_keeps_it_when_invited(api: Api) {
    let other = api.in_another_workspace().await;
    add(&other.world, "ann@example.org", Role::Administrator).await;
    let (status, made) =
        api.post("invitations.json", json!({"email": "ann@example.org", "role": "viewer"})).await;
    assert_eq!(status, 201, "{made}");
    let mut ann = Browser::new(&api.world);
    let body = |password: &str| json!({"link": made["link"], "name": "Ann", "password": password});
    let (status, said) = ann.post("/auth/accept", body("chosen by whoever has the link")).await;
    assert_eq!((status, &said["code"]), (StatusCode::UNAUTHORIZED, &json!("wrong")));
    let (status, me) = ann.post("/auth/accept", body(PASSWORD)).await;
    assert_eq!((status, me["workspaces"].as_array().map(Vec::len)), (StatusCode::OK, Some(2)), "{me}");
    let ctx = api.world.node.context();
    let admin = api.world.store.users_with_email("admin@example.org".into(), 1).await.unwrap()[0].id;
    let link = operations::make_reset_link(ctx, api.world.workspace.id, "ann@example.org", Some(admin)).await;
    assert!(matches!(link, Err(operations::AccessError::ElsewhereToo)), "an administrator of one of two");
}

/// The code that a device shows, some steps of thirty seconds from now.
fn code(secret: &str, steps: i64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret
        .bytes()
        .map(|letter| format!("{:05b}", alphabet.iter().position(|known| *known == letter).unwrap()))
        .collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .collect();
    let step = jiff::Timestamp::now().as_second() / 30 + steps;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let tag = tag.as_ref();
    let place = usize::from(tag[19] & 15);
    let four = u32::from_be_bytes(tag[place..place + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", four % 1_000_000)
}

/// Gives somebody a device; answers its secret and the codes that stand in for it. The code of the present step is used up.
async fn with_device(browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let (status, made) = browser.post("/auth/two-factor", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(made["address"].as_str().unwrap().contains(&format!("secret={secret}&")), "{made}");
    let (status, said) = browser.post("/auth/two-factor/confirm", json!({"code": "000000"})).await;
    assert_eq!((status, &said["code"]), (StatusCode::UNAUTHORIZED, &json!("code_wrong")));
    let (status, said) = browser.post("/auth/two-factor/confirm", json!({"code": code(&secret, -1)})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let codes = said["recovery_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn a_code_is_asked_for_and_counts_once(api: Api) {
    add(&api.world, "ann@example.org", Role::Agent).await;
    let mut there = Browser::signed_in(&api.world, "ann@example.org").await;
    let mut here = Browser::signed_in(&api.world, "ann@example.org").await;
    let (secret, codes) = with_device(&mut here).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(there.get("/auth/me").await.0, StatusCode::UNAUTHORIZED, "who came in without it is out");
    let (_, me) = here.get("/auth/me").await;
    assert_eq!(me["two_factor"], json!({"on": true, "needed": false, "recovery_codes": 10}));
    assert_eq!(me["session"]["second_factor"], true);
    assert_eq!(
        here.post("/auth/two-factor", json!({})).await.0,
        StatusCode::CONFLICT,
        "not over the old one"
    );
    let with = |code: &str| json!({"email": "ann@example.org", "password": PASSWORD, "code": code});
    let mut browser = Browser::new(&api.world);
    let (status, said) = browser.sign_in("ann@example.org", PASSWORD).await;
    assert_eq!((status, &said["code"]), (StatusCode::UNAUTHORIZED, &json!("code_needed")));
    assert_eq!(browser.cookie, None);
    let wrong = json!({"email": "ann@example.org", "password": "a guess", "code": code(&secret, 1)});
    assert_eq!(browser.post("/auth/sign-in", wrong).await.1["code"], "wrong", "the password comes first");
    let next = code(&secret, 1);
    assert_eq!(browser.post("/auth/sign-in", with(&next)).await.0, StatusCode::OK);
    let (status, said) = browser.post("/auth/sign-in", with(&next)).await;
    assert_eq!(
        (status, &said["code"]),
        (StatusCode::UNAUTHORIZED, &json!("code_wrong")),
        "a code counts once"
    );
    // Attempts are slowed down, and this is one person's test.
    let mut written = codes[0].to_uppercase();
    written.insert(6, '-');
    assert_eq!(browser.post("/auth/sign-in", with(&written)).await.0, StatusCode::OK);
    assert_eq!(browser.post("/auth/sign-in", with(&codes[0])).await.0, StatusCode::UNAUTHORIZED, "each once");
    let login = api.world.store.login("ann@example.org".into()).await.unwrap().unwrap();
    assert_eq!(login.recovery.len(), 9);
    assert!(login.recovery.iter().all(|kept| !codes.contains(&kept.to_string()) && kept.len() == 64));
}

async fn a_role_may_need_a_second_factor(api: Api) {
    add(&api.world, "ann@example.org", Role::Agent).await;
    add(&api.world, "ben@example.org", Role::Viewer).await;
    let mut ann = Browser::signed_in(&api.world, "ann@example.org").await;
    let mut ben = Browser::signed_in(&api.world, "ben@example.org").await;
    let mut admin = Browser::signed_in(&api.world, "admin@example.org").await;
    for body in [json!({}), json!({"two_factor_roles": ["king"]}), json!({"two_factor_roles": "agent"})] {
        assert_eq!(api.post("sign_in_rules.json", body.clone()).await.0, 400, "{body}");
    }
    let own = json!({"two_factor_roles": ["administrator"]});
    let (status, _) = admin.post("/api/v2/sign_in_rules.json", own).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "nobody shuts themselves out");
    let (status, rules) = api.post("sign_in_rules.json", json!({"two_factor_roles": ["agent"]})).await;
    assert_eq!((status, &rules), (200, &json!({"two_factor_roles": ["agent"]})));
    assert_eq!(api.get("sign_in_rules.json").await, rules);
    assert_eq!(ben.get("/api/v2/fields.json").await.0, StatusCode::OK);
    let (status, said) = ann.get("/api/v2/tickets.json").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(said["detail"].as_str().unwrap().contains("/auth/two-factor"), "{said}");
    let (_, me) = ann.get("/auth/me").await;
    assert_eq!(me["two_factor"], json!({"on": false, "needed": true, "recovery_codes": 0}));
    let (secret, _) = with_device(&mut ann).await;
    assert_eq!(ann.get("/api/v2/tickets.json").await.0, StatusCode::OK);
    let body = json!({"password": PASSWORD, "code": code(&secret, 0)});
    let (status, said) = ann.post("/auth/two-factor/end", body.clone()).await;
    assert_eq!((status, &said["code"]), (StatusCode::FORBIDDEN, &json!("two_factor_needed")));
    assert_eq!(api.post("sign_in_rules.json", json!({"two_factor_roles": []})).await.0, 200);
    let wrong = json!({"password": PASSWORD, "code": "000000"});
    assert_eq!(ann.post("/auth/two-factor/end", wrong).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ann.post("/auth/two-factor/end", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ann.sign_in("ann@example.org", PASSWORD).await.0, StatusCode::OK);
}
