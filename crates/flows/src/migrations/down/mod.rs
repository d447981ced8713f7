//! From the current specification back to older ones: the inverse of each migration.
//!
//! The rule for each step: the older engine does the same with the result as far as it can, and migrating the
//! result up again gives a flow that behaves the same. Where an upward migration would take a router for something
//! else, the node is split in two, so that it does not (see [`services`]).

mod locals;
mod reading;
mod services;
mod templating;
mod tickets;
mod webhook;

use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

use super::walk::{Object, nodes, object, objects, text};
use super::{Version, Warning};
use crate::program::result_key;

/// A flow on its way down.
struct Down<'a> {
    flow: &'a mut Object,
    to: Version,
    uuids: &'a mut dyn FnMut() -> Uuid,
    warnings: Vec<Warning>,
}

/// Takes a flow of the current specification to an older one and lists what that cannot say.
pub(super) fn downgrade(flow: &mut Value, to: Version, uuids: &mut dyn FnMut() -> Uuid) -> Vec<Warning> {
    let Some(flow) = flow.as_object_mut() else { return Vec::new() };
    let mut down = Down { flow, to, uuids, warnings: Vec::new() };
    down.services();
    down.locals();
    down.tickets();
    down.templating();
    down.webhook();
    down.reading();
    let Down { flow, mut warnings, .. } = down;
    flow.insert("spec_version".into(), to.to_string().into());
    warnings.sort();
    warnings.dedup();
    warnings
}

impl Down<'_> {
    /// Whether the target is older than a version.
    fn below(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.to < Version::new(major, minor, patch)
    }

    fn warn(&mut self, node: &str, what: impl Into<String>) {
        let node = Some(SmolStr::new(node)).filter(|node| !node.is_empty());
        self.warnings.push(Warning { node, what: what.into() });
    }

    /// A name for a result that the older specification needs, whose key no other result of the flow has.
    fn new_result_name(&mut self, wanted: &str) -> String {
        let mut taken = Vec::new();
        for node in nodes(self.flow) {
            for action in objects(node, "actions") {
                taken.push(result_key(text(action, "result_name")));
                if text(action, "type") == "set_run_result" {
                    taken.push(result_key(text(action, "name")));
                }
            }
            if let Some(router) = object(node, "router") {
                taken.push(result_key(text(router, "result_name")));
            }
        }
        let numbered = (2..).map(|number| format!("{wanted} {number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !taken.contains(&result_key(name))).unwrap_or_else(|| wanted.to_owned())
    }
}

/// Gives a member another name in its place.
fn rename(parent: &mut Object, from: &str, to: &str) {
    if !parent.contains_key(from) || parent.contains_key(to) {
        return;
    }
    let members = std::mem::take(parent);
    parent.extend(members.into_iter().map(|(key, value)| {
        let key = if key == from { to.to_owned() } else { key };
        (key, value)
    }));
}

/// The switch of a node.
fn switch(node: &mut Object) -> Option<&mut Object> {
    object(node, "router").filter(|router| text(router, "type") == "switch")
}
