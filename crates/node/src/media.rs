//! Files that people sent: fetched from their carrier in the background, and kept in a folder or a bucket under the SHA-256
//! of what is in them, so that the same file takes its place once.
//!
//! Each node fetches; a row is taken in hand in the store first. Nodes that share a database share this place too.

use std::sync::Arc;
use std::time::Duration;

use channels::{HttpRequest, Line, MediaFile};
use domain::{MediaUuid, WorkspaceId};
use files::{FileError, Files};
use jiff::{SignedDuration, Timestamp};
use operations::{Context, FileEnd, Shed, claim_file, end_file};
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;
use store::{MediaRow, MediaState, StoreError};
use tokio::sync::Notify;

use crate::http::{Answer, Callee, Exchange, HttpError};
use crate::limits;
use crate::lines::Lines;
use crate::metrics::Metrics;
use crate::shedding::Shedding;
use crate::surroundings::Network;

/// Where a file lies: below the first two digits of its name, so that no folder has millions.
pub(crate) fn file_name(sha256: &str) -> String {
    format!("{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

/// Writes a file unless it is there.
async fn write(files: &Files, sha256: &str, bytes: &[u8]) -> Result<(), FileError> {
    let name = file_name(sha256);
    if files.size(&name).await?.is_some_and(|there| there == bytes.len() as u64) {
        return Ok(());
    }
    files.put(&name, bytes).await
}

/// What the worker is given.
pub(crate) struct Fetcher {
    pub(crate) ctx: Context,
    pub(crate) files: Files,
    pub(crate) lines: Arc<Lines>,
    pub(crate) network: Network,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shedding: Arc<Shedding>,
}

/// The task that fetches. It ends after `stop` is notified; what it has begun is tried again by whoever comes next.
pub(crate) async fn run(fetcher: Fetcher, stop: Arc<Notify>) {
    loop {
        let stepping = async {
            let pause = fetcher.step().await;
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = stepping => {}
        }
    }
}

/// Why a file is not there.
#[derive(Debug)]
enum Failure {
    /// It may be there later.
    Later(String),
    /// It never will be.
    Lost(String),
}

impl Fetcher {
    /// Fetches what is due. Answers how long to wait then.
    async fn step(&self) -> Duration {
        if self.shedding.turns_off(Shed::MediaFetching) {
            return limits::MEDIA_LOOK;
        }
        let due = match self.ctx.store.due_media(self.ctx.now(), limits::MEDIA_WINDOW).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "files to be fetched could not be read; trying again");
                return limits::MEDIA_LOOK;
            }
        };
        if due.is_empty() {
            return limits::MEDIA_LOOK;
        }
        let full = due.len() >= limits::MEDIA_WINDOW;
        let done = futures_util::future::join_all(due.into_iter().map(|row| self.one(row))).await;
        for error in done.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "what became of a file could not be written down; it is tried again");
        }
        if full { Duration::ZERO } else { limits::MEDIA_LOOK }
    }

    async fn one(&self, row: MediaRow) -> Result<(), StoreError> {
        let Some(row) = claim_file(&self.ctx, row, limits::MEDIA_IN_HAND).await? else { return Ok(()) };
        let end = match self.fetch(&row).await {
            Ok((sha256, bytes)) => FileEnd::Kept { sha256, bytes },
            Err(Failure::Lost(reason)) => FileEnd::Lost { reason },
            Err(Failure::Later(reason)) => again(&row, self.ctx.now(), reason),
        };
        let outcome = match &end {
            FileEnd::Kept { .. } => "kept",
            FileEnd::Later { .. } => "retried",
            FileEnd::Lost { .. } => "lost",
        };
        if let FileEnd::Later { reason, .. } | FileEnd::Lost { reason } = &end {
            tracing::warn!(file = %row.uuid, outcome, reason, "a file that a person sent was not fetched");
        }
        if end_file(&self.ctx, row, end).await? {
            self.metrics.count_media(outcome);
        }
        Ok(())
    }

    /// Fetches a file. Answers its name and size.
    async fn fetch(&self, row: &MediaRow) -> Result<(SmolStr, u64), Failure> {
        let channel = self.lines.find_by_id(&self.ctx, row.workspace, row.channel).await;
        let channel = channel.map_err(|error| Failure::Later(error.to_string()))?;
        let channel = channel.ok_or_else(|| Failure::Later("the channel is not in use".to_owned()))?;
        let line = channel.line.as_ref().map_err(|error| Failure::Later(error.to_string()))?;
        let asking = line.file_lookup(&row.source);
        let asking =
            asking.ok_or_else(|| Failure::Later("the channel's settings do not fit the file".to_owned()))?;
        let own = if line.is_public_only { Callee::Webhook } else { Callee::Service };
        let found = self.ask(asking, own, limits::SEND_ANSWER_BYTES).await?;
        let file = self.found(line, &found)?;
        let callee = if file.is_configured { own } else { Callee::Webhook };
        let answer = self.ask(file.request, callee, limits::MEDIA_BYTES).await?;
        if answer.too_large {
            return Err(too_large());
        }
        let sha256: String =
            digest(&SHA256, &answer.body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if file.sha256.is_some_and(|expected| expected != sha256) {
            return Err(Failure::Later("the file came damaged".to_owned()));
        }
        let kept = write(&self.files, &sha256, &answer.body).await;
        kept.map_err(|error| Failure::Later(format!("it cannot be written: {error}")))?;
        Ok((sha256.into(), answer.body.len() as u64))
    }

    fn found(&self, line: &Line, answer: &Answer) -> Result<MediaFile, Failure> {
        let file = line.file_found(&String::from_utf8_lossy(&answer.body)).map_err(Failure::Later)?;
        if file.bytes.is_some_and(|bytes| bytes > limits::MEDIA_BYTES as u64) {
            return Err(too_large());
        }
        Ok(file)
    }

    async fn ask(&self, request: HttpRequest, callee: Callee, most: usize) -> Result<Answer, Failure> {
        let exchange = Exchange {
            callee,
            method: request.method.as_str().to_owned(),
            url: request.url,
            headers: request.headers,
            body: None,
            timeout: limits::MEDIA_TIMEOUT,
            answer_bytes: most,
        };
        let answer = self.network.exchange(exchange).await.map_err(|error| match error {
            HttpError::Forbidden => Failure::Lost(error.to_string()),
            HttpError::Invalid(_) | HttpError::NotReached(_) | HttpError::NoAnswer(_) => {
                Failure::Later(error.to_string())
            }
        })?;
        match answer.status {
            200..=299 => Ok(answer),
            // Meta says 400 of an identifier that it does not know any more.
            400 | 404 | 410 => Err(Failure::Lost(format!("the carrier has it no more ({})", answer.status))),
            status => Err(Failure::Later(format!("the carrier answered {status}"))),
        }
    }
}

