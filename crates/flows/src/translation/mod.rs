//! What of a flow is said in several languages: finding the texts, giving them to translators as PO files and taking
//! them back, and making another language the one that a flow is written in.
//!
//! All of it works on the JSON of definitions of the current specification, so that whatever else they hold stays as
//! it is.

mod apply;
mod catalogue;
mod change_language;
mod places;
mod po;
mod po_read;

pub use apply::{Applied, Unused, apply};
pub use catalogue::{Options, catalogue};
pub use change_language::{ChangeLanguageError, LanguageChange, change_language};
pub use po::{Entry, Po};
pub use po_read::{MAX_PO_BYTES, PoError};

/// Whether a text has the form of an ISO 639-3 code.
pub fn is_language(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}
