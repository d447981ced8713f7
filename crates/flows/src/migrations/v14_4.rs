//! 14.4: a message goes to one address of the contact.

use super::walk::{Object, actions, text};

pub(super) fn migrate(flow: &mut Object) {
    for action in actions(flow).filter(|action| text(action, "type") == "send_msg") {
        action.shift_remove("all_urns");
    }
}
