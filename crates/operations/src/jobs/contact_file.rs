//! Contacts as comma-separated values: what the columns are called, and how cells are written so that a spreadsheet
//! takes none of them for a formula.

use domain::{FieldValue, Group, GroupUuid};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use store::Conversation;
use thiserror::Error;

use crate::Workspace;

/// Between the groups, or the addresses, of one cell.
pub(super) const BETWEEN: &str = " | ";
/// A cell that clears what the contact has.
pub(super) const CLEARS: &str = "--";

/// What a column of a file of contacts holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactColumn {
    /// `Contact UUID`: the contact that is meant.
    Uuid,
    /// `Name`.
    Name,
    /// `Language`: ISO 639-3.
    Language,
    /// `Status`: active, blocked, stopped or archived.
    Status,
    /// `URNs`: addresses `scheme:path`.
    Urns,
    /// `URN:tel`: the path of an address.
    Urn(SmolStr),
    /// `Field:Age`, by name or key: the field's key.
    Field(SmolStr),
    /// `Group:Mothers`, by name: whoever has something else here than nothing, `no`, `false` or `0` joins.
    Group(GroupUuid),
    /// `Groups`: names of groups. Those that are defined by a query are passed over.
    Groups,
    /// `Created On`, `Last Seen On`: written, not read.
    Ignored,
}

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ColumnError {
    /// The column means nothing.
    #[error(
        "the column {0:?} is not known; columns are Contact UUID, Name, Language, Status, URNs, URN:tel, Field:…, \
         Group:… and Groups"
    )]
    Unknown(SmolStr),
    /// A field or group that the workspace has not.
    #[error("there is no {kind} {name:?}; make it first, or take the column out")]
    Missing {
        /// `field` or `group`.
        kind: &'static str,
        /// What the column names.
        name: SmolStr,
    },
    /// A group that nobody can be put into.
    #[error("the group {0:?} is defined by a query; nobody can be put into it")]
    ByQuery(SmolStr),
    /// Nothing says who is meant.
    #[error("no column says who is meant: one must be Contact UUID, URNs or URN:tel")]
    Nobody,
}

/// Reads the header of a file.
pub(super) fn columns(header: &[SmolStr], ws: &Workspace) -> Result<Vec<ContactColumn>, ColumnError> {
    let columns = header.iter().map(|name| column(name, ws)).collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(ContactColumn::says_who) { Ok(columns) } else { Err(ColumnError::Nobody) }
}

/// What the columns of a file seem to be: as [`columns`] reads them, or by what people usually call them. Those that say
/// nothing are passed over.
pub(super) fn guess(header: &[SmolStr], ws: &Workspace) -> Vec<ContactColumn> {
    header
        .iter()
        .map(|name| column(name, ws).ok().or_else(|| usual(name, ws)).unwrap_or(ContactColumn::Ignored))
        .collect()
}

/// A plain heading.
fn usual(name: &str, ws: &Workspace) -> Option<ContactColumn> {
    let folded = name.trim().to_lowercase().replace(['-', '_'], " ");
    let urn = |scheme| Some(ContactColumn::Urn(SmolStr::new_static(scheme)));
    match folded.as_str() {
        "phone" | "phone number" | "mobile" | "mobile number" | "mobile phone" | "cell" | "cell phone"
        | "cellphone" | "tel" | "telephone" | "msisdn" | "number" => return urn("tel"),
        "whatsapp" | "whatsapp number" => return urn("whatsapp"),
        "email" | "e mail" | "mail" | "email address" | "e mail address" => return urn("mailto"),
        "full name" | "contact name" => return Some(ContactColumn::Name),
        _ => {}
    }
    let same = |known: &str| known.to_lowercase().replace('_', " ") == folded;
    let field = ws.assets.fields().find(|field| same(&field.key) || same(&field.name));
    let group = || group_named(ws, name).filter(|group| group.query.is_none());
    field
        .map(|field| ContactColumn::Field(field.key.clone()))
        .or_else(|| Some(ContactColumn::Group(group()?.uuid)))
}

impl ContactColumn {
    /// Reads what a column is from what it is called, such as `URN:tel` or `Field:Age`; of an empty text it is nothing.
    ///
    /// # Errors
    /// [`ColumnError`]: nothing is called so.
    pub fn read(name: &str, ws: &Workspace) -> Result<Self, ColumnError> {
        column(&name.into(), ws)
    }

    /// What it is called; `None` for one that is passed over.
    pub fn called(&self, ws: &Workspace) -> Option<SmolStr> {
        Some(match self {
            Self::Uuid => "Contact UUID".into(),
            Self::Name => "Name".into(),
            Self::Language => "Language".into(),
            Self::Status => "Status".into(),
            Self::Urns => "URNs".into(),
            Self::Groups => "Groups".into(),
            Self::Urn(scheme) => format_smolstr!("URN:{scheme}"),
            Self::Field(key) => {
                format_smolstr!("Field:{}", ws.assets.field(key).map_or(key, |field| &field.name))
            }
            Self::Group(uuid) => {
                format_smolstr!("Group:{}", ws.assets.group(*uuid).map_or("", |group| &group.name))
            }
            Self::Ignored => return None,
        })
    }

    /// Whether it says who is meant.
    pub(super) fn says_who(&self) -> bool {
        matches!(self, Self::Uuid | Self::Urns | Self::Urn(_))
    }
}

