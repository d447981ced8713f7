//! Reads whole conversations of a batch: two round trips, whatever the number of people.

use std::collections::HashMap;

use domain::{ContactId, GroupId, SessionId, WorkspaceId};

use super::{
    session::{Answer, Session},
    wire::Table,
};
use crate::{
    Conversation, ConversationKey, Loaded, Reach, StoreError,
    sql::{self, Row},
    sqlite::{
        read_conversations::{
            CONTACT_COLUMNS, MAX_PENDING, PENDING_COLUMNS, SESSION_COLUMNS, URN_COLUMNS, contact_row,
            pending_row, session_row, urn_row,
        },
        read_jobs::{REACH_COLUMNS, reach_row},
        read_tickets::{TICKET_COLUMNS, ticket_row},
    },
};

const OWNERS: &str = "SELECT w.place, u.contact_id FROM {rows} AS w (place, workspace_id, scheme, path)
     JOIN contact_urn AS u
         ON u.workspace_id = w.workspace_id AND u.scheme = w.scheme AND u.path = w.path";
const VERSIONS: &str = "SELECT id, definitions_version FROM workspace WHERE id = ANY($1::bigint[])";

/// The conversations of these contacts, in the order of the keys.
pub(crate) fn load_conversations(session: &Session, keys: &[ConversationKey]) -> Result<Loaded, StoreError> {
    session.begin_goes_by_key();
    let contacts = owners(session, keys)?;
    let mut loaded = Loaded::default();
    let mut workspaces = Table::default();
    for key in keys {
        let (ConversationKey::Urn(workspace, _) | ConversationKey::Contact(workspace, _)) = key;
        workspaces.push(&[&workspace.0]);
    }
    if workspaces.rows() == 0 {
        return Ok(loaded);
    }
    let mut ids = Table::default();
    contacts.iter().flatten().for_each(|id| ids.push(&[&id.0]));
    let mut statements = vec![(VERSIONS.to_owned(), workspaces.binds())];
    statements.extend(questions().into_iter().filter(|_| ids.rows() > 0).map(|text| (text, ids.binds())));
    let (answers, ended) = session.together(&statements, true)?;
    ended?;
    let mut answers = answers.into_iter();
    for row in answers.next().iter().flat_map(|answer| &answer.rows).map(Row::Postgres) {
        loaded.definitions_versions.insert(WorkspaceId(row.get(0)?), row.get(1)?);
    }
    let mut people = people(answers)?;
    // A contact that was asked for twice is answered twice.
    let mut asked: HashMap<ContactId, usize> = HashMap::new();
    contacts.iter().flatten().for_each(|id| *asked.entry(*id).or_default() += 1);
    for (key, contact) in keys.iter().zip(contacts) {
        let (ConversationKey::Urn(workspace, _) | ConversationKey::Contact(workspace, _)) = key;
        let found = contact.and_then(|id| {
            let left = asked.get_mut(&id)?;
            *left -= 1;
            if *left == 0 { people.remove(&id) } else { people.get(&id).cloned() }
        });
        loaded.conversations.push(found.filter(|found| found.contact.workspace == *workspace));
    }
    Ok(loaded)
}

/// What telling these contacts something needs to know of them, in the order of the row numbers.
pub(crate) fn reach(
    session: &Session,
    workspace: WorkspaceId,
    contacts: &[ContactId],
) -> Result<Vec<Reach>, StoreError> {
    let mut ids = Table::default();
    contacts.iter().for_each(|id| ids.push(&[&id.0]));
    if ids.rows() == 0 {
        return Ok(Vec::new());
    }
    let people =
        format!("SELECT {REACH_COLUMNS}, workspace_id FROM contact WHERE id = ANY($1::bigint[]) ORDER BY id");
    let urns = format!(
        "SELECT {URN_COLUMNS}, contact_id FROM contact_urn
         WHERE contact_id = ANY($1::bigint[]) ORDER BY contact_id, priority DESC, id"
    );
    let statements = [(people, ids.binds()), (urns, ids.binds())];
    let (answers, ended) = session.together(&statements, true)?;
    ended?;
    let mut found: Vec<Reach> = Vec::with_capacity(contacts.len());
    let mut places = HashMap::new();
    let rows = |place: usize| answers.get(place).into_iter().flat_map(|answer: &Answer| &answer.rows);
    for row in rows(0).map(Row::Postgres) {
        if row.get::<i64>(6)? == workspace.0 {
            let reach = reach_row(&row)?;
            places.insert(reach.contact.0, found.len());
            found.push(reach);
        }
    }
    for row in rows(1).map(Row::Postgres) {
        if let Some(place) = places.get(&row.get::<i64>(6)?) {
            found[*place].urns.push(urn_row(&row)?);
        }
    }
    Ok(found)
}

