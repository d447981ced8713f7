//! What can be called, a file for each.

pub(super) mod campaign_events;
pub(super) mod campaigns;
pub(super) mod channels;
pub(super) mod fields;
pub(super) mod flows;
pub(super) mod globals;
pub(super) mod groups;
pub(super) mod labels;
pub(super) mod topics;
pub(super) mod users;
pub(super) mod workspace;
