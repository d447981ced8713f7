//! `email_server.json`: over which server the workspace's e-mails leave.

use node::limits;
use node::mail::Server;
use operations::set_email_server;
use serde_json::{Value, json};
use store::Secret;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::shape::{Prop, Shape, prop};

/// Characters of an address.
const ADDRESS_CHARS: usize = 2_048;

pub(crate) static RESOURCE: Resource = Resource {
    name: "email_server",
    alias: None,
    about: "The e-mail server of the workspace. Its address holds a password, and is never shown.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::one(Roles::ADMINISTRATORS, "The server", PROPS, |call| Box::pin(show(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Sets the server, out in the world; or takes it away, so that e-mails leave over the node's",
            &[],
            &[prop(
                "address",
                Shape::Text,
                "As in smtp://user:password@host:587/?from=someone@example.org; null for none",
            )
            .or_null()],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("place", Shape::Text, "Host and port; null if the workspace has none of its own").or_null(),
    prop("sender", Shape::Text, "Who sends").or_null(),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let server = call.ws.email().and_then(|address| Server::read(address.reveal()).ok());
    Ok(Reply::One(shown(server.as_ref())))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    if !given.has("address") {
        given.wrong("address", "This field is required.");
    }
    let address = match given.value("address") {
        Some(_) => given.needed_text("address", ADDRESS_CHARS),
        None => None,
    };
    // It names a file of the node, which is not to be read for people.
    let address = address.filter(|address| {
        let names_file = address.contains("ca=");
        if names_file {
            given.wrong("address", "Certificates of one's own (ca) can be named on the command line only.");
        }
        !names_file
    });
    let server = match address.as_deref().map(Server::read) {
        Some(Err(error)) => {
            given.wrong("address", error.to_string());
            None
        }
        Some(Ok(server)) => Some(server),
        None => None,
    };
    given.done()?;
    let secret = address.map(|address| Secret::new(address.to_string()));
    set_email_server(call.ctx(), call.workspace(), secret.as_ref()).await?;
    Ok(Reply::One(shown(server.as_ref())))
}

fn shown(server: Option<&Server>) -> Value {
    json!({"place": server.map(Server::place), "sender": server.map(Server::sender)})
}
