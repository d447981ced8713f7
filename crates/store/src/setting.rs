//! What all nodes of a store share beside its data: settings by hand, features of workspaces, use of shared limits.

use jiff::Timestamp;
use smol_str::SmolStr;

/// A setting of the whole store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRow {
    /// Its name.
    pub name: SmolStr,
    /// Its value, as whoever reads it understands it.
    pub value: SmolStr,
    /// When it was set.
    pub changed_on: Timestamp,
}

/// Whether a workspace may use a feature. What has no row is as it is by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureRow {
    /// Its name.
    pub name: SmolStr,
    /// Whether it is on.
    pub enabled: bool,
    /// When it was set.
    pub changed_on: Timestamp,
}

/// How much of a shared limit a node has given out to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateUse {
    /// Limit and caller.
    pub caller: SmolStr,
    /// The run of the node.
    pub node: i64,
    /// Requests since the caller became busy there.
    pub used: i64,
    /// When this was written, by the clock of that node.
    pub changed_on: Timestamp,
}
