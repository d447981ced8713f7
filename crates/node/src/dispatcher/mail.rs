//! The e-mails of flows: over the workspace's own server, or the node's.

use flows::{Effect, EffectResult};
use jiff::Timestamp;
use operations::{LETTER_LASTS, Workspace, finish_letter, letter_id, put_off_letter};
use smol_str::SmolStr;
use store::{OutboxItem, StoreError};

use super::{Shared, effect};
use crate::limits;
use crate::mail::{self, Mail, MailError, Server};

/// Sends an e-mail, again if the server was not reached.
pub(super) async fn send(
    shared: &Shared,
    ws: Option<&Workspace>,
    item: &OutboxItem,
    what: (&[SmolStr], &str, &str),
) -> EffectResult {
    let sent = hand_over(shared, ws, item, what).await;
    EffectResult::Email { error: sent.err().map(|error| error.to_string()) }
}

async fn hand_over(
    shared: &Shared,
    ws: Option<&Workspace>,
    item: &OutboxItem,
    (to, subject, body): (&[SmolStr], &str, &str),
) -> Result<(), MailError> {
    let address = ws.and_then(Workspace::email).or(shared.config.smtp.as_ref());
    let server = match address.map(|secret| Server::read(secret.reveal())) {
        Some(Ok(server)) => {
            let guarded = ws.is_some_and(Workspace::email_is_public_only);
            server.public_only(guarded && !shared.config.allow_private_webhooks)
        }
        Some(Err(error)) => return Err(MailError::Unwritable(error.to_string())),
        None => return Err(MailError::Unwritable("no e-mail server is configured".to_owned())),
    };
    let id = letter_id(item).to_string();
    let mail = Mail { id, to, subject, body };
    let mut attempt = 0;
    let sent = loop {
        let sent = if effect::may_leave(shared, item).await {
            shared.network.mail(&server, &mail).await
        } else {
            Err(MailError::NotReached(effect::NOT_OURS.to_owned()))
        };
        attempt += 1;
        match sent {
            Err(MailError::NotReached(_)) if attempt < limits::MAIL_ATTEMPTS => {
                tokio::time::sleep(mail::pause(attempt)).await;
            }
            sent => break sent,
        }
    };
    shared.metrics.count_sent("email", if sent.is_ok() { "sent" } else { "dead" });
    sent
}

/// Sends a letter to somebody who signs in. One whose server is away is tried again later, for a day; one that is refused
/// goes: whoever asked for it asks again.
pub(super) async fn letter(shared: &Shared, item: &OutboxItem) {
    let Ok(Effect::Email { to, subject, body }) = effect::read(item) else {
        return settled(shared, item, None).await;
    };
    let ws = effect::workspace(shared, item).await;
    let sent = hand_over(shared, ws.as_deref(), item, (&to, &subject, &body)).await;
    let age = shared.ctx.now().duration_since(item.created_on);
    let again = match &sent {
        Err(MailError::NotReached(_)) if age < LETTER_LASTS => Some(shared.ctx.now() + limits::LETTER_PAUSE),
        Ok(()) | Err(MailError::NotReached(_) | MailError::Refused(_) | MailError::Unwritable(_)) => None,
    };
    if let Err(error) = sent {
        tracing::warn!(%error, outbox = %item.id, again = again.is_some(), "a letter was not handed over");
    }
    settled(shared, item, again).await;
}

/// Writes down what became of a letter: done, or to be tried again at a moment.
async fn settled(shared: &Shared, item: &OutboxItem, again: Option<Timestamp>) {
    for _ in 0..limits::EFFECT_RECORDS {
        let written = match again {
            Some(at) => put_off_letter(&shared.ctx, item, at).await,
            None => finish_letter(&shared.ctx, item).await,
        };
        match written {
            Ok(()) | Err(StoreError::Fenced) => return,
            Err(error) => {
                shared.metrics.errors.inc();
                tracing::error!(%error, outbox = %item.id, "what became of a letter could not be written");
                tokio::time::sleep(super::outcome::STORE_PAUSE).await;
            }
        }
    }
}
