//! What was said, as the page shows it. The message table is the truth, whatever became of sending.

use channels::QuickReply;
use channels::webchat::visitor_urn;
use domain::{ContactId, Interactive, InteractiveKind, MessageId};
use node::{Channel, Node, limits};
use serde::Serialize;
use smol_str::SmolStr;
use store::{ConversationKey, Direction, MessageRow, MessageStatus, StoreError};

/// Messages read at a time.
const PAGE: usize = 500;
/// Pages read for one history: what lies further back is not shown.
const PAGES: usize = 40;

/// One message as the page knows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    /// Its place: rises with each message of the conversation.
    pub(super) seq: i64,
    /// `in` from the visitor, `out` to them.
    from: &'static str,
    text: SmolStr,
    /// When, RFC 3339.
    at: String,
    /// The identifier that the page gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<SmolStr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<SmolStr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quick_replies: Vec<SmolStr>,
    /// Buttons or a list; then the quick replies are its titles.
    #[serde(skip_serializing_if = "Option::is_none")]
    interactive: Option<Interactive>,
}

/// A visitor's conversation on a channel.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) channel: std::sync::Arc<Channel>,
    pub(super) visitor: SmolStr,
    contact: Option<ContactId>,
}

impl Conversation {
    pub(super) fn new(channel: std::sync::Arc<Channel>, visitor: SmolStr) -> Self {
        Self { channel, visitor, contact: None }
    }

    /// What was said after `after`, at most the latest [`limits::CHAT_HISTORY`] messages, in order.
    pub(super) async fn after(&mut self, node: &Node, after: i64) -> Result<Vec<Shown>, StoreError> {
        let Some(contact) = self.contact(node).await? else { return Ok(Vec::new()) };
        let store = &node.context().store;
        let mut from = MessageId(after);
        let mut shown = Vec::new();
        for _ in 0..PAGES {
            let rows = store.contact_messages(self.channel.workspace, contact, from, PAGE).await?;
            let full = rows.len() == PAGE;
            if let Some(last) = rows.last() {
                from = last.id;
            }
            let now = node.context().now();
            // A message may pause. The page shows what was said in one order, so what is behind it waits as well.
            let pauses = |row: &MessageRow| row.leaves_on.is_some_and(|leaves| leaves > now);
            let held = rows.iter().position(|row| self.is_to_visitor(row) && pauses(row));
            let full = full && held.is_none();
            let rows = rows.into_iter().take(held.unwrap_or(PAGE));
            shown.extend(rows.filter_map(|row| self.show(row)));
            let excess = shown.len().saturating_sub(limits::CHAT_HISTORY);
            shown.drain(..excess);
            if !full {
                break;
            }
        }
        Ok(shown)
    }

    /// Who the visitor is, if that was found.
    pub(super) fn known(&self) -> Option<ContactId> {
        self.contact
    }

    /// The contact behind the address, once there is one.
    async fn contact(&mut self, node: &Node) -> Result<Option<ContactId>, StoreError> {
        if self.contact.is_none() {
            let key = ConversationKey::Urn(self.channel.workspace, visitor_urn(&self.visitor));
            let loaded = node.context().store.load_conversations(vec![key]).await?;
            self.contact = loaded.conversations.into_iter().flatten().next().map(|known| known.contact.id);
        }
        Ok(self.contact)
    }

    fn is_to_visitor(&self, row: &MessageRow) -> bool {
        row.channel == Some(self.channel.id) && row.direction == Direction::Out
    }

    fn show(&self, row: MessageRow) -> Option<Shown> {
        if row.channel != Some(self.channel.id) || row.status == MessageStatus::Failed {
            return None;
        }
        let own = row.external_id.as_deref().and_then(|id| id.strip_prefix(self.visitor.as_str()));
        let replies = row.quick_replies.as_deref().map(serde_json::from_str::<Vec<QuickReply>>);
        let replies = replies.and_then(Result::ok).unwrap_or_default().into_iter();
        let texts = replies.filter(|reply| reply.reply_type == "text" && !reply.text.is_empty());
        Some(Shown {
            seq: row.id.0,
            from: match row.direction {
                Direction::In => "in",
                Direction::Out => "out",
            },
            text: row.text,
            at: row.created_on.to_string(),
            client: own.and_then(|id| id.strip_prefix(':')).map(SmolStr::from),
            attachments: row.attachments,
            interactive: row.detail.as_deref().and_then(offered),
            quick_replies: texts.map(|reply| reply.text).collect(),
        })
    }
}

/// What a message offers that the page can show: a form of another carrier it cannot.
fn offered(detail: &str) -> Option<Interactive> {
    #[derive(serde::Deserialize)]
    struct Detail {
        interactive: Option<Interactive>,
    }
    let detail: Detail = serde_json::from_str(detail).ok()?;
    detail.interactive.filter(|interactive| !matches!(interactive.kind, InteractiveKind::Flow { .. }))
}

/// The carrier's id under which a visitor's message is kept: two visitors never meet in it.
pub(super) fn external_id(visitor: &str, client: &str) -> SmolStr {
    smol_str::format_smolstr!("{visitor}:{client}")
}
