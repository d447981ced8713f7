//! Somebody is registered: the person, their consent, their subscriptions and the welcome, as one transaction.

use std::sync::Arc;

use domain::{ContactStatus, ContactUuid, WorkspaceId};
use smol_str::SmolStr;
use store::{ConsentSource, Conversation, ProgrammeEventKind, SubscriptionRow};

use super::{Done, ProgrammeError, only, subscribe::Origin, subscribe::SubscribeTo};
use crate::{
    Committed, ContactEdit, Context, Whom, Workspace,
    batch::{self, StepFuture, Stepped},
    consent::NewConsent,
    save_contact::{edit_person, key_of, turn_of},
};

/// What a registration brings.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Who it is.
    pub whom: Whom,
    /// What is known of them.
    pub edit: ContactEdit,
    /// How they agreed to get messages, such as `clinic form`. Somebody who had opted out is talked with again.
    pub opt_in: SmolStr,
    /// What they are subscribed to.
    pub subscribe: Vec<SubscribeTo>,
    /// What they are told at once: a template.
    pub welcome: Option<SmolStr>,
}

/// Somebody who was registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// Who it is.
    pub contact: ContactUuid,
    /// Whether they were not known before.
    pub made: bool,
    /// What they get.
    pub subscriptions: Vec<SubscriptionRow>,
}

/// Registers somebody: all of it is there afterwards, or nothing.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn register(
    ctx: &Context,
    workspace: WorkspaceId,
    registration: Registration,
) -> Result<Committed<Registered>, ProgrammeError> {
    let key = key_of(workspace, &registration.whom, &registration.edit);
    let inputs = [(key, registration)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    only(ends.pop()).map(|registered| Committed::new(registered, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Registration,
) -> StepFuture<'a, Done<Registered>> {
    Box::pin(async move {
        let refused = |error| Ok(Stepped::nothing(Err(error)));
        let mut turn = match turn_of(ctx, ws, &input.whom, conversation) {
            Ok(turn) => turn,
            Err(refusal) => return refused(ProgrammeError::Person(refusal.into())),
        };
        let made = turn.person.is_new();
        if let Err(refusal) = edit_person(&mut turn, &input.edit).await? {
            return refused(ProgrammeError::Person(refusal.into()));
        }
        turn.consent(&NewConsent {
            purpose: SmolStr::default(),
            given: true,
            source: ConsentSource::Programme,
            channel: None,
            message: None,
            user: input.edit.user.as_ref().and_then(|user| turn.ws.user_id(user)),
            shown: None,
            reason: Some(input.opt_in.to_string()),
            happened_on: None,
        });
        turn.consent_kept = true;
        if turn.person.contact.status == ContactStatus::Stopped {
            turn.set_status(ContactStatus::Active);
        }
        turn.programme_event(ProgrammeEventKind::OptIn, None, Some(&input.opt_in), None);
        let mut subscriptions = turn.subscriptions().await?;
        let before = subscriptions.len();
        for to in &input.subscribe {
            let origin = Origin::fresh(turn.now);
            match turn.begin(to, &subscriptions, origin) {
                Ok(row) => subscriptions.push(row),
                Err(error) => return refused(error),
            }
        }
        if let Some(welcome) = &input.welcome {
            turn.welcome(welcome);
        }
        let subscriptions = subscriptions.split_off(before);
        let registered = Registered { contact: turn.person.row.uuid, made, subscriptions };
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: Ok(registered) })
    })
}
