//! Files that people sent: what is to be fetched is written with the message, and what became of it when it is known.

use channels::Line;
use domain::{ChannelId, MediaId, MediaUuid, MessageId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;
use store::{Change, ChannelRow, MediaRow, MediaState, StoreError, Unit, UnitError};

use crate::Context;

/// How a try to fetch a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEnd {
    /// It is in the folder of media under this SHA-256 in hex.
    Kept {
        /// Its name.
        sha256: SmolStr,
        /// Its size.
        bytes: u64,
    },
    /// It is to be tried again.
    Later {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It cannot be fetched any more.
    Lost {
        /// Why.
        reason: String,
    },
}

/// Writes down a file that a program sent and that is in the folder of media already.
///
/// # Errors
/// When the store cannot be written.
pub async fn keep_upload(
    ctx: &Context,
    workspace: WorkspaceId,
    mime: &str,
    (sha256, bytes): (SmolStr, u64),
) -> Result<MediaUuid, StoreError> {
    let now = ctx.now();
    let row = MediaRow {
        id: MediaId(ctx.next_id(now)),
        workspace,
        uuid: MediaUuid(ctx.host.uuid_v4()),
        channel: ChannelId(0),
        message: MessageId(0),
        place: 0,
        source: String::new(),
        mime: mime.into(),
        state: MediaState::Kept,
        steps: 0,
        next_try: now,
        sha256: Some(sha256),
        bytes: i64::try_from(bytes).ok(),
        reason: None,
        created_on: now,
        changed_on: now,
    };
    let uuid = row.uuid;
    match ctx.write_one(Unit::new(vec![Change::NewMedia(Box::new(row))])).await {
        Ok(_) => Ok(uuid),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// The files of a message that its carrier keeps for a time and gives to nobody else.
pub(crate) fn files_of(
    ctx: &Context,
    channel: &ChannelRow,
    (message, attachments): (MessageId, &[SmolStr]),
    arrived: Timestamp,
) -> Vec<Change> {
    let sources = attachments.iter().map(|attachment| attachment.split_once(':').unwrap_or(("", attachment)));
    if !sources.clone().any(|(_, source)| source.starts_with("http")) {
        return Vec::new();
    }
    let (kind, schemes) = (channel.channel_type.as_str(), channel.schemes.as_slice());
    let opened = Line::open(
        channel.uuid,
        kind,
        &channel.address,
        channel.country.as_deref(),
        schemes,
        &channel.config,
    );
    // A line whose settings cannot be read takes messages all the same.
    let Ok(line) = opened else { return Vec::new() };
    let now = ctx.now();
    let new = |(place, (mime, source)): (i64, (&str, &str))| MediaRow {
        id: MediaId(ctx.next_id(now)),
        workspace: channel.workspace,
        uuid: MediaUuid(ctx.host.uuid_v4()),
        channel: channel.id,
        message,
        place,
        source: source.to_owned(),
        mime: mime.into(),
        state: MediaState::Waiting,
        steps: 0,
        next_try: now,
        sha256: None,
        bytes: None,
        reason: None,
        created_on: arrived,
        changed_on: now,
    };
    let kept = (0..).zip(sources).filter(|(_, (_, source))| line.keeps_file(source));
    kept.map(new).map(|row| Change::NewMedia(Box::new(row))).collect()
}

/// Takes a file in hand for so long: no other node tries it meanwhile. Answers the row as it is then, `None` if another
/// node was faster.
///
/// # Errors
/// When the store fails.
pub async fn claim_file(
    ctx: &Context,
    row: MediaRow,
    long: SignedDuration,
) -> Result<Option<MediaRow>, StoreError> {
    let now = ctx.now();
    let row = MediaRow { next_try: now + long, changed_on: now, ..row };
    write(ctx, row).await
}

/// Writes down how a try ended. Answers `false` if somebody else has the file in hand by now.
///
/// # Errors
/// When the store fails.
pub async fn end_file(ctx: &Context, row: MediaRow, end: FileEnd) -> Result<bool, StoreError> {
    let row = MediaRow { changed_on: ctx.now(), ..row };
    let row = match end {
        FileEnd::Kept { sha256, bytes } => MediaRow {
            state: MediaState::Kept,
            sha256: Some(sha256),
            bytes: i64::try_from(bytes).ok(),
            reason: None,
            ..row
        },
        FileEnd::Later { at, reason } => MediaRow { next_try: at, reason: Some(reason), ..row },
        FileEnd::Lost { reason } => MediaRow { state: MediaState::Lost, reason: Some(reason), ..row },
    };
    Ok(write(ctx, row).await?.is_some())
}

async fn write(ctx: &Context, row: MediaRow) -> Result<Option<MediaRow>, StoreError> {
    match ctx.write_one(Unit::new(vec![Change::Media(Box::new(row.clone()))])).await {
        Ok(_) => Ok(Some(MediaRow { steps: row.steps + 1, ..row })),
        Err(UnitError::Gone) => Ok(None),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}
