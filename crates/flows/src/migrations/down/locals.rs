//! Before 14.3 tickets and airtime kept their outcome as a result of the action, and the router looked at its
//! category.

use serde_json::json;

use super::{Down, switch};
use crate::migrations::walk::{Object, nodes, object, objects, text, texts};
use crate::program::result_key;

/// Actions that leave their outcome in a local, that local, and what their result is called if nobody named it.
const OUTCOMES: [(&str, &str, &str); 2] = [
    ("open_ticket", "@locals._new_ticket", "Ticket"),
    ("transfer_airtime", "@locals._new_transfer", "Transfer"),
];
/// What the older engine calls the outcomes.
const CATEGORIES: [&str; 2] = ["Success", "Failure"];

impl Down<'_> {
    pub(super) fn locals(&mut self) {
        if !self.below(14, 3, 0) {
            return;
        }
        let count = nodes(self.flow).count();
        for place in 0..count {
            self.outcome(place);
        }
    }

    /// Undoes the split on a local of one node.
    fn outcome(&mut self, place: usize) {
        let Some(node) = nodes(self.flow).nth(place) else { return };
        let uuid = text(node, "uuid").to_owned();
        let outcome = objects(node, "actions")
            .find_map(|action| OUTCOMES.into_iter().find(|(kind, ..)| text(action, "type") == *kind));
        let Some((kind, local, unnamed)) = outcome else { return };
        let Some(router) = switch(node) else { return };
        if !text(router, "operand").eq_ignore_ascii_case(local) {
            return;
        }
        let named = text(router, "result_name").to_owned();
        let others =
            objects(router, "categories").any(|category| !CATEGORIES.contains(&text(category, "name")));
        let Some(more) = test_category(router) else {
            self.warn(&uuid, format!("reads {local} in a way that specifications before 14.3 cannot"));
            return;
        };
        let name = if named.is_empty() { self.new_result_name(unnamed) } else { named.clone() };
        let Some(node) = nodes(self.flow).nth(place) else { return };
        if let Some(action) = objects(node, "actions").find(|action| text(action, "type") == kind) {
            action.insert("result_name".into(), name.as_str().into());
        }
        if let Some(router) = object(node, "router") {
            router.shift_remove("result_name");
            router.insert("operand".into(), format!("@results.{}.category", result_key(&name)).into());
        }
        if named.is_empty() {
            self.warn(&uuid, format!("keeps its outcome as a result, '{name}', which the flow did not have"));
        } else if others {
            self.warn(&uuid, format!("the category of the result '{name}' is Success or Failure there"));
        }
        if more {
            self.warn(
                &uuid,
                "other tests of the outcome than that there is one see Success or Failure there",
            );
        }
    }
}

/// Lets the case that asks whether there is an outcome ask for success; gives whether there are other cases.
fn test_category(router: &mut Object) -> Option<bool> {
    let count = objects(router, "cases").count();
    let success = objects(router, "cases")
        .find(|case| text(case, "type") == "has_text" && texts(case, "arguments").is_empty())?;
    success.insert("type".into(), "has_only_text".into());
    success.insert("arguments".into(), json!(["Success"]));
    Some(count > 1)
}
