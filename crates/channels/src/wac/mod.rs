//! `WAC`, WhatsApp over Meta's Cloud API.
//!
//! Meta posts webhooks signed with the app's secret; one webhook holds many messages and reports, perhaps of several
//! numbers, and each channel takes those of its own number. Sending is a JSON object for each message, with buttons,
//! lists, forms and approved templates. Source of the shapes: Meta's documentation as the field uses it.

mod interactive;
mod judge;
pub(crate) mod media;
mod message;
mod receive;
mod send;
mod settings;
mod signature;
mod status;
mod template;
pub(crate) mod templates;
mod words;

pub(crate) use judge::{judge, other_address};
pub use receive::phone_number_ids;
pub(crate) use receive::receive;
pub(crate) use send::plan;
pub use settings::Settings;
pub use signature::{handshake, signature};

/// Scheme of people's addresses: digits of their number, or the name that WhatsApp gives them within a business.
pub const SCHEME: &str = "whatsapp";
/// Messages a second, in and out, that Meta takes for a number unless it has raised the limit.
pub const MESSAGES_PER_SECOND: i64 = 80;
