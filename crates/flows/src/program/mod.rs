//! The compiled form of a flow revision: what the engine runs.
//!
//! A [`Program`] is made once and shared by all sessions of its revision. Nodes and exits are rows of two tables
//! named by index; identifiers are looked up only where sessions and definitions are read. Every template is
//! compiled, every translation sits beside its original, and names of results are turned into keys once.

mod action;
mod compile;
mod compile_actions;
mod extension;
mod router;
mod text;

use std::ops::Range;

use domain::{ExitUuid, FlowUuid, NodeUuid};
use smol_str::SmolStr;

pub use action::{Action, ActionKind, Assignee, Message, Named, Recipients};
pub use extension::{Collect, Data, Offer, OfferKind, Reminder};
pub use router::{Arguments, Case, Category, Choice, Router, Timeout, Wait};
pub use text::{LanguageIx, LanguageOrder, Localized, TOP_LEVELS, Text};

use crate::definition::FlowType;
use crate::definition::extensions::WindowTrigger;

/// The place of a node in [`Program::nodes`]; 0 is where runs begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIx(pub u32);

/// The place of an exit in [`Program::exits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExitIx(pub u32);

/// The place of a category within its router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CategoryIx(pub u16);

/// A flow revision, compiled.
#[derive(Clone, Debug)]
pub struct Program {
    /// The flow, whatever its revision.
    pub uuid: FlowUuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// Number of the revision.
    pub revision: u32,
    /// ISO 639-3 code of the language its texts are written in.
    pub language: SmolStr,
    /// Where it can run.
    pub flow_type: FlowType,
    /// Minutes a run may wait for the contact before it expires; 0 if the definition sets none.
    pub expire_after_minutes: u32,
    /// ISO 639-3 codes of the translations.
    pub languages: Vec<SmolStr>,
    /// All nodes; the first is where runs begin.
    pub nodes: Vec<Node>,
    /// All exits, those of a node side by side.
    pub exits: Vec<Exit>,
    /// All actions, those of a node side by side.
    pub actions: Vec<Action>,
    /// That it starts before a contact's 24-hour window closes.
    pub window_trigger: Option<WindowTrigger>,
    node_index: Vec<(NodeUuid, NodeIx)>,
}

/// A point of a conversation.
#[derive(Clone, Debug)]
pub struct Node {
    /// Public identifier.
    pub uuid: NodeUuid,
    /// Its actions, in [`Program::actions`].
    pub actions: Range<u32>,
    /// Its exits, in [`Program::exits`]; never empty.
    pub exits: Range<u32>,
    /// What chooses the exit; without one it is the first.
    pub router: Option<Router>,
    /// That its wait takes several messages as one answer.
    pub collect: Option<Box<Collect>>,
}

impl Node {
    /// What the node waits for, if it does.
    pub fn wait(&self) -> Option<&Wait> {
        self.router.as_ref()?.wait.as_ref()
    }

    /// The exit taken when there is no router.
    pub fn first_exit(&self) -> ExitIx {
        ExitIx(self.exits.start)
    }
}

/// A way on from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Public identifier.
    pub uuid: ExitUuid,
    /// The next node; without one the run ends here.
    pub destination: Option<NodeIx>,
}

/// The name of a result and the key under which it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultName {
    /// As the author wrote it, such as `Due date`.
    pub name: SmolStr,
    /// As expressions write it, such as `due_date`.
    pub key: SmolStr,
}

impl ResultName {
    /// A name with its key.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), key: result_key(name).into() }
    }
}

/// The key of a result: lower case, each run of anything but letters, digits and `_` one `_`.
pub fn result_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut gap = false;
    for character in name.trim().chars() {
        if character.is_alphanumeric() || character == '_' {
            if gap {
                key.push('_');
                gap = false;
            }
            key.extend(character.to_lowercase());
        } else {
            gap = true;
        }
    }
    if gap {
        key.push('_');
    }
    key
}

impl Program {
    /// The node where runs begin; `None` in an empty flow.
    pub fn entry(&self) -> Option<NodeIx> {
        (!self.nodes.is_empty()).then_some(NodeIx(0))
    }

    /// The node at an index of this program.
    pub fn node(&self, index: NodeIx) -> &Node {
        &self.nodes[index.0 as usize]
    }

    /// The exit at an index of this program.
    pub fn exit(&self, index: ExitIx) -> &Exit {
        &self.exits[index.0 as usize]
    }

    /// The actions of a node.
    pub fn actions_of(&self, node: NodeIx) -> &[Action] {
        let range = &self.node(node).actions;
        &self.actions[range.start as usize..range.end as usize]
    }

    /// The node with an identifier, as sessions name it.
    pub fn find_node(&self, uuid: NodeUuid) -> Option<NodeIx> {
        let place = self.node_index.binary_search_by_key(&uuid, |(uuid, _)| *uuid).ok()?;
        Some(self.node_index[place].1)
    }

    /// The code of a language.
    pub fn language_code(&self, language: LanguageIx) -> &SmolStr {
        &self.languages[usize::from(language.0)]
    }

    /// Which translations to try for somebody who prefers these languages, the first most. The flow's own
    /// language ends the search, and languages without any translation are left out.
    pub fn language_order<'a>(&self, preferred: impl IntoIterator<Item = &'a str>) -> LanguageOrder {
        let mut order = LanguageOrder::new();
        for code in preferred {
            if code == self.language {
                break;
            }
            if let Some(place) = self.languages.iter().position(|language| language == code) {
                let index = LanguageIx(
                    u16::try_from(place).expect("compile keeps no more languages than u16 counts"),
                );
                if !order.contains(&index) {
                    order.push(index);
                }
            }
        }
        order
    }
}
