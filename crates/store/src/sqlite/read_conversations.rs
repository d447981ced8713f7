//! Reads whole conversations: person, addresses, groups, session, messages in waiting.

use crate::sql::{Connection, Row};
use domain::{ChannelId, ContactId, FlowId, GroupId, MessageId, SessionId, Urn, UrnId, WorkspaceId};

use super::{Rows, sql};
use crate::{
    ContactRow, Conversation, ConversationKey, Loaded, PendingMessage, SessionRow, SessionStatus, StoreError,
    UrnRow, WaitKind,
};

/// Messages that one load takes of those in waiting; the next step takes the rest.
pub(crate) const MAX_PENDING: usize = 500;

pub(crate) const CONTACT_COLUMNS: &str =
    "uuid, version, name, language, status, timezone, fields, session_id,
    flow_id, created_on, last_seen_on, groups_as_of";
pub(crate) const URN_COLUMNS: &str = "id, scheme, path, display, priority, channel_id";
pub(crate) const PENDING_COLUMNS: &str =
    "id, uuid, urn_id, channel_id, text, attachments, external_id, detail, created_on";
pub(crate) const SESSION_COLUMNS: &str =
    "uuid, contact_id, status, wait_kind, wait_until, expires_on, pins, state,
    created_on, ended_on";

impl Rows<'_> {
    pub(crate) fn load_conversations(&self, keys: Vec<ConversationKey>) -> Result<Loaded, StoreError> {
        if let Connection::Postgres(session) = self.conn {
            return crate::postgres::load_conversations(session, &keys);
        }
        let mut loaded = Loaded::default();
        for key in &keys {
            let (ConversationKey::Urn(workspace, _) | ConversationKey::Contact(workspace, _)) = key;
            if !loaded.definitions_versions.contains_key(workspace)
                && let Some(version) = self.definitions_version(*workspace)?
            {
                loaded.definitions_versions.insert(*workspace, version);
            }
            loaded.conversations.push(self.load_conversation(key)?);
        }
        Ok(loaded)
    }

    fn load_conversation(&self, key: &ConversationKey) -> sql::Result<Option<Conversation>> {
        let (workspace, id) = match key {
            ConversationKey::Contact(workspace, id) => (*workspace, *id),
            ConversationKey::Urn(workspace, urn) => match self.contact_of(*workspace, urn)? {
                Some(id) => (*workspace, id),
                None => return Ok(None),
            },
        };
        let Some(contact) = self.contact(workspace, id)? else { return Ok(None) };
        let session = match contact.session {
            Some(session) => read_session(self.conn, workspace, session)?.filter(|s| s.ended_on.is_none()),
            None => None,
        };
        // One more than a step takes tells whether there are more, without asking again.
        let mut pending = self.pending(workspace, id)?;
        let more_pending = pending.len() > MAX_PENDING;
        pending.truncate(MAX_PENDING);
        Ok(Some(Conversation {
            urns: self.urns(workspace, id)?,
            groups: self.groups_of(workspace, id)?,
            tickets: self.open_tickets(workspace, id)?,
            pending,
            more_pending,
            session,
            contact,
        }))
    }

    fn contact_of(&self, workspace: WorkspaceId, urn: &Urn) -> sql::Result<Option<ContactId>> {
        sql::one(
            self.conn,
            "SELECT contact_id FROM contact_urn WHERE workspace_id = $1 AND scheme = $2 AND path = $3",
            &[&workspace.0, &urn.scheme.as_str(), &urn.path.as_str()],
            |row| row.get(0).map(ContactId),
        )
    }

    pub(crate) fn address_owner(
        &self,
        workspace: WorkspaceId,
        urn: Urn,
    ) -> Result<Option<(ContactId, UrnId)>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT contact_id, id FROM contact_urn WHERE workspace_id = $1 AND scheme = $2 AND path = $3",
            &[&workspace.0, &urn.scheme.as_str(), &urn.path.as_str()],
            |row| Ok((ContactId(row.get(0)?), UrnId(row.get(1)?))),
        )?)
    }

    fn contact(&self, workspace: WorkspaceId, id: ContactId) -> sql::Result<Option<ContactRow>> {
        sql::one(
            self.conn,
            &format!("SELECT {CONTACT_COLUMNS} FROM contact WHERE id = $1 AND workspace_id = $2"),
            &[&id.0, &workspace.0],
            |row| contact_row(row, workspace, id),
        )
    }

    pub(super) fn urns(&self, workspace: WorkspaceId, id: ContactId) -> sql::Result<Vec<UrnRow>> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {URN_COLUMNS} FROM contact_urn
                 WHERE contact_id = $1 AND workspace_id = $2 ORDER BY priority DESC, id"
            ),
            &[&id.0, &workspace.0],
            urn_row,
        )
    }

    fn groups_of(&self, workspace: WorkspaceId, id: ContactId) -> sql::Result<Vec<GroupId>> {
        sql::all(
            self.conn,
            "SELECT group_id FROM contact_group_member WHERE contact_id = $1 AND workspace_id = $2
             ORDER BY joined_on, group_id",
            &[&id.0, &workspace.0],
            |row| row.get(0).map(GroupId),
        )
    }

    fn pending(&self, workspace: WorkspaceId, id: ContactId) -> sql::Result<Vec<PendingMessage>> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {PENDING_COLUMNS} FROM message
                 WHERE contact_id = $1 AND workspace_id = $2 AND status = 'pending' ORDER BY id LIMIT $3"
            ),
            &[&id.0, &workspace.0, &(MAX_PENDING as i64 + 1)],
            pending_row,
        )
    }

    pub(crate) fn session(
        &self,
        workspace: WorkspaceId,
        id: SessionId,
    ) -> Result<Option<SessionRow>, StoreError> {
        Ok(read_session(self.conn, workspace, id)?)
    }
}

