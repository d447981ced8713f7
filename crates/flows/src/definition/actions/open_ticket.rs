//! Opens a ticket for a person to deal with.

use domain::TopicUuid;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;
use crate::definition::references::{Reference, UserReference};

/// A ticket to open.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct OpenTicket {
    /// Its subject; the default one if absent.
    #[serde(default)]
    pub topic: Option<Reference<TopicUuid>>,
    /// Who shall deal with it.
    #[serde(default)]
    pub assignee: Option<UserReference>,
    /// Template of a note for them.
    #[serde(default, deserialize_with = "nullable")]
    pub note: SmolStr,
}

impl OpenTicket {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(topic) = &self.topic {
            problems.reference("topic", topic);
        }
        problems.max_text("note", &self.note, MAX_TEXT);
    }
}
