//! Changes to the contact.

use domain::{ContactStatus, ContactUrn, FieldValue, GroupUuid, Reference};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A group as events name it.
pub type GroupRef = Reference<GroupUuid>;

/// A field as events name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRef {
    /// Key of the field.
    pub key: SmolStr,
    /// Name of the field.
    pub name: SmolStr,
}

/// A field got a value, or lost it (`None`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactFieldChanged {
    /// Which field.
    pub field: FieldRef,
    /// Its value now.
    pub value: Option<FieldValue>,
}

/// Groups joined and left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactGroupsChanged {
    /// Joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups_added: Vec<GroupRef>,
    /// Left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups_removed: Vec<GroupRef>,
}

/// The language changed; empty if it was cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactLanguageChanged {
    /// ISO 639-3 code.
    pub language: SmolStr,
}

/// The contact was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactLastSeenChanged {
    /// When.
    pub last_seen_on: Timestamp,
}

/// The name changed; empty if it was cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactNameChanged {
    /// The name now.
    pub name: SmolStr,
}

/// The status changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactStatusChanged {
    /// The status now.
    pub status: ContactStatus,
}

/// The zone changed; empty if it was cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactTimezoneChanged {
    /// IANA name.
    pub timezone: SmolStr,
}

/// All addresses of the contact as they are now, the preferred one first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactUrnsChanged {
    /// The addresses, in JSON as `tel:+250788123123?channel=UUID`.
    #[serde(with = "urn_list")]
    pub urns: Vec<ContactUrn>,
}

mod urn_list {
    //! A list of addresses as a list of texts.
    use domain::ContactUrn;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(urns: &[ContactUrn], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(urns.iter().map(ToString::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ContactUrn>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    }
}
