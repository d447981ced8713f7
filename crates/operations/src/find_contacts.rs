//! Finds contacts and loads what people want to see of them.

use domain::ContactId;
use store::{ContactSearch, Conversation, ConversationKey, StoreError};

use crate::Context;

/// A page of contacts whom a search finds behind `after`, the oldest first. For people to see: it may come from a
/// standby.
pub async fn find_contacts(
    ctx: &Context,
    search: ContactSearch,
    after: Option<ContactId>,
    limit: usize,
) -> Result<Vec<Conversation>, StoreError> {
    let workspace = search.workspace;
    let store = ctx.store.for_reports();
    let ids = store.search_contacts(search, after, limit).await?;
    let keys = ids.into_iter().map(|id| ConversationKey::Contact(workspace, id)).collect();
    Ok(store.load_conversations(keys).await?.conversations.into_iter().flatten().collect())
}
