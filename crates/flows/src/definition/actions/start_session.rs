//! Starts a flow for other people.

use domain::FlowUuid;
use serde::Deserialize;

use super::Recipients;
use crate::definition::fields::Problems;
use crate::definition::nullable::nullable;
use crate::definition::references::Reference;

/// A flow started for people outside the session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartSession {
    /// Who is started.
    pub recipients: Recipients,
    /// In which flow.
    pub flow: Reference<FlowUuid>,
    /// Who is left out.
    pub exclusions: Exclusions,
    /// Whether a new contact is made and started.
    pub create_contact: bool,
}

/// Who is left out of a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Exclusions {
    /// People who are in a flow already.
    #[serde(default, deserialize_with = "nullable")]
    pub in_a_flow: bool,
}

impl<'de> Deserialize<'de> for StartSession {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Rest {
            flow: Reference<FlowUuid>,
            #[serde(default, deserialize_with = "nullable")]
            exclusions: Exclusions,
            #[serde(default, deserialize_with = "nullable")]
            create_contact: bool,
        }
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        let rest: Rest = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self {
            recipients: serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?,
            flow: rest.flow,
            exclusions: rest.exclusions,
            create_contact: rest.create_contact,
        })
    }
}

impl StartSession {
    pub(super) fn check(&self, problems: &mut Problems) {
        self.recipients.check(problems);
        problems.reference("flow", &self.flow);
    }
}
