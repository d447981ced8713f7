//! Sends airtime to the phone of the contact.

use indexmap::IndexMap;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_AIRTIME_AMOUNT;
use crate::definition::nullable::nullable;

/// An amount as the definition writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amount(pub SmolStr);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().trim_matches('"').into()))
    }
}

impl Amount {
    fn is_in_range(&self) -> bool {
        self.0.parse::<f64>().is_ok_and(|amount| (0.0..=MAX_AIRTIME_AMOUNT).contains(&amount))
    }
}

/// Airtime, in whichever currency the phone takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TransferAirtime {
    /// Amounts by ISO 4217 code.
    #[serde(deserialize_with = "nullable")]
    pub amounts: IndexMap<SmolStr, Amount>,
}

impl TransferAirtime {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (currency, amount) in &self.amounts {
            if !amount.is_in_range() {
                problems.add(format!("amount for '{currency}' is out of range"));
            }
        }
    }
}
