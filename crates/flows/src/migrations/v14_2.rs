//! 14.2: a ticket has a note where it had a body, and translations name real languages.

use super::v13_2::drop_invalid_languages;
use super::walk::{Object, actions, text};

pub(super) fn migrate(flow: &mut Object) {
    for action in actions(flow).filter(|action| text(action, "type") == "open_ticket") {
        if let Some(body) = action.shift_remove("body")
            && !action.contains_key("note")
        {
            action.insert("note".into(), body);
        }
    }
    drop_invalid_languages(flow);
}
