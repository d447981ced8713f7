//! `/auth/…`: people sign in and out, change what they prove themselves with, and choose in which workspace they work.
//! JSON in and out; what proves from then on who they are is a cookie that scripts of pages cannot read (`cookie.rs`). It
//! opens the API as well. Because browsers send cookies along with whatever any page makes them ask, what writes is taken
//! from pages of this site only (`site_guard.rs`).

mod cookie;
mod error;
mod given;
mod invitation;
mod oidc;
mod page;
mod password;
mod session;
mod site_guard;
mod two_factor;

use axum::Router;
use axum::routing::{get, post};
use node::Node;

pub(crate) use cookie::secret as cookie_secret;
pub(crate) use site_guard::{Strictness, check as check_site};

pub(crate) fn routes() -> Router<Node> {
    Router::new()
        .route("/auth/sign-in", post(session::sign_in))
        .route("/auth/sign-out", post(session::sign_out))
        .route("/auth/me", get(session::me))
        .route("/auth/workspace", post(session::workspace))
        .route("/auth/password", post(password::change))
        .route("/auth/forgot", post(password::forgot))
        .route("/auth/reset", post(password::reset).get(page::reset))
        .route("/auth/accept", post(invitation::accept).get(page::accept))
        .route("/auth/oidc", get(oidc::begin))
        .route("/auth/oidc/callback", get(oidc::callback))
        .route("/auth/two-factor", post(two_factor::begin))
        .route("/auth/two-factor/confirm", post(two_factor::confirm))
        .route("/auth/two-factor/prove", post(two_factor::prove))
        .route("/auth/two-factor/end", post(two_factor::end))
}
