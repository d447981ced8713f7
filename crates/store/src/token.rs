//! What programs prove themselves with who speak over the API.

use domain::{TokenId, TokenUuid, UserId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

/// A token as stored: of the token itself only a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Row number.
    pub id: TokenId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier, by which people name it.
    pub uuid: TokenUuid,
    /// As whom its holder acts.
    pub user: UserId,
    /// SHA-256 of the token, in hex.
    pub sha256: SmolStr,
    /// When it was made.
    pub created_on: Timestamp,
}
