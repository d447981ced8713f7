//! The claims of the fuzz targets, tried on inputs that were kept and on a few random ones.
#![allow(clippy::unwrap_used)]

mod random;
mod replay;
