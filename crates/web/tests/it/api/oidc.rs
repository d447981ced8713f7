//! Single sign-on against a strict provider of OpenID Connect, which signs with real keys and gives nothing for a wrong
//! verifier, address or secret.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use node::Layer;
use node::sso::SsoLayer;
use operations::Role;
use reqwest::{Client, Url, header};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use store::Secret;

use super::Api;
use super::access::add;
use crate::world::World;

const CLIENT: &str = "seedling of ours";
const SECRET: &str = "hush/+ &=";
const SITE: &str = "https://seedling.example.org";

enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Key {
    fn rsa() -> Self {
        let text: String = include_str!("rsa.pk8.b64").split_whitespace().collect();
        Self::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap())
    }

    fn ec() -> Self {
        let (way, chance) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &chance).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &chance).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn public(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
                json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e})
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y})
            }
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let chance = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &chance, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&chance, signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What the next token says otherwise than it should: members of its claims, and of its header.
#[derive(Default)]
struct Otherwise {
    claims: Value,
    header: Value,
    broken: bool,
}

struct Inner {
    issuer: String,
    key: Key,
    kid: String,
    secret: String,
    email: String,
    /// What was asked for each code.
    codes: HashMap<String, HashMap<String, String>>,
    otherwise: Otherwise,
}

#[derive(Clone)]
struct Provider(Arc<Mutex<Inner>>);

impl Provider {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realm", listener.local_addr().unwrap());
        let provider = Self(Arc::new(Mutex::new(Inner {
            issuer,
            key: Key::rsa(),
            kid: "one".to_owned(),
            secret: SECRET.to_owned(),
            email: "Ann@Example.org".to_owned(),
            codes: HashMap::new(),
            otherwise: Otherwise::default(),
        })));
        let routes = Router::new()
            .route("/realm/.well-known/openid-configuration", get(discovery))
            .route("/realm/keys", get(keys))
            .route("/realm/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        provider
    }

    fn with<T>(&self, does: impl FnOnce(&mut Inner) -> T) -> T {
        does(&mut self.0.lock().unwrap())
    }

    /// What the provider's own page does once somebody has proved who they are: a code for what was asked.
    fn approve(&self, asked: &Url) -> (String, String) {
        let asked: HashMap<String, String> = asked.query_pairs().into_owned().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", &format!("{SITE}/auth/oidc/callback")),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
        let state = asked["state"].clone();
        self.with(|inner| {
            let code = format!("code{}", inner.codes.len());
            inner.codes.insert(code.clone(), asked);
            (code, state)
        })
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = provider.with(|inner| inner.issuer.clone());
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let other = Key::ec().public("another");
    let old = json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"});
    Json(provider.with(|inner| json!({"keys": [old, other, inner.key.public(&inner.kid)]})))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let no = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    provider.with(|inner| {
        let encoded = |text: &str| url_encoded(text);
        let expected = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(&inner.secret)));
        let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if shown != format!("Basic {expected}") {
            return no("invalid_client");
        }
        if form["grant_type"] != "authorization_code" {
            return no("unsupported_grant_type");
        }
        // A code is taken once.
        let Some(asked) = inner.codes.remove(&form["code"]) else { return no("invalid_grant") };
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
        if asked["redirect_uri"] != form["redirect_uri"] || asked["code_challenge"] != challenge {
            return no("invalid_grant");
        }
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": inner.issuer, "sub": "7", "aud": CLIENT, "iat": now, "exp": now + 60,
            "nonce": asked["nonce"], "email": inner.email, "email_verified": true, "name": "Ann Okello",
        });
        let mut header = json!({"alg": inner.key.alg(), "kid": inner.kid, "typ": "JWT"});
        let otherwise = std::mem::take(&mut inner.otherwise);
        for (into, from) in [(&mut claims, &otherwise.claims), (&mut header, &otherwise.header)] {
            for (name, value) in from.as_object().into_iter().flatten() {
                into[name] = value.clone();
            }
        }
        let mut token = inner.key.sign(&header, &claims);
        if otherwise.broken {
            let claims = URL_SAFE_NO_PAD.encode(json!({"email": "admin@example.org"}).to_string());
            let parts: Vec<&str> = token.split('.').collect();
            token = format!("{}.{claims}.{}", parts[0], parts[2]);
        }
        (StatusCode::OK, Json(json!({"id_token": token, "access_token": "x", "token_type": "Bearer"})))
    })
}

