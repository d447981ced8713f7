//! Files that people sent and their carrier keeps for some days.

use domain::{ChannelId, MediaId, MediaUuid, MessageId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// How far a file is.
    MediaState {
        /// It is to be fetched.
        Waiting = "waiting",
        /// It is in the folder of media.
        Kept = "kept",
        /// It cannot be fetched any more.
        Lost = "lost",
    }
}

/// A file as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// Row number.
    pub id: MediaId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier: who knows it may read the file.
    pub uuid: MediaUuid,
    /// The line it came on.
    pub channel: ChannelId,
    /// The message it came with.
    pub message: MessageId,
    /// Which of the message's attachments it is, from 0.
    pub place: i64,
    /// Its address at the carrier.
    pub source: String,
    /// Its media type, as the carrier says.
    pub mime: SmolStr,
    /// How far it is.
    pub state: MediaState,
    /// How often the row was changed: each try takes two.
    pub steps: i64,
    /// When it is tried again.
    pub next_try: Timestamp,
    /// SHA-256 in hex, of one that is kept.
    pub sha256: Option<SmolStr>,
    /// Size, of one that is kept.
    pub bytes: Option<i64>,
    /// Why the last try failed.
    pub reason: Option<String>,
    /// When the message came.
    pub created_on: Timestamp,
    /// When the row was last changed.
    pub changed_on: Timestamp,
}

impl MediaRow {
    /// The attachment of a message whose file this is, while it is at the carrier.
    pub fn attachment_there(&self) -> String {
        format!("{}:{}", self.mime, self.source)
    }

    /// The attachment once it is kept: an address at our own nodes.
    pub fn attachment_here(&self) -> String {
        format!("{}:/media/{}", self.mime, self.uuid)
    }
}
