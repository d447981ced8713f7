//! Sends a message to the contact.

use domain::TemplateUuid;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::{MAX_ATTACHMENTS, MAX_QUICK_REPLIES, MAX_TEMPLATE_VARIABLES, MAX_TEXT};
use crate::definition::nullable::nullable;
use crate::definition::references::Reference;

/// A message: all texts are templates and can be translated.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SendMsg {
    /// What it says.
    #[serde(default, deserialize_with = "nullable")]
    pub text: SmolStr,
    /// Files, as `type:url`.
    #[serde(default, deserialize_with = "nullable")]
    pub attachments: Vec<SmolStr>,
    /// Answers the contact can tap.
    #[serde(default, deserialize_with = "nullable")]
    pub quick_replies: Vec<SmolStr>,
    /// The carrier-approved text to use where a channel needs one.
    #[serde(default)]
    pub template: Option<Reference<TemplateUuid>>,
    /// Templates of its variables.
    #[serde(default, deserialize_with = "nullable")]
    pub template_variables: Vec<SmolStr>,
}

impl SendMsg {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("text", &self.text);
        problems.max_text("text", &self.text, MAX_TEXT);
        problems.max_items("attachments", self.attachments.len(), MAX_ATTACHMENTS);
        problems.max_texts("attachments", &self.attachments, MAX_TEXT);
        problems.max_items("quick_replies", self.quick_replies.len(), MAX_QUICK_REPLIES);
        problems.max_texts("quick_replies", &self.quick_replies, MAX_TEXT);
        if let Some(template) = &self.template {
            problems.reference("template", template);
        }
        problems.max_items("template_variables", self.template_variables.len(), MAX_TEMPLATE_VARIABLES);
        problems.max_texts("template_variables", &self.template_variables, MAX_TEXT);
    }
}
