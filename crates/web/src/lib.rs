//! HTTP: carriers, web chat, signing in, the API, health, metrics. Reads requests, holds them to their limits, and answers; what they
//! mean is decided below.

mod api;
mod archives;
mod auth;
mod body;
mod carriers;
mod chat;
mod client;
mod health;
mod landing;
mod limited;
mod media;
mod serve;
mod site;
mod whatsapp;

pub use serve::serve;