/// Who has the addresses that are asked for.
fn owners(session: &Session, keys: &[ConversationKey]) -> sql::Result<Vec<Option<ContactId>>> {
    let mut wanted = Table::default();
    let mut owners = Vec::with_capacity(keys.len());
    for (place, key) in (0_i64..).zip(keys) {
        owners.push(match key {
            ConversationKey::Contact(_, id) => Some(*id),
            ConversationKey::Urn(workspace, urn) => {
                wanted.push(&[&place, &workspace.0, &urn.scheme, &urn.path]);
                None
            }
        });
    }
    if wanted.rows() > 0 {
        let answer = session.run(&wanted.unfold(OWNERS), &wanted.binds())?;
        for row in answer.rows.iter().map(Row::Postgres) {
            let place = usize::try_from(row.get::<i64>(0)?).unwrap_or(usize::MAX);
            if let Some(owner) = owners.get_mut(place) {
                *owner = Some(ContactId(row.get(1)?));
            }
        }
    }
    Ok(owners)
}

/// One statement for each part of a conversation; each names the contact after the columns of the part.
fn questions() -> [String; 6] {
    let of = |columns: &str, table: &str| {
        columns.split(',').map(|column| format!("{table}.{}", column.trim())).collect::<Vec<_>>().join(", ")
    };
    let pending = i64::try_from(MAX_PENDING).unwrap_or(i64::MAX) + 1;
    [
        // The contacts first, then the parts in the order of `PARTS`.
        format!("SELECT {CONTACT_COLUMNS}, id, workspace_id FROM contact WHERE id = ANY($1::bigint[])"),
        format!(
            "SELECT {URN_COLUMNS}, contact_id, workspace_id FROM contact_urn
             WHERE contact_id = ANY($1::bigint[]) ORDER BY contact_id, priority DESC, id"
        ),
        "SELECT group_id, contact_id, workspace_id FROM contact_group_member
         WHERE contact_id = ANY($1::bigint[]) ORDER BY contact_id, joined_on, group_id"
            .to_owned(),
        format!(
            "SELECT {}, s.id, s.workspace_id FROM contact AS c
             JOIN session AS s ON s.id = c.session_id AND +s.workspace_id = c.workspace_id
             WHERE c.id = ANY($1::bigint[]) AND s.ended_on IS NULL",
            of(SESSION_COLUMNS, "s")
        ),
        format!(
            "SELECT {}, m.contact_id, m.workspace_id FROM unnest($1::bigint[]) AS w (id)
             CROSS JOIN LATERAL (SELECT * FROM message AS of
                 WHERE of.contact_id = w.id AND of.waits = 1 ORDER BY of.id LIMIT {pending}) AS m
             ORDER BY m.contact_id, m.id",
            of(PENDING_COLUMNS, "m")
        ),
        format!(
            "SELECT {TICKET_COLUMNS} FROM ticket
             WHERE contact_id = ANY($1::bigint[]) AND status = 'open' ORDER BY contact_id, id"
        ),
    ]
}

/// Takes one row of a part of a conversation.
type Take = fn(&Row<'_>, &mut Conversation) -> sql::Result<()>;

/// Of each part: where its rows name the contact and the workspace, and how they are taken.
const PARTS: [(usize, usize, Take); 5] = [
    (6, 7, |row, person| {
        person.urns.push(urn_row(row)?);
        Ok(())
    }),
    (1, 2, |row, person| {
        person.groups.push(GroupId(row.get(0)?));
        Ok(())
    }),
    (1, 11, |row, person| {
        person.session = Some(session_row(row, person.contact.workspace, SessionId(row.get(10)?))?);
        Ok(())
    }),
    (9, 10, |row, person| {
        person.more_pending = person.pending.len() >= MAX_PENDING;
        if !person.more_pending {
            person.pending.push(pending_row(row)?);
        }
        Ok(())
    }),
    (3, 1, |row, person| {
        person.tickets.push(ticket_row(row)?);
        Ok(())
    }),
];

/// Puts the answers together, which come in the order of the questions.
fn people(mut answers: impl Iterator<Item = Answer>) -> sql::Result<HashMap<ContactId, Conversation>> {
    let mut people = HashMap::new();
    for row in answers.next().iter().flat_map(|answer| &answer.rows).map(Row::Postgres) {
        let (id, workspace) = (ContactId(row.get(12)?), WorkspaceId(row.get(13)?));
        let contact = contact_row(&row, workspace, id)?;
        people.insert(
            id,
            Conversation {
                contact,
                urns: Vec::new(),
                groups: Vec::new(),
                tickets: Vec::new(),
                session: None,
                pending: Vec::new(),
                more_pending: false,
            },
        );
    }
    for ((contact, workspace, take), answer) in PARTS.into_iter().zip(answers) {
        for row in answer.rows.iter().map(Row::Postgres) {
            let (id, workspace) = (ContactId(row.get(contact)?), row.get::<i64>(workspace)?);
            if let Some(person) = people.get_mut(&id).filter(|person| person.contact.workspace.0 == workspace)
            {
                take(&row, person)?;
            }
        }
    }
    Ok(people)
}
