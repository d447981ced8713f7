//! Everything that is held about one person, for them to have.

use domain::{ContactId, WorkspaceId};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{ContactNamed, ConversationKey, StoreError, person_tables};

use crate::Context;

/// Rows of one piece.
const ROWS: usize = 500;

/// All that is held about a person, as one JSON object that is handed out piece by piece: `contact` says who they are, and
/// each table has its rows as they are kept, with moments in UTC.
pub struct PersonData {
    workspace: WorkspaceId,
    contact: ContactId,
    head: Option<Value>,
    tables: std::vec::IntoIter<&'static str>,
    /// The table whose rows are handed out, how many were, and behind which.
    at: Option<(&'static str, usize, i64)>,
    ended: bool,
}

impl PersonData {
    /// Of this contact; `None` if there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(
        ctx: &Context,
        workspace: WorkspaceId,
        who: ContactNamed,
    ) -> Result<Option<Self>, StoreError> {
        let found = ctx.store.named_contacts(workspace, vec![who]).await?.pop().flatten();
        let Some(ws) = ctx.registry.workspace(ctx, workspace).await? else { return Ok(None) };
        let Some(found) = found else { return Ok(None) };
        let key = ConversationKey::Contact(workspace, found.id);
        let loaded = ctx.store.load_conversations(vec![key]).await?.conversations.pop().flatten();
        let Some(known) = loaded else { return Ok(None) };
        let row = &known.contact;
        let groups = known.groups.iter().filter_map(|id| ws.assets.group(ws.group_uuid(*id)?));
        let head = json!({
            "uuid": row.uuid,
            "name": row.name,
            "language": row.language,
            "status": row.status.word(),
            "timezone": row.timezone,
            "urns": known.urns.iter().map(|urn| format!("{}:{}", urn.scheme, urn.path)).collect::<Vec<_>>(),
            "groups": groups.map(|group| group.name.clone()).collect::<Vec<SmolStr>>(),
            "fields": row.fields.iter().map(|(key, value)| (key.to_string(), json!(value.text)))
                .collect::<serde_json::Map<_, _>>(),
            "created_on": row.created_on,
            "last_seen_on": row.last_seen_on,
        });
        let head = json!({"workspace": ws.row.name, "exported_on": ctx.now(), "contact": head});
        let tables = person_tables().into_iter();
        Ok(Some(Self { workspace, contact: found.id, head: Some(head), tables, at: None, ended: false }))
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self, ctx: &Context) -> Result<Option<String>, StoreError> {
        if let Some(head) = self.head.take() {
            let text = head.to_string();
            return Ok(Some(text.strip_suffix('}').unwrap_or(&text).to_owned()));
        }
        if self.ended {
            return Ok(None);
        }
        let Some((table, given, behind)) = self.at else {
            let Some(table) = self.tables.next() else {
                self.ended = true;
                return Ok(Some("}\n".to_owned()));
            };
            self.at = Some((table, 0, i64::MIN));
            return Ok(Some(format!(",\n\"{table}\": [")));
        };
        // Tables without row numbers are gone through by counting.
        let from = if behind == i64::MIN { i64::try_from(given).unwrap_or(i64::MAX) } else { behind };
        let rows = ctx.store.person_rows(self.workspace, self.contact, table.into(), from, ROWS).await?;
        let mut text = String::new();
        for (place, row) in rows.iter().enumerate() {
            text.push_str(if given + place == 0 { "\n  " } else { ",\n  " });
            text.push_str(&row.to_string());
        }
        let last = rows.last().and_then(|row| row["id"].as_i64());
        self.at = Some((table, given + rows.len(), last.unwrap_or(i64::MIN)));
        if rows.len() < ROWS {
            self.at = None;
            text.push(']');
        }
        Ok(Some(text))
    }
}
