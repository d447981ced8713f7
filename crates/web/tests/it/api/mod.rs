//! The API from outside, on both databases: what is answered, in which shape, to whom.

pub mod access;
mod agreeing;
mod archives;
mod audit;
mod broadcasts;
mod contacts;
mod definitions;
mod desk;
mod door;
mod letters;
mod matrix;
mod messages;
mod oidc;
mod once;
mod people;
mod programmes;
mod reach;
mod registrations;
mod sheets;
mod tables;
mod templates;
mod tickets;
mod triggers;
mod users;
mod webhooks;

use operations::{NewUser, Role};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::World;

/// Runs functions that take an [`Api`] as tests on both databases.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::api::Api::sqlite().await).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::api::Api::postgres().await).await;
            }
        )+}
    };
}
pub(crate) use on_both;

/// A node, and a program that calls it as an administrator.
pub struct Api {
    pub world: World,
    pub token: String,
}

impl Api {
    pub async fn sqlite() -> Self {
        Self::of(World::with_media().await).await
    }

    pub async fn postgres() -> Self {
        Self::of(World::on_postgres().await).await
    }

    pub async fn of(world: World) -> Self {
        let token = token(&world, "admin@example.org", Role::Administrator).await;
        Self { world, token }
    }

    /// The same node as a program of another workspace sees it.
    pub async fn in_another_workspace(&self) -> Self {
        let world = self.world.with_another_workspace().await;
        Self::of(world).await
    }

    /// A token of somebody with a role who is added for it.
    pub async fn token_of(&self, email: &str, role: Role) -> String {
        token(&self.world, email, role).await
    }

    /// Calls with a token; the path is what stands behind `/api/v2/`.
    pub async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = match path.strip_prefix("http") {
            Some(_) => path.to_owned(),
            None => format!("{}/api/v2/{path}", self.world.base),
        };
        let mut request =
            self.world.client.request(method, url).header("authorization", format!("Token {token}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Reads, which must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(&self.token, Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// The results of a list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        self.get(path).await["results"].as_array().cloned().unwrap_or_else(|| panic!("{path} is no list"))
    }

    /// One member of each result of a list.
    pub async fn each(&self, path: &str, member: &str) -> Vec<Value> {
        self.list(path).await.into_iter().map(|result| result[member].clone()).collect()
    }

    /// Writes; answers status and body.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let (status, body) = self.call(&self.token, Method::POST, path, Some(body)).await;
        (status.as_u16(), body)
    }

    /// Removes; answers status and body.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.call(&self.token, Method::DELETE, path, None).await;
        (status.as_u16(), body)
    }
}

async fn token(world: &World, email: &str, role: Role) -> String {
    let ctx = world.node.context();
    let password = "long enough".to_owned();
    let (email, name) = (email.into(), "Ada Okello".into());
    let new = NewUser { workspace: world.workspace.id, email, name, password, role };
    let user = operations::add_user(ctx, new).await.unwrap();
    operations::add_token(ctx, world.workspace.id, &user.email).await.unwrap().token
}
