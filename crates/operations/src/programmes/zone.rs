//! What becomes of the moments of subscriptions when their workspace gets another zone: each goes where the clock on the
//! wall shows the same. A job does it for all; a subscription whose timer fires before its turn is moved then.

use std::{collections::BTreeSet, sync::Arc};

use domain::{ContactId, WorkspaceId};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use store::{Conversation, ConversationKey, FormerZone, StoreError, SubscriptionStatus};

use super::rules::Rules;
use crate::{
    Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    change_workspace::same_clock,
    turn::Turn,
};

impl Rules<'_> {
    /// Where a message goes whose moment was planned by the clock of a zone that the workspace had before; `None` if it
    /// stays.
    pub fn moved(&self, due: Timestamp, former: &[FormerZone]) -> Option<Timestamp> {
        if self.is_run(due, self.zone()) {
            return None;
        }
        let mut zones = former.iter().filter_map(|former| TimeZone::get(&former.timezone).ok());
        let planned_in = zones.find(|zone| self.is_run(due, zone))?;
        same_clock(due, &planned_in, self.zone())
    }

    fn is_run(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let before = at.checked_sub(1.second());
        before.is_ok_and(|before| self.schedule().next(before, zone) == Some(at))
    }
}

/// Moves the subscriptions of these people. Answers how many people there were to move.
pub(crate) async fn move_people(
    ctx: &Context,
    workspace: WorkspaceId,
    people: BTreeSet<ContactId>,
) -> Result<usize, StoreError> {
    let inputs: Vec<(ConversationKey, ())> =
        people.into_iter().map(|contact| (ConversationKey::Contact(workspace, contact), ())).collect();
    let (ends, _) = batch::run(ctx, &inputs, step).await;
    let mut moved = 0;
    for end in ends {
        match end {
            Ok(was_moved) => moved += usize::from(was_moved),
            Err(BatchError::NoWorkspace) => {}
            Err(BatchError::Store(error)) => return Err(error),
            Err(BatchError::BrokeOff(said)) => return Err(batch::broke_off(&said)),
            Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone) => return Err(StoreError::Busy),
        }
    }
    Ok(moved)
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    _: &'a (),
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(false)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let (ws, contact) = (turn.ws.clone(), turn.person.contact.clone());
        let mut moved = false;
        for mut row in turn.subscriptions().await? {
            let Some(due) = row.next_due.filter(|_| row.status == SubscriptionStatus::Active) else {
                continue;
            };
            let Ok(rules) = Rules::of(&ws, &row, &contact) else { continue };
            if let Some(next) = rules.moved(due, &ws.definitions().former_zones) {
                row.next_due = Some(next);
                turn.move_subscription(row);
                moved = true;
            }
        }
        Ok(if moved { Stepped { unit: Some(turn.finish()), value: true } } else { Stepped::nothing(false) })
    })
}
