//! A node with its web server on loopback, and a carrier that is real HTTP: what carriers and browsers see.
#![allow(clippy::unwrap_used)]

mod api;
mod carrier;
mod carriers;
mod chat;
mod limits;
mod media;
// The post office of the node's own tests, which speaks TLS.
use tokio_rustls as _;

#[path = "../../../node/tests/it/post_office.rs"]
mod post_office;
mod sending;
mod webhooks;
mod whatsapp;
mod world;
