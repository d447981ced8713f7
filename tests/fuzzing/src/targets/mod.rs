//! The claims, by what they are about.

pub mod carriers;
pub mod clock;
pub mod definitions;
pub mod exports;
pub mod files;
pub mod queries;
pub mod sessions;
pub mod spool;
pub mod templates;
pub mod words;