fn url_encoded(text: &str) -> String {
    let url = Url::parse_with_params("http://x/", [("a", text)]).unwrap();
    url.query().unwrap().trim_start_matches("a=").to_owned()
}

fn layer(provider: &Provider, second_factor: bool) -> Layer {
    let oidc = SsoLayer {
        issuer: Some(provider.with(|inner| inner.issuer.clone())),
        client_id: Some(CLIENT.to_owned()),
        client_secret: Some(Secret::new(SECRET.to_owned())),
        domains: Some("example.org".to_owned()),
        newcomers: Some("viewer".to_owned()),
        second_factor: Some(second_factor),
        ..SsoLayer::default()
    };
    let trust_forwarded_for = Some(true);
    Layer { oidc: Some(oidc), site: Some(SITE.to_owned()), trust_forwarded_for, ..Layer::default() }
}

/// Signs in; answers status, what was said, and the session's cookie.
struct Browser<'a> {
    api: &'a Api,
    provider: &'a Provider,
    client: Client,
    /// Each attempt comes from another address, so that none is made too often.
    from: AtomicU8,
}

impl<'a> Browser<'a> {
    fn new(api: &'a Api, provider: &'a Provider) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { api, provider, client, from: AtomicU8::new(0) }
    }

    /// Begins; answers where the browser is sent, and what it keeps.
    async fn begin(&self) -> (Url, String) {
        let answer = self.client.get(format!("{}/auth/oidc", self.api.world.base)).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{:?}", answer.text().await);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("; Path=/auth/oidc; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        (answer.headers()["location"].to_str().unwrap().parse().unwrap(), cookie)
    }

    /// Comes back with these parameters.
    async fn back(&self, cookie: &str, code: &str, state: &str) -> (u16, Value, Option<String>) {
        let url = format!("{}/auth/oidc/callback", self.api.world.base);
        let url = Url::parse_with_params(&url, [("code", code), ("state", state)]).unwrap();
        let from = format!("198.51.100.{}", self.from.fetch_add(1, Ordering::Relaxed));
        let request = self.client.get(url).header("cookie", cookie).header("x-forwarded-for", from);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let session = cookies
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with("seedling_session="));
        let session = session.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null), session)
    }

    async fn sign_in(&self) -> (u16, Value, Option<String>) {
        let (asked, cookie) = self.begin().await;
        let (code, state) = self.provider.approve(&asked);
        self.back(&cookie, &code, &state).await
    }

    async fn get(&self, session: &str, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.api.world.base);
        let answer = self.client.get(url).header("cookie", session).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }
}

async fn people_come_in_by_another_service(api: Api, provider: Provider) {
    add(&api.world, "ann@example.org", Role::Editor).await;
    let browser = Browser::new(&api, &provider);
    let (status, said, session) = browser.sign_in().await;
    assert_eq!(status, 303, "{said}");
    let (status, me) = browser.get(&session.unwrap(), "/auth/me").await;
    assert_eq!((status, &me["user"]["email"]), (200, &json!("ann@example.org")), "{me}");
    let session = &api.list("sessions.json").await[0];
    assert!(session.to_string().contains("single_sign_on"), "{session}");
    // It signs with another key, in another way, from now on.
    provider.with(|inner| (inner.key, inner.kid) = (Key::ec(), "two".to_owned()));
    assert_eq!(browser.sign_in().await.0, 303);

    // Who is not known comes in the role of newcomers, once.
    provider.with(|inner| inner.email = "new@example.org".to_owned());
    for _ in 0..2 {
        assert_eq!(browser.sign_in().await.0, 303);
    }
    let users = api.list("users.json?email=new@example.org").await;
    assert_eq!(
        (users.len(), &users[0]["role"], &users[0]["name"]),
        (1, &json!("viewer"), &json!("Ann Okello"))
    );
    // Who was removed stays out.
    assert_eq!(api.delete("users.json?email=new@example.org").await.0, 204);
    let (status, said, session) = browser.sign_in().await;
    assert_eq!((status, &said["code"], session), (403, &json!("not_a_user"), None), "{said}");
    provider.with(|inner| inner.email = "ann@elsewhere.example".to_owned());
    let (status, said, _) = browser.sign_in().await;
    assert!(status == 403 && said["detail"].as_str().unwrap().contains("'elsewhere.example'"), "{said}");
}

