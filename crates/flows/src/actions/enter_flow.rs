//! `enter_flow`: goes into another flow, and comes back unless it is terminal.

use std::sync::Arc;

use domain::FlowUuid;

use super::Outcome;
use crate::{
    definition::{FlowType, Reference},
    engine::work::{Pushed, Work},
};

pub(super) fn execute(work: &mut Work<'_>, flow: &Reference<FlowUuid>, terminal: bool) -> Outcome {
    let Some(program) = work.assets.flow(flow.uuid) else {
        return Outcome::Failed(format!("Unable to find flow '{}'", flow.name));
    };
    let (from, to) = (work.session.flow_type, program.flow_type);
    if from != to && to != FlowType::MessagingBackground {
        return Outcome::Failed(format!(
            "Can't enter flow[uuid={},name={}] of type {} from type {}",
            program.uuid,
            program.name,
            to.name(),
            from.name()
        ));
    }
    work.pushed = Some(Pushed { program: Arc::clone(program), terminal });
    Outcome::Entered
}
