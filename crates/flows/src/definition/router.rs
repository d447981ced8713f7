//! What decides which exit of a node is taken.

use domain::{CaseUuid, CategoryUuid, ExitUuid};
use serde::Deserialize;
use smol_str::SmolStr;

use super::nullable::{nullable, optional_uuid};
use super::wait::Wait;

/// How a router chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterType {
    /// The first case whose test holds.
    #[default]
    Switch,
    /// By chance, each category equally likely.
    Random,
}

/// A node's router. `operand`, `cases` and the default belong to [`RouterType::Switch`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Router {
    /// How it chooses.
    #[serde(rename = "type")]
    pub router_type: RouterType,
    /// What to wait for before choosing.
    #[serde(default)]
    pub wait: Option<Wait>,
    /// Name under which the outcome is kept; empty if it is not.
    #[serde(default, deserialize_with = "nullable")]
    pub result_name: SmolStr,
    /// The possible outcomes.
    #[serde(default, deserialize_with = "nullable")]
    pub categories: Vec<Category>,
    /// Template of what is tested.
    #[serde(default, deserialize_with = "nullable")]
    pub operand: SmolStr,
    /// The tests, in order.
    #[serde(default, deserialize_with = "nullable")]
    pub cases: Vec<Case>,
    /// The outcome if no case holds.
    #[serde(default, deserialize_with = "optional_uuid")]
    pub default_category_uuid: Option<CategoryUuid>,
}

/// One test of a switch.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Case {
    /// Public identifier, under which its arguments are translated.
    #[serde(default)]
    pub uuid: CaseUuid,
    /// Name of the test, such as `has_any_word`.
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub test: SmolStr,
    /// Templates of its arguments.
    #[serde(default, deserialize_with = "nullable")]
    pub arguments: Vec<SmolStr>,
    /// The outcome if it holds.
    #[serde(default)]
    pub category_uuid: CategoryUuid,
}

/// One outcome of a router.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Category {
    /// Public identifier, under which its name is translated.
    #[serde(default)]
    pub uuid: CategoryUuid,
    /// Name shown to people and kept in results.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
    /// The exit it leads to.
    #[serde(default, deserialize_with = "nullable")]
    pub exit_uuid: ExitUuid,
}
