//! Codes that are checked: of clinics, of personnel, and the numbers that were drawn for people.

use std::collections::BTreeSet;

use domain::{
    CodeId, WorkspaceId,
    identifier::{DRAWN_DIGITS, is_damm, plain},
};
use flows::csv;
use smol_str::SmolStr;
use store::{AuditNote, Change, CodeChange, CodeRow, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::Context;

/// Codes that one file brings in.
pub const MAX_CODES: usize = 50_000;
/// Characters of a code.
pub const MAX_CODE: usize = 40;
/// Characters of the name of a code, or of its place.
pub const MAX_CODE_NAME: usize = 200;
/// Characters of a kind of codes.
pub const MAX_CODE_KIND: usize = 32;
/// Bytes of a file of codes.
pub const MAX_CODES_BYTES: usize = 16 << 20;

/// Why a code is not taken. The text is for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WrongCode {
    /// There is no such code of this kind.
    #[error("Not a known {kind} code: {code}.")]
    Unknown {
        /// The kind.
        kind: SmolStr,
        /// As it was typed.
        code: SmolStr,
    },
    /// It cannot be one.
    #[error("Not a {kind} code, a digit was mistyped: {code}.")]
    Mistyped {
        /// The kind.
        kind: SmolStr,
        /// As it was typed.
        code: SmolStr,
    },
    /// It is not used any more.
    #[error("This {kind} code is no longer in use: {code}.")]
    Retired {
        /// The kind.
        kind: SmolStr,
        /// As it was typed.
        code: SmolStr,
    },
}

