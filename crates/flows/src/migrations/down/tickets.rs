//! Before 14.2 the note of a ticket was its body.

use super::Down;
use super::rename;
use crate::migrations::walk::{actions, text};

impl Down<'_> {
    pub(super) fn tickets(&mut self) {
        if !self.below(14, 2, 0) {
            return;
        }
        for action in actions(self.flow).filter(|action| text(action, "type") == "open_ticket") {
            rename(action, "note", "body");
        }
    }
}
