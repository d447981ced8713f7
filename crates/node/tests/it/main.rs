//! Whole nodes under virtual time: the clock moves only when everything waits, so hours pass in moments.

#![allow(clippy::unwrap_used)]

mod bounds;
mod clinic_line;
mod crowds;
mod feed;
mod handover;
mod lines;
mod mail;
mod media;
mod media_moved;
mod opting_out;
mod post_office;
mod services;
mod several;
mod skewed;
mod spooling;
mod time;
mod world;
