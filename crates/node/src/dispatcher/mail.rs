//! The e-mails of flows: over the workspace's own server, or the node's.

use flows::EffectResult;
use operations::Workspace;
use smol_str::SmolStr;
use store::OutboxItem;

use super::{Shared, effect};
use crate::limits;
use crate::mail::{self, Mail, MailError, Server};

/// Sends an e-mail, again if the server was not reached.
pub(super) async fn send(
    shared: &Shared,
    ws: Option<&Workspace>,
    item: &OutboxItem,
    (to, subject, body): (&[SmolStr], &str, &str),
) -> EffectResult {
    let address = ws.and_then(Workspace::email).or(shared.config.smtp.as_ref());
    let server = match address.map(|secret| Server::read(secret.reveal())) {
        Some(Ok(server)) => server,
        Some(Err(error)) => return EffectResult::Email { error: Some(error.to_string()) },
        None => return EffectResult::Email { error: Some("no e-mail server is configured".to_owned()) },
    };
    let id = format!("{}.{}", item.id, item.created_on.as_microsecond());
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
    EffectResult::Email { error: sent.err().map(|error| error.to_string()) }
}
