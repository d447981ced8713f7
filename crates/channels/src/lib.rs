//! One module per carrier: a carrier's request becomes inbound items, a message becomes requests.
//!
//! Pure: no network, no clock, no randomness. [`Line`] is a channel with its settings read once; the web
//! crate gives it requests, the dispatcher asks it for requests and shows it the answers.
//!
//! ```text
//! carrier request  --Line::receive-->  Reading          --answer::…-->  what the carrier hears back
//! Outgoing         --Line::plan-->     Plan (requests)  --Line::judge-->  sent, or why not
//! ```

pub mod answer;
mod cost;
pub mod ex;
mod fields;
mod gsm7;
mod inbound;
mod line;
mod outbound;
mod phone;
mod split;
mod templates;
pub mod wac;
pub mod webchat;

pub use cost::{Cost, sms_parts};
pub use inbound::{
    DeliveryStatus, Happening, Inbound, InboundEvent, InboundMessage, InboundStatus, Reading, Refusal,
    Request,
};
pub use line::{Carrier, CarrierType, Line, PUBLIC_ONLY, SettingsError};
pub use outbound::{
    HttpRequest, MediaFile, Method, Outgoing, Plan, QuickReply, SendError, SendErrorKind, TemplateComponent,
    TemplateName, TemplateVariable, Templating,
};
pub use phone::{PhoneError, parse_phone};
pub use split::split_text;
pub use templates::{ListedPart, ListedTemplate, TemplatePage};
