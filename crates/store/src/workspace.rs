//! Tenants and the people who work in them.

use domain::{TeamId, UserId, UserUuid, WorkspaceId, WorkspaceUuid};
use jiff::Timestamp;
use smol_str::SmolStr;

/// A programme or a distributor; owns everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceRow {
    /// Row number.
    pub id: WorkspaceId,
    /// Public identifier.
    pub uuid: WorkspaceUuid,
    /// Name.
    pub name: SmolStr,
    /// IANA zone.
    pub timezone: SmolStr,
    /// ISO 3166 alpha-2, for reading phone numbers.
    pub country: Option<SmolStr>,
    /// ISO 639-3 codes, the default first.
    pub languages: Vec<SmolStr>,
    /// `DD-MM-YYYY`, `MM-DD-YYYY` or `YYYY-MM-DD`.
    pub date_format: SmolStr,
    /// `tt:mm`, `h:mm aa`, `tt:mm:ss` or `h:mm:ss aa`.
    pub time_format: SmolStr,
    /// `default`, `confusables` or `arabic_variants`.
    pub input_collation: SmolStr,
    /// Whether addresses are hidden from flows and people.
    pub anonymous: bool,
    /// Key of the public references of anonymous contacts.
    pub obfuscation_key: [u32; 4],
    /// Rises with each change of definitions; caches compare it.
    pub definitions_version: i64,
    /// When it was made.
    pub created_on: Timestamp,
}

/// A person who works in the console.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// Row number.
    pub id: UserId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: UserUuid,
    /// E-mail, lower case; unique in the workspace.
    pub email: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// Argon2id in PHC form; of users who came from elsewhere what was kept there, until they sign in.
    pub password_hash: String,
    /// `administrator`, `editor`, `agent` or `viewer`.
    pub role: SmolStr,
    /// The team of agents to which they belong.
    pub team: Option<TeamId>,
    /// When they were added.
    pub created_on: Timestamp,
}
