//! Who changed what: people, programs with tokens and commands leave a row for each thing they change, in the transaction
//! that changes it. The writer makes the rows itself, from the changes of a unit that says who acts ([`crate::Unit::acting`]),
//! so that no operation can forget it.

use domain::{UserId, WorkspaceId};
use jiff::Timestamp;
use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{Walk, text_codes::text_codes};

/// Things for which one unit leaves rows; of the others it says how many they were.
pub const MAX_AUDITED: usize = 1_000;
/// Characters of a value that are kept; of a longer one its beginning is.
pub const MAX_AUDITED_CHARS: usize = 1_000;

text_codes! {
    /// By what it is known who acts.
    ActorMeans {
        /// A token of the API.
        Token = "token",
        /// They are signed in.
        Session = "session",
        /// They are signing in.
        SignIn = "sign_in",
        /// They have a link that is used once.
        Link = "link",
        /// They can run commands on the machine.
        CommandLine = "command_line",
    }
}

/// Somebody who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Where they work; `None` for the whole store.
    pub workspace: Option<WorkspaceId>,
    /// As which user.
    pub user: Option<UserId>,
    /// Their e-mail address, or the name that the machine knows them by.
    pub who: SmolStr,
    /// By what it is known.
    pub means: ActorMeans,
    /// Which token or session that is.
    pub proof: Option<Uuid>,
}

/// Somebody who acts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// The number of the rows that it leaves.
    pub id: i64,
    /// When.
    pub on: Timestamp,
}

/// Something to leave a row about that no row of another table says, such as an import as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditNote {
    /// Where.
    pub workspace: WorkspaceId,
    /// What was done, in a word such as `imported`.
    pub verb: &'static str,
    /// With what kind of thing.
    pub kind: &'static str,
    /// Which one.
    pub subject: SmolStr,
    /// What else there is to say.
    pub detail: Value,
}

/// That something was changed, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// One number for all that was changed at once.
    pub id: i64,
    /// The place within it.
    pub place: i64,
    /// Where; 0 for what belongs to the whole store.
    pub workspace: WorkspaceId,
    /// When.
    pub created_on: Timestamp,
    /// As which user.
    pub user: Option<UserId>,
    /// The e-mail address of who it was, or the name that the machine knows them by.
    pub who: SmolStr,
    /// By what it was known.
    pub means: ActorMeans,
    /// Which token or session that was.
    pub proof: Option<Uuid>,
    /// What was done: `created`, `changed`, `removed` or another word.
    pub verb: SmolStr,
    /// With what kind of thing.
    pub kind: SmolStr,
    /// Its public identifier, if it has one.
    pub subject_uuid: Option<Uuid>,
    /// What it is called.
    pub subject: SmolStr,
    /// What of it was another before.
    pub before: Value,
    /// What of it is another now.
    pub after: Value,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditOf {
    /// Where; `None`: everywhere.
    pub workspace: Option<WorkspaceId>,
    /// Of which kind of thing.
    pub kind: Option<SmolStr>,
    /// Whose doing.
    pub who: Option<SmolStr>,
    /// About which thing.
    pub subject: Option<Uuid>,
    /// Not earlier than this, in microseconds.
    pub after: Option<i64>,
    /// Not later than this, in microseconds.
    pub before: Option<i64>,
}

/// A page of such rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditList {
    /// Which.
    pub of: AuditOf,
    /// The way through them; a place is a row's number and its place within.
    pub walk: Walk,
}