/// When a file is tried again: each time after a longer pause, as long as its carrier has it.
fn again(row: &MediaRow, now: Timestamp, reason: String) -> FileEnd {
    let tries = u32::try_from(row.steps / 2).unwrap_or(u32::MAX);
    let pause = limits::MEDIA_RETRY_FIRST.saturating_mul(4_u32.saturating_pow(tries.min(15)));
    let pause =
        SignedDuration::try_from(pause.min(limits::MEDIA_RETRY_LONGEST)).unwrap_or(SignedDuration::MAX);
    let at = now + pause;
    if at.duration_since(row.created_on) >= limits::MEDIA_KEPT_THERE {
        return FileEnd::Lost {
            reason: format!("given up after {} tries: {reason}", tries.saturating_add(1)),
        };
    }
    FileEnd::Later { at, reason }
}

fn too_large() -> Failure {
    Failure::Lost(format!("it has more than {} bytes", limits::MEDIA_BYTES))
}

/// A file with its media type, if it is kept: in the place of media, or where it lay before.
///
/// # Errors
/// When the store or the folder cannot be read.
pub(crate) async fn open(
    ctx: &Context,
    (files, before): (&Files, Option<&Files>),
    uuid: MediaUuid,
) -> Result<Option<(MediaRow, Vec<u8>)>, StoreError> {
    let Some(row) = ctx.store.media(uuid).await?.filter(|row| row.state == MediaState::Kept) else {
        return Ok(None);
    };
    let Some(sha256) = row.sha256.clone() else { return Ok(None) };
    let name = file_name(&sha256);
    let mut read = files.read_whole(&name, limits::MEDIA_BYTES).await;
    if let (Err(FileError::Missing(_)), Some(before)) = (&read, before) {
        read = before.read_whole(&name, limits::MEDIA_BYTES).await;
        if matches!(read, Err(FileError::Missing(_))) {
            // It may have been moved between the two looks.
            read = files.read_whole(&name, limits::MEDIA_BYTES).await;
        }
    }
    match read {
        Ok(bytes) => Ok(Some((row, bytes))),
        Err(error @ FileError::Missing(_)) => {
            tracing::error!(%error, file = %uuid, "a file that was kept is not among the media");
            Ok(None)
        }
        Err(error) => Err(StoreError::Database(format!("a file cannot be read: {error}"))),
    }
}

/// Keeps a file that a program sent.
pub(crate) async fn keep(
    ctx: &Context,
    files: &Files,
    (workspace, mime): (WorkspaceId, &str),
    bytes: &[u8],
) -> Result<MediaUuid, StoreError> {
    let sha256: String = digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    write(files, &sha256, bytes).await.map_err(|error| {
        tracing::error!(%error, "a file could not be written among the media");
        StoreError::Database("the store of media cannot be written".to_owned())
    })?;
    operations::keep_upload(ctx, workspace, mime, (sha256.into(), bytes.len() as u64)).await
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use operations::FileEnd;
    use store::{MediaRow, MediaState};

    use super::again;

    #[test]
    fn tries_are_further_apart_each_time_and_end_when_the_carrier_has_it_no_more() {
        let created_on = Timestamp::from_second(1_800_000_000).unwrap();
        let mut row = MediaRow {
            id: Default::default(),
            workspace: Default::default(),
            uuid: Default::default(),
            channel: Default::default(),
            message: Default::default(),
            place: 0,
            source: String::new(),
            mime: "image/jpeg".into(),
            state: MediaState::Waiting,
            steps: 1,
            next_try: created_on,
            sha256: None,
            bytes: None,
            reason: None,
            created_on,
            changed_on: created_on,
        };
        let (mut now, mut pauses) = (created_on, Vec::new());
        let reason = loop {
            match again(&row, now, "away".to_owned()) {
                FileEnd::Later { at, .. } => {
                    pauses.push(at.duration_since(now).as_secs());
                    now = at;
                }
                FileEnd::Lost { reason } => break reason,
                FileEnd::Kept { .. } => panic!("nothing was fetched"),
            }
            row.steps += 2;
        };
        assert_eq!(pauses[..6], [30, 120, 480, 1_920, 7_680, 21_600]);
        assert!(pauses.len() < 40 && now.duration_since(created_on) < SignedDuration::from_hours(7 * 24));
        assert!(reason.starts_with("given up after ") && reason.ends_with(": away"), "{reason}");
    }
}
