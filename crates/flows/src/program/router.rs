//! Routers of a program.

use domain::{CaseUuid, CategoryUuid};
use smol_str::SmolStr;

use super::{CategoryIx, ExitIx, Localized, ResultName, Text};
use crate::definition::Hint;
use crate::tests::Prepared;

/// What decides which exit of a node is taken.
#[derive(Clone, Debug)]
pub struct Router {
    /// What to wait for before choosing.
    pub wait: Option<Wait>,
    /// Under which name the outcome is kept.
    pub result: Option<ResultName>,
    /// The possible outcomes; never empty.
    pub categories: Vec<Category>,
    /// How it chooses.
    pub choice: Choice,
}

impl Router {
    /// The outcome at an index that this router gave out.
    pub fn category(&self, index: CategoryIx) -> &Category {
        &self.categories[usize::from(index.0)]
    }
}

/// How a router chooses.
#[derive(Clone, Debug)]
pub enum Choice {
    /// By chance, each category equally likely.
    Random,
    /// The first case whose test holds.
    Switch {
        /// What is tested.
        operand: Text,
        /// The tests, in order.
        cases: Vec<Case>,
        /// The outcome if none holds.
        default: Option<CategoryIx>,
    },
}

/// One test of a switch.
#[derive(Clone, Debug)]
pub struct Case {
    /// Public identifier.
    pub uuid: CaseUuid,
    /// Name of the test, such as `has_any_word`.
    pub test: SmolStr,
    /// Its arguments. A translation counts only if it has as many as the original, so only such are kept.
    pub arguments: Localized<Arguments>,
    /// The outcome if it holds.
    pub category: CategoryIx,
}

/// The arguments of a test behind its operand.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// The same at every evaluation, so the test is ready to run.
    Ready(Prepared),
    /// To be evaluated each time, or for a test that is not one of ours.
    Templates(Vec<Text>),
}

/// One outcome of a router.
#[derive(Clone, Debug)]
pub struct Category {
    /// Public identifier.
    pub uuid: CategoryUuid,
    /// Name; the native one is kept in results, beside it the one shown to the contact.
    pub name: Localized<SmolStr>,
    /// The exit it leads to.
    pub exit: ExitIx,
}

/// What a node waits for.
#[derive(Clone, Debug)]
pub enum Wait {
    /// A message.
    Msg {
        /// What happens if none comes.
        timeout: Option<Timeout>,
        /// What kind of message is expected.
        hint: Option<Hint>,
    },
    /// The end of a call forwarded to another phone.
    Dial {
        /// The number.
        phone: Text,
        /// Seconds it may ring.
        dial_limit_seconds: u32,
        /// Seconds the call may last.
        call_limit_seconds: u32,
    },
}

/// When to give up on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// Seconds after the wait began.
    pub seconds: u32,
    /// The outcome then.
    pub category: CategoryIx,
}
