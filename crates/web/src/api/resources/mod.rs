//! What can be called, a file for each.

pub(super) mod archives;
pub(super) mod broadcasts;
pub(super) mod campaign_events;
pub(super) mod campaigns;
pub(super) mod channels;
pub(super) mod contact_actions;
pub(super) mod contacts;
pub(super) mod definitions;
pub(super) mod fields;
pub(super) mod flow_starts;
pub(super) mod flows;
pub(super) mod globals;
pub(super) mod groups;
pub(super) mod labels;
pub(super) mod message_actions;
pub(super) mod messages;
pub(super) mod runs;
pub(super) mod topics;
pub(super) mod users;
pub(super) mod workspace;
