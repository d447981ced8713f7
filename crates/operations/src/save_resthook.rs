//! Programs subscribe to events that flows name, and unsubscribe.

use domain::{ResthookId, WorkspaceId};
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, ResthookRow, Secret};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit},
};

/// Subscribers of one event.
pub const MAX_SUBSCRIBERS: usize = 10;

/// One who hears of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Number by which programs name it: it follows from the event and the address.
    pub id: i64,
    /// The event.
    pub resthook: ResthookId,
    /// Its name.
    pub slug: SmolStr,
    /// The address that is called.
    pub target_url: SmolStr,
}

/// All subscribers of some events.
pub fn subscribers(resthooks: &[ResthookRow]) -> Vec<Subscriber> {
    let each = resthooks.iter().flat_map(|row| row.subscribers.iter().map(move |url| subscriber(row, url)));
    each.collect()
}

fn subscriber(row: &ResthookRow, url: &SmolStr) -> Subscriber {
    let text = format!("{} {url}", row.id);
    let found = digest(&SHA256, text.as_bytes());
    // Six bytes: a number that readers of JSON do not round.
    let id = found.as_ref().iter().take(6).fold(0_i64, |id, byte| id << 8 | i64::from(*byte));
    Subscriber { id, resthook: row.id, slug: row.slug.clone(), target_url: url.clone() }
}

/// Adds an address to those that hear of an event; nothing if it is one of them.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_subscriber(
    ctx: &Context,
    workspace: WorkspaceId,
    slug: &str,
    url: &str,
) -> Result<Saved<(Subscriber, Secret)>, SaveError> {
    let (slug, url) = (SmolStr::from(slug.trim().to_lowercase()), SmolStr::from(url.trim()));
    edit(ctx, workspace, |ws| {
        let known = ws.definitions().resthooks.iter().find(|row| row.slug == slug).cloned();
        let mut row = known.unwrap_or_else(|| ResthookRow {
            id: ResthookId(ctx.next_id(ctx.now())),
            slug: slug.clone(),
            subscribers: Vec::new(),
            secret: None,
        });
        let secret = row.secret.get_or_insert_with(|| crate::webhooks::new_secret(ctx)).clone();
        let made = !row.subscribers.contains(&url);
        if made && row.subscribers.len() >= MAX_SUBSCRIBERS {
            return Err(SaveError::TooMany(MAX_SUBSCRIBERS));
        }
        let saved = Saved { row: (subscriber(&row, &url), secret), made };
        if made {
            row.subscribers.push(url.clone());
        }
        Ok((vec![Change::Definition(workspace, DefinitionChange::Resthook(row))], saved))
    })
    .await
}

/// Takes an address away from those that hear of an event.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_subscriber(ctx: &Context, workspace: WorkspaceId, id: i64) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let resthooks = &ws.definitions().resthooks;
        let gone = subscribers(resthooks).into_iter().find(|one| one.id == id).ok_or(SaveError::NotFound)?;
        let row = resthooks.iter().find(|row| row.id == gone.resthook).ok_or(SaveError::NotFound)?;
        let mut row = row.clone();
        row.subscribers.retain(|url| *url != gone.target_url);
        Ok((vec![Change::Definition(workspace, DefinitionChange::Resthook(row))], ()))
    })
    .await
}

/// Takes addresses away from those that hear of an event, if they do.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn unsubscribe(
    ctx: &Context,
    workspace: WorkspaceId,
    slug: &str,
    gone: &[SmolStr],
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let found = ws.definitions().resthooks.iter().find(|row| row.slug == slug);
        let found = found.filter(|row| row.subscribers.iter().any(|url| gone.contains(url)));
        let Some(mut row) = found.cloned() else { return Ok((Vec::new(), ())) };
        row.subscribers.retain(|url| !gone.contains(url));
        Ok((vec![Change::Definition(workspace, DefinitionChange::Resthook(row))], ()))
    })
    .await
}
