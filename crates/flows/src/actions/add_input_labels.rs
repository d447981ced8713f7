//! `add_input_labels`: labels the last message in.

use domain::LabelUuid;

use super::Outcome;
use crate::{
    engine::work::Work,
    events::{ErrorCode, EventKind, InputLabelsAdded, LabelRef},
    program::Named,
};

pub(super) fn execute(work: &mut Work<'_>, labels: &[Named<LabelUuid>]) -> Outcome {
    let Some(input_uuid) = work.session.input.as_ref().map(|input| input.uuid) else {
        work.error("No input to add labels to");
        return Outcome::Done;
    };
    let labels: Vec<LabelRef> = labels.iter().filter_map(|label| find(work, label)).collect();
    if !labels.is_empty() {
        work.event(EventKind::InputLabelsAdded(InputLabelsAdded { input_uuid, labels }));
    }
    Outcome::Done
}

fn find(work: &mut Work<'_>, label: &Named<LabelUuid>) -> Option<LabelRef> {
    match label {
        Named::Fixed(reference) => {
            let found = work.assets.label(reference.uuid).cloned();
            if found.is_none() {
                work.missing("label", &reference.uuid.to_string(), &reference.name);
            }
            found
        }
        Named::Match(name) => {
            let (name, fine) = work.render(name);
            if !fine {
                return None;
            }
            let name = name.trim();
            let found = work.assets.label_named(name).cloned();
            if found.is_none() {
                work.error_code(
                    ErrorCode::LabelMissing,
                    format!("No such label with name '{name}'"),
                    &[("name", name)],
                );
            }
            found
        }
    }
}
