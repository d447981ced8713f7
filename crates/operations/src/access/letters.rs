//! E-mails with links that are used once: invitations and new passwords. They leave as outbox rows of the transaction that
//! makes the link, over the workspace's e-mail server or the node's. They belong to no contact: each is a row of its own,
//! which waits for nothing else.

use domain::{ContactId, OutboxId};
use flows::Effect;
use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, format_smolstr};
use store::{
    Change, LinkKind, NewOutbox, OutboxItem, OutboxKind, Priority, Rank, RetryOutbox, SignInLinkRow,
    StoreError, Unit, UnitError,
};

use crate::{Context, Workspace};

/// How long it is tried to hand a letter to an e-mail server that is away.
pub const LETTER_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// What letters of this node need.
#[derive(Debug, Clone, Default)]
pub struct Letters {
    /// Where people reach the site, such as `https://seedling.example.org`; without it nothing is sent, because what a
    /// request says of where it came to is not to be believed.
    pub site: Option<SmolStr>,
    /// Whether the node has an e-mail server for workspaces that have none.
    pub has_server: bool,
}

/// The letter with a link, if it can be sent: a change of the unit that makes the link.
pub(super) fn letter(ctx: &Context, ws: &Workspace, link: &SignInLinkRow, secret: &str) -> Option<Change> {
    let site = ctx.letters.site.as_deref()?;
    if ws.email().is_none() && !ctx.letters.has_server {
        return None;
    }
    let name = &ws.row.name;
    let (subject, body) = match link.kind {
        LinkKind::Invitation => (
            format!("You are invited to {name}"),
            format!(
                "You are invited to work in {name} as {}.\n\nOpen this page within a week, and say what you are called and \
                 which password you choose:\n\n{site}/auth/accept#{secret}\n\nIf you do not know what this is about, do \
                 nothing.\n",
                link.role.as_deref().unwrap_or_default()
            ),
        ),
        LinkKind::Reset => (
            format!("A new password for {name}"),
            format!(
                "Somebody asked for a new password for {}.\n\nIf it was you, open this page within a day and choose \
                 one:\n\n{site}/auth/reset#{secret}\n\nIf it was not, do nothing: your password stays as it is.\n",
                link.email
            ),
        ),
    };
    let effect = Effect::Email { to: vec![link.email.clone()], subject: subject.into(), body };
    let payload = serde_json::to_string(&effect)
        .inspect_err(|error| tracing::error!(%error, "a letter cannot be written"))
        .ok()?;
    Some(Change::Outbox(Box::new(NewOutbox {
        id: OutboxId(ctx.next_id(link.created_on)),
        workspace: ws.row.id,
        kind: OutboxKind::Email,
        // Of nobody, and of no other letter: a row is kept behind earlier ones of the same contact.
        contact: ContactId(-link.id.0),
        channel: None,
        message: None,
        session: None,
        payload: Some(payload),
        rank: Rank::of(Priority::OneOff),
        claim_for: 0,
        created_on: link.created_on,
        pause: SignedDuration::ZERO,
    })))
}

/// Whether an outbox row is a letter.
pub fn is_letter(item: &OutboxItem) -> bool {
    item.kind == OutboxKind::Email && item.session.is_none() && item.contact.0 < 0
}

/// A letter was handed over, or never will be: its row goes, and the secret with it.
///
/// # Errors
/// If the store fails.
pub async fn finish_letter(ctx: &Context, item: &OutboxItem) -> Result<(), StoreError> {
    settle(ctx, Change::FinishOutbox(item.workspace, item.id)).await
}

/// The e-mail server is away: the letter is tried again at a moment.
///
/// # Errors
/// If the store fails.
pub async fn put_off_letter(
    ctx: &Context,
    item: &OutboxItem,
    next_attempt: Timestamp,
) -> Result<(), StoreError> {
    let retry = RetryOutbox {
        run: ctx.run,
        workspace: item.workspace,
        id: item.id,
        contact: item.contact,
        channel: item.channel,
        next_attempt,
        tried: true,
        parts_sent: None,
        possibly_repeated: item.possibly_repeated,
    };
    settle(ctx, Change::RetryOutbox(retry)).await
}

async fn settle(ctx: &Context, change: Change) -> Result<(), StoreError> {
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) | Err(UnitError::Gone) => Ok(()),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// What identifies a letter for its receiver's server; the same in a repetition.
pub fn letter_id(item: &OutboxItem) -> SmolStr {
    format_smolstr!("{}.{}", item.id, item.created_on.as_microsecond())
}