async fn nothing_else_is_believed(api: Api, provider: Provider) {
    add(&api.world, "ann@example.org", Role::Editor).await;
    let browser = Browser::new(&api, &provider);
    let past = jiff::Timestamp::now().as_second() - 3_600;
    for (claims, header, status) in [
        (json!({"iss": "https://other.example"}), json!({}), 401),
        (json!({"aud": "another"}), json!({}), 401),
        (json!({"aud": [CLIENT, "another"]}), json!({}), 401),
        (json!({"azp": "another"}), json!({}), 401),
        (json!({"exp": past}), json!({}), 401),
        (json!({"iat": past + 7_200}), json!({}), 401),
        (json!({"exp": "never"}), json!({}), 401),
        (json!({"nonce": "of another browser"}), json!({}), 401),
        (json!({"nonce": ""}), json!({}), 401),
        (json!({"email_verified": false}), json!({}), 403),
        (json!({"email_verified": null}), json!({}), 403),
        (json!({"email": null}), json!({}), 403),
        (json!({}), json!({"alg": "none"}), 401),
        (json!({}), json!({"alg": "HS256", "kid": "shared"}), 401),
        (json!({}), json!({"alg": "ES256"}), 401),
        (json!({}), json!({"alg": "ES256", "kid": "another"}), 401),
        (json!({}), json!({"kid": "nobody's"}), 401),
        (json!({}), json!({"crit": ["exp"]}), 401),
    ] {
        let about = format!("{claims} {header}");
        provider.with(|inner| inner.otherwise = Otherwise { claims, header, broken: false });
        let (found, said, session) = browser.sign_in().await;
        assert_eq!((found, &said["code"], session), (status, &json!("oidc"), None), "{about}: {said}");
    }
    provider.with(|inner| inner.otherwise.broken = true);
    assert_eq!(browser.sign_in().await.0, 401, "claims that were not signed");

    // An answer to another browser, none to whoever did not ask, no code twice, no verifier of somebody else.
    let (asked, cookie) = browser.begin().await;
    let (code, state) = provider.approve(&asked);
    let (_, other) = browser.begin().await;
    assert_eq!(browser.back(&other, &code, &state).await.0, 401);
    assert_eq!(browser.back("", &code, &state).await.0, 401);
    assert_eq!(browser.back(&cookie, &code, "").await.0, 401);
    let mut tie: Value = {
        let kept = cookie.split_once('=').unwrap().1;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(kept).unwrap()).unwrap()
    };
    tie["verifier"] = json!("x".repeat(43));
    let forged = format!("seedling_oidc={}", URL_SAFE_NO_PAD.encode(tie.to_string()));
    let (status, said, _) = browser.back(&forged, &code, &state).await;
    assert!(status == 401 && said["detail"].as_str().unwrap().contains("invalid_grant"), "{said}");
    let (status, said, _) = browser.back(&cookie, &code, &state).await;
    assert!(status == 401 && said["detail"].as_str().unwrap().contains("invalid_grant"), "{said}");
    provider.with(|inner| inner.secret = "another".to_owned());
    let (status, said, _) = browser.sign_in().await;
    assert!(status == 401 && said["detail"].as_str().unwrap().contains("invalid_client"), "{said}");
    provider.with(|inner| inner.secret = SECRET.to_owned());
    assert_eq!(browser.sign_in().await.0, 303, "and all is well again");
}

async fn a_second_factor_counts_if_it_is_said_to(api: Api, provider: Provider, expected: u16) {
    add(&api.world, "ann@example.org", Role::Editor).await;
    let (status, said) = api.post("sign_in_rules.json", json!({"two_factor_roles": ["editor"]})).await;
    assert_eq!(status, 200, "{said}");
    let browser = Browser::new(&api, &provider);
    let session = browser.sign_in().await.2.unwrap();
    assert_eq!(browser.get(&session, "/api/v2/workspace.json").await.0, expected);
}

macro_rules! on_both {
    ($($name:ident($second_factor:expr $(, $more:expr)?) = $what:path;)+) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let provider = super::Provider::open().await;
                let world = super::World::with(super::layer(&provider, $second_factor)).await;
                $what(super::Api::of(world).await, provider $(, $more)?).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let provider = super::Provider::open().await;
                let world = super::World::on_postgres_with(super::layer(&provider, $second_factor)).await;
                $what(super::Api::of(world).await, provider $(, $more)?).await;
            }
        )+}
    };
}

on_both! {
    people_come_in(false) = super::people_come_in_by_another_service;
    nothing_else_is_believed(false) = super::nothing_else_is_believed;
    a_second_factor_counts(true, 200) = super::a_second_factor_counts_if_it_is_said_to;
    a_second_factor_does_not_count(false, 403) = super::a_second_factor_counts_if_it_is_said_to;
}