fn read_session(conn: &Connection, workspace: WorkspaceId, id: SessionId) -> sql::Result<Option<SessionRow>> {
    sql::one(
        conn,
        &format!("SELECT {SESSION_COLUMNS} FROM session WHERE id = $1 AND workspace_id = $2"),
        &[&id.0, &workspace.0],
        |row| session_row(row, workspace, id),
    )
}

pub(crate) fn session_row(row: &Row<'_>, workspace: WorkspaceId, id: SessionId) -> sql::Result<SessionRow> {
    let wait_kind = match row.str_opt(3)? {
        Some(_) => Some(sql::word(row, 3, WaitKind::parse)?),
        None => None,
    };
    Ok(SessionRow {
        id,
        workspace,
        uuid: sql::uuid(row, 0)?.into(),
        contact: ContactId(row.get(1)?),
        status: sql::word(row, 2, SessionStatus::parse)?,
        wait_kind,
        wait_until: sql::time_opt(row, 4)?,
        expires_on: sql::time_opt(row, 5)?,
        pins: row.get(6)?,
        state: row.get::<Option<Vec<u8>>>(7)?.unwrap_or_default(),
        created_on: sql::time(row, 8)?,
        ended_on: sql::time_opt(row, 9)?,
    })
}

pub(crate) fn contact_row(row: &Row<'_>, workspace: WorkspaceId, id: ContactId) -> sql::Result<ContactRow> {
    Ok(ContactRow {
        id,
        workspace,
        uuid: sql::uuid(row, 0)?.into(),
        version: row.get(1)?,
        name: sql::text(row, 2)?,
        language: sql::text_opt(row, 3)?,
        status: sql::word(row, 4, sql::contact_status)?,
        timezone: sql::text_opt(row, 5)?,
        fields: sql::json(row, 6)?,
        session: row.get::<Option<i64>>(7)?.map(SessionId),
        flow: row.get::<Option<i64>>(8)?.map(FlowId),
        created_on: sql::time(row, 9)?,
        last_seen_on: sql::time_opt(row, 10)?,
        groups_as_of: row.get(11)?,
    })
}

pub(crate) fn urn_row(row: &Row<'_>) -> sql::Result<UrnRow> {
    Ok(UrnRow {
        id: UrnId(row.get(0)?),
        scheme: sql::text(row, 1)?,
        path: sql::text(row, 2)?,
        display: sql::text_opt(row, 3)?,
        priority: row.get(4)?,
        channel: row.get::<Option<i64>>(5)?.map(ChannelId),
    })
}

pub(crate) fn pending_row(row: &Row<'_>) -> sql::Result<PendingMessage> {
    Ok(PendingMessage {
        id: MessageId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        urn: row.get::<Option<i64>>(2)?.map(UrnId),
        channel: row.get::<Option<i64>>(3)?.map(ChannelId),
        text: sql::text(row, 4)?,
        attachments: sql::json(row, 5)?,
        external_id: sql::text_opt(row, 6)?,
        detail: row.get(7)?,
        created_on: sql::time(row, 8)?,
    })
}