/// Why codes were not saved. Nothing has changed then.
#[derive(Debug, Clone, Error)]
pub enum CodeError {
    /// The kind is no word.
    #[error("a kind of codes is a word of at most {MAX_CODE_KIND} letters, digits and _, such as clinic")]
    Kind,
    /// The code is empty or too long.
    #[error("a code has 1 to {MAX_CODE} letters, digits or signs")]
    Code,
    /// Name or place are too long.
    #[error("name and place have at most {MAX_CODE_NAME} characters")]
    Name,
    /// It was drawn for a person.
    #[error("{0} was drawn for a person: only its use can be changed")]
    Drawn(SmolStr),
    /// The file is too large.
    #[error("a file of codes has at most {MAX_CODES} rows and {MAX_CODES_BYTES} bytes")]
    TooMany,
    /// It is not comma-separated values.
    #[error(transparent)]
    Csv(#[from] csv::CsvError),
    /// The first row does not name the columns.
    #[error("the first row must name the columns: code, and if there are any name, place, active")]
    Columns,
    /// A row that cannot be read.
    #[error("row {row}: {said}")]
    Row {
        /// Its place, counted from 1 with the row of names.
        row: usize,
        /// What is wrong.
        said: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A code as it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCode {
    /// What it is a code of, such as `clinic`.
    pub kind: SmolStr,
    /// The code.
    pub code: SmolStr,
    /// What or who has it; `None` leaves what is known.
    pub name: Option<SmolStr>,
    /// Where that is; `None` leaves what is known.
    pub place: Option<SmolStr>,
    /// Whether it may be used; `None` leaves what is known, and a new one may.
    pub active: Option<bool>,
}

/// What a file of codes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodesImported {
    /// Rows that were brought in.
    pub rows: usize,
    /// Codes of the kind that may be used now.
    pub active: i64,
}

/// A kind as it is kept; `None` if it is no word.
pub fn code_kind(text: &str) -> Option<SmolStr> {
    let kind = text.trim().to_lowercase();
    let is_word = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (is_word && (1..=MAX_CODE_KIND).contains(&kind.len())).then(|| kind.into())
}

/// Looks a code up, whatever blanks, hyphens and case it was typed with.
///
/// # Errors
/// Only of the store; why the code is not taken is in the answer.
pub async fn check_code(
    ctx: &Context,
    workspace: WorkspaceId,
    kind: &str,
    typed: &str,
) -> Result<Result<CodeRow, WrongCode>, StoreError> {
    let shown: SmolStr = typed.trim().chars().take(MAX_CODE).collect();
    let (kind, key) = (SmolStr::from(kind.trim().to_lowercase()), plain(typed));
    let found = ctx.store.code(workspace, kind.clone(), key.clone()).await?;
    match found {
        Some(row) if row.active => return Ok(Ok(row)),
        Some(_) => return Ok(Err(WrongCode::Retired { kind, code: shown })),
        None => {}
    }
    let may_be = key.len() == DRAWN_DIGITS && is_damm(&key);
    if !may_be && ctx.store.is_drawn(workspace, kind.clone()).await? {
        return Ok(Err(WrongCode::Mistyped { kind, code: shown }));
    }
    Ok(Err(WrongCode::Unknown { kind, code: shown }))
}

/// Adds a code, or changes the one that is there. Answers it, and whether it is new.
///
/// # Errors
/// [`CodeError`]; nothing is written then.
pub async fn save_code(
    ctx: &Context,
    workspace: WorkspaceId,
    new: NewCode,
) -> Result<(CodeRow, bool), CodeError> {
    let kind = code_kind(&new.kind).ok_or(CodeError::Kind)?;
    let key = fitting(&new.code)?;
    let known = ctx.store.code(workspace, kind.clone(), key).await?;
    let is_new = known.is_none();
    let now = ctx.now();
    let mut row = known.unwrap_or_else(|| CodeRow {
        id: CodeId(ctx.next_id(now)),
        workspace,
        kind,
        code: new.code.trim().into(),
        name: SmolStr::default(),
        place: SmolStr::default(),
        active: true,
        contact: None,
        created_on: now,
        modified_on: now,
    });
    if row.contact.is_some() && (new.name.is_some() || new.place.is_some()) {
        return Err(CodeError::Drawn(row.code));
    }
    row.name = named(new.name, row.name)?;
    row.place = named(new.place, row.place)?;
    row.active = new.active.unwrap_or(row.active);
    row.modified_on = now;
    write(ctx, vec![Change::Code(CodeChange::Save(Box::new(row.clone())))]).await?;
    Ok((row, is_new))
}

fn fitting(code: &str) -> Result<SmolStr, CodeError> {
    let (key, length) = (plain(code), code.trim().chars().count());
    if key.is_empty() || length > MAX_CODE || code.contains('\0') { Err(CodeError::Code) } else { Ok(key) }
}

fn named(new: Option<SmolStr>, known: SmolStr) -> Result<SmolStr, CodeError> {
    let name = new.map_or(known, |name| name.trim().into());
    let fits = name.chars().count() <= MAX_CODE_NAME && !name.contains('\0');
    if fits { Ok(name) } else { Err(CodeError::Name) }
}

/// Brings in codes of a kind from comma-separated values, whole or not at all: columns `code`, `name`, `place` and `active`,
/// of which only the first must be there. With `replace`, codes that are not in the file are no longer in use. What was drawn
/// for people stays.
///
/// # Errors
/// [`CodeError`], with the row; nothing is written then.
pub async fn import_codes(
    ctx: &Context,
    workspace: WorkspaceId,
    kind: &str,
    csv: &str,
    replace: bool,
) -> Result<CodesImported, CodeError> {
    let kind = code_kind(kind).ok_or(CodeError::Kind)?;
    if csv.len() > MAX_CODES_BYTES {
        return Err(CodeError::TooMany);
    }
    let rows = read(ctx, workspace, &kind, csv)?;
    let imported = rows.len();
    let note = AuditNote {
        workspace,
        verb: "imported",
        kind: "code",
        subject: kind.clone(),
        detail: serde_json::json!({"rows": imported, "replace": replace}),
    };
    let now = rows.first().map_or_else(|| ctx.now(), |row| row.modified_on);
    let mut changes = vec![Change::Note(Box::new(note)), Change::Code(CodeChange::Import(workspace, rows))];
    if replace {
        changes.push(Change::Code(CodeChange::Retire(workspace, kind.clone(), now)));
    }
    write(ctx, changes).await?;
    let kinds = ctx.store.code_kinds(workspace).await?;
    let active = kinds.iter().find(|(known, ..)| *known == kind).map_or(0, |(_, _, active)| *active);
    Ok(CodesImported { rows: imported, active })
}

/// The rows of a file, each code once: the last row of a code counts.
fn read(ctx: &Context, workspace: WorkspaceId, kind: &SmolStr, csv: &str) -> Result<Vec<CodeRow>, CodeError> {
    let mut rows = csv::rows(csv)?.into_iter();
    let columns: Vec<String> =
        rows.next().unwrap_or_default().iter().map(|name| name.trim().to_lowercase()).collect();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let code = place("code").ok_or(CodeError::Columns)?;
    let (name, at, active) = (place("name"), place("place"), place("active"));
    let now = ctx.now();
    let mut found = Vec::new();
    for (number, row) in rows.enumerate() {
        let wrong = |said: String| CodeError::Row { row: number + 2, said };
        let cell = |place: Option<usize>| place.and_then(|place| row.get(place)).cloned().unwrap_or_default();
        let text = cell(Some(code));
        fitting(&text).map_err(|error| wrong(error.to_string()))?;
        let named = |text| named(Some(text), SmolStr::default()).map_err(|error| wrong(error.to_string()));
        let used = match cell(active).trim().to_lowercase().as_str() {
            "" | "1" | "true" | "yes" | "y" | "active" => true,
            "0" | "false" | "no" | "n" | "inactive" => false,
            other => return Err(wrong(format!("active is yes or no, not {other:?}"))),
        };
        if found.len() >= MAX_CODES {
            return Err(CodeError::TooMany);
        }
        found.push(CodeRow {
            id: CodeId(ctx.next_id(now)),
            workspace,
            kind: kind.clone(),
            code: text.trim().into(),
            name: named(cell(name))?,
            place: named(cell(at))?,
            active: used,
            contact: None,
            created_on: now,
            modified_on: now,
        });
    }
    let mut seen = BTreeSet::new();
    found.reverse();
    found.retain(|row| seen.insert(plain(&row.code)));
    found.reverse();
    Ok(found)
}

async fn write(ctx: &Context, changes: Vec<Change>) -> Result<(), CodeError> {
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Conflict | UnitError::Taken(_)) => Err(StoreError::Busy.into()),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(error @ (UnitError::Duplicate | UnitError::Gone | UnitError::TooLarge(_))) => {
            Err(StoreError::Database(error.to_string()).into())
        }
    }
}