fn column(name: &SmolStr, ws: &Workspace) -> Result<ContactColumn, ColumnError> {
    let folded = name.trim().to_lowercase();
    let (kind, rest) = match name.split_once(':') {
        Some((kind, rest)) => (kind.trim().to_lowercase(), rest.trim()),
        None => (folded.clone(), ""),
    };
    Ok(match (kind.as_str(), rest) {
        ("contact uuid" | "uuid", "") => ContactColumn::Uuid,
        ("name", "") => ContactColumn::Name,
        ("language", "") => ContactColumn::Language,
        ("status", "") => ContactColumn::Status,
        ("urns", "") => ContactColumn::Urns,
        ("groups", "") => ContactColumn::Groups,
        ("created on" | "last seen on" | "", "") => ContactColumn::Ignored,
        ("urn", scheme) if domain::urn::is_scheme(&scheme.to_lowercase()) => {
            ContactColumn::Urn(scheme.to_lowercase().into())
        }
        ("field", wanted) if !wanted.is_empty() => {
            let same = |known: &str| known.to_lowercase() == wanted.to_lowercase();
            let found = ws.assets.fields().find(|field| same(&field.key) || same(&field.name));
            let missing = || ColumnError::Missing { kind: "field", name: wanted.into() };
            ContactColumn::Field(found.ok_or_else(missing)?.key.clone())
        }
        ("group", wanted) if !wanted.is_empty() => {
            let found = group_named(ws, wanted)
                .ok_or_else(|| ColumnError::Missing { kind: "group", name: wanted.into() })?;
            if found.query.is_some() {
                return Err(ColumnError::ByQuery(wanted.into()));
            }
            ContactColumn::Group(found.uuid)
        }
        _ => return Err(ColumnError::Unknown(name.clone())),
    })
}

/// A group by its name, whatever its case.
pub(super) fn group_named<'w>(ws: &'w Workspace, name: &str) -> Option<&'w Group> {
    let wanted = name.trim().to_lowercase();
    ws.assets.groups().find(|group| group.name.to_lowercase() == wanted)
}

/// The header of a file that is written. Workspaces that hide addresses write none.
pub(super) fn header(ws: &Workspace) -> String {
    let mut names: Vec<String> =
        ["Contact UUID", "Name", "Language", "Status", "Created On", "Last Seen On"].map(String::from).into();
    if !ws.row.anonymous {
        names.push("URNs".to_owned());
    }
    names.push("Groups".to_owned());
    names.extend(ws.assets.fields().map(|field| format!("Field:{}", field.name)));
    line(names)
}

/// One contact as a line.
pub(super) fn contact_line(contact: &Conversation, ws: &Workspace) -> String {
    let row = &contact.contact;
    let time = |at: jiff::Timestamp| at.to_string();
    let mut cells = vec![
        row.uuid.to_string(),
        row.name.to_string(),
        row.language.as_deref().unwrap_or_default().to_owned(),
        row.status.word().to_owned(),
        time(row.created_on),
        row.last_seen_on.map(time).unwrap_or_default(),
    ];
    if !ws.row.anonymous {
        let urns = contact.urns.iter().map(|urn| format!("{}:{}", urn.scheme, urn.path));
        cells.push(urns.collect::<Vec<_>>().join(BETWEEN));
    }
    let groups = contact.groups.iter().filter_map(|id| ws.assets.group(ws.group_uuid(*id)?));
    cells.push(groups.map(|group| group.name.to_string()).collect::<Vec<_>>().join(BETWEEN));
    for field in ws.assets.fields() {
        let value: Option<&FieldValue> = row.fields.get(&field.key);
        cells.push(value.map(|value| value.text.to_string()).unwrap_or_default());
    }
    line(cells)
}

/// Cells as a line.
pub(super) fn line(cells: Vec<String>) -> String {
    let mut line = cells.iter().map(|cell| written(cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// Whether a spreadsheet would take a text for a formula. Plain numbers and phone numbers are none.
fn is_formula(text: &str) -> bool {
    let number = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    match text.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => !number(&text[1..]) && text != CLEARS,
        _ => false,
    }
}

/// A cell as it is written.
fn written(text: &str) -> String {
    let kept = text.strip_prefix('\'').is_some_and(|rest| is_formula(rest) || rest.starts_with('\''));
    let guard = if is_formula(text) || kept { "'" } else { "" };
    if !text.contains(['"', ',', ';', '\t', '\n', '\r']) && guard.is_empty() && text.trim() == text {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A cell as it was meant: without the mark that [`written`] puts before what looks like a formula.
pub(super) fn meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) || rest.starts_with('\'') => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_each_is_read_as_it_was_meant() {
        for (text, expected) in [
            ("", ""),
            ("Amina", "Amina"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+254700000001", "+254700000001"),
            ("-12.5", "-12.5"),
            ("-1+cmd|' /C calc'!A0", "\"'-1+cmd|' /C calc'!A0\""),
            ("+", "\"'+\""),
            ("'=1", "\"''=1\""),
            ("'tis", "'tis"),
            ("''", "\"'''\""),
            ("two\nlines", "\"two\nlines\""),
            (" spaced ", "\" spaced \""),
        ] {
            assert_eq!(written(text), expected, "{text:?}");
            let rows = flows::csv::rows(&format!("x,y\n{},z", written(text))).unwrap();
            assert_eq!(meant(&rows[1][0]), text, "{text:?}");
        }
    }
}
