//! Where intake keeps items while the store is away: a local, append-only queue that is on the disk before a carrier is
//! answered, and is given to the store in order when it is back (`replay.rs`).
//!
//! Each item carries the identifier and the moment that it was given when it arrived, so that giving it again changes
//! nothing: how far replay came need not be known exactly, only which segments are done. While anything is in the spool
//! new items go behind it, so that each contact's order is kept.
//!
//! A node without a folder (tests, simulations) has no spool: then carriers are told to come again.

mod folder;
pub mod record;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use channels::Inbound;
use domain::{ChannelUuid, MessageUuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Notify;

use self::folder::{Folder, Held, Record, Stretch};
use crate::limits;

/// How much a spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes after which another segment is begun.
    pub(crate) segment_bytes: u64,
    /// Bytes of all segments.
    pub(crate) bytes: u64,
    /// Bytes of one item.
    pub(crate) record_bytes: usize,
}

impl Limits {
    /// Bytes that are read at a time: at least one record.
    fn window_bytes(self) -> u64 {
        (record::HEAD_BYTES + self.record_bytes) as u64
    }
}

/// Why the spool does not take items, or cannot be used.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// Another process has the folder.
    #[error("another process uses the spool {0}; give this node one of its own with --spool")]
    Locked(PathBuf),
    /// It holds as much as it may.
    #[error("the spool holds {0} bytes and takes no more until the database is back")]
    Full(u64),
    /// An item is too large.
    #[error("an item of the spool has at most {0} bytes")]
    TooLarge(usize),
    /// The file system refuses.
    #[error("the spool {path} cannot be used: {error}; see that its disk has room and may be written, or choose another folder with --spool", path = path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// An item in the spool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spooled {
    /// What a message is kept under.
    pub(crate) uuid: MessageUuid,
    /// When it arrived.
    pub(crate) arrived: Timestamp,
    /// The line it came on.
    pub(crate) channel: ChannelUuid,
    /// What it is.
    pub(crate) item: Inbound,
}

/// How the spool stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Items that wait for the store.
    pub items: u64,
    /// Their bytes on the disk.
    pub bytes: u64,
    /// When the first of them arrived.
    pub oldest: Option<Timestamp>,
    /// Whether this process has the folder; another one may have it still.
    pub usable: bool,
    /// Whether it took all that it was last given.
    pub has_room: bool,
}

/// The spool of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    limits: Limits,
    /// Empty until no other process has it.
    folder: Mutex<Option<Folder>>,
    items: AtomicU64,
    bytes: AtomicU64,
    oldest: AtomicI64,
    usable: AtomicBool,
    has_room: AtomicBool,
    /// Whether what comes in goes here although nothing waits here: another node's spool may have what is older.
    held: AtomicBool,
    filled: Notify,
}

/// The first items of the spool, what could not be read as one, and how they leave it.
pub(crate) struct Batch {
    pub(crate) items: Vec<Result<Spooled, String>>,
    stretch: Arc<Stretch>,
}

impl Spool {
    /// Uses a folder. If another process has it, as the old one in a rolling restart, it is taken when that ends.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub(crate) fn open(path: &Path) -> Result<Self, SpoolError> {
        let limits = Limits {
            segment_bytes: limits::SPOOL_SEGMENT_BYTES,
            bytes: limits::SPOOL_BYTES,
            record_bytes: limits::SPOOL_RECORD_BYTES,
        };
        Self::with_limits(path, limits)
    }

    pub(crate) fn with_limits(path: &Path, limits: Limits) -> Result<Self, SpoolError> {
        let inner = Inner {
            path: path.to_owned(),
            limits,
            folder: Mutex::new(None),
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            oldest: AtomicI64::new(0),
            usable: AtomicBool::new(false),
            has_room: AtomicBool::new(true),
            held: AtomicBool::new(false),
            filled: Notify::new(),
        };
        let spool = Self { inner: Arc::new(inner) };
        match spool.inner.take_folder() {
            Ok(()) => {}
            Err(error @ SpoolError::Locked(_)) => tracing::warn!(%error, "until then there is no spool"),
            Err(error) => return Err(error),
        }
        Ok(spool)
    }

    /// Takes the folder if no other process has it any more.
    pub(crate) async fn try_to_take(&self) -> bool {
        if !self.is_usable() {
            let taken = self.blocking(Inner::take_folder).await;
            match taken {
                Ok(()) => tracing::info!("the spool is free and in use now"),
                Err(SpoolError::Locked(_)) => {}
                Err(error) => tracing::error!(%error, "there is no spool"),
            }
        }
        self.is_usable()
    }

    /// Lets go of the folder, so that another process may use it.
    pub(crate) fn close(&self) {
        self.inner.usable.store(false, Ordering::Release);
        *self.inner.lock() = None;
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.inner.usable.load(Ordering::Acquire)
    }

    /// Whether anything waits in it. What this says does not change to no while intake appends, and to yes only when it
    /// does.
    pub(crate) fn holds_items(&self) -> bool {
        self.inner.items.load(Ordering::Acquire) > 0
    }

    /// Whether what comes in goes into it: something waits in it, or it is held.
    pub(crate) fn comes_first(&self) -> bool {
        self.holds_items() || self.is_held()
    }

    /// Has everything go into it until [`Spool::release`].
    pub(crate) fn hold(&self) {
        self.inner.held.store(true, Ordering::Release);
        self.inner.filled.notify_one();
    }

    pub(crate) fn release(&self) {
        self.inner.held.store(false, Ordering::Release);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.inner.held.load(Ordering::Acquire) && self.is_usable()
    }

    pub(crate) fn status(&self) -> SpoolStatus {
        let oldest = self.inner.oldest.load(Ordering::Relaxed);
        SpoolStatus {
            items: self.inner.items.load(Ordering::Relaxed),
            bytes: self.inner.bytes.load(Ordering::Relaxed),
            oldest: (oldest > 0).then(|| Timestamp::from_microsecond(oldest).ok()).flatten(),
            usable: self.is_usable(),
            has_room: self.inner.has_room.load(Ordering::Relaxed),
        }
    }

    /// Waits until something is appended.
    pub(crate) async fn filled(&self) {
        self.inner.filled.notified().await;
    }

    /// Appends items; when this answers they are on the disk, all or none.
    ///
    /// # Errors
    /// When none is kept.
    pub(crate) async fn append(&self, items: &[Spooled]) -> Result<(), SpoolError> {
        let mut records = Vec::with_capacity(items.len());
        for item in items {
            let payload = serde_json::to_vec(item).map_err(|error| SpoolError::Unusable {
                path: self.inner.path.clone(),
                error: error.into(),
            })?;
            records.push(Record { arrived: item.arrived.as_microsecond(), payload });
        }
        let done = self.blocking(move |inner| inner.with_folder(|folder| folder.append(&records))).await;
        self.inner.has_room.store(done.is_ok(), Ordering::Relaxed);
        if done.is_ok() {
            self.inner.filled.notify_one();
        }
        done
    }

    /// The first items, at most so many.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) async fn first(&self, count: usize) -> Result<Batch, SpoolError> {
        let stretch = self.blocking(move |inner| inner.with_folder(|folder| folder.first(count))).await?;
        let read = |record: &Record| {
            serde_json::from_slice(&record.payload).map_err(|error| {
                let said = String::from_utf8_lossy(&record.payload);
                format!("it cannot be read as an item: {error}: {said}")
            })
        };
        Ok(Batch { items: stretch.records.iter().map(read).collect(), stretch: Arc::new(stretch) })
    }

    /// The first `count` items of a batch are with the store: they leave the spool.
    ///
    /// # Errors
    /// When the folder cannot be written; the items are given again then, which changes nothing.
    pub(crate) async fn taken(&self, batch: &Batch, count: usize) -> Result<(), SpoolError> {
        let stretch = batch.stretch.clone();
        self.blocking(move |inner| inner.with_folder(|folder| folder.taken(&stretch, count))).await
    }

    /// Keeps an item that the store refused for good, with the reason, for people.
    ///
    /// # Errors
    /// When it could not be kept: it must stay in the spool.
    pub(crate) async fn refuse(
        &self,
        item: Option<&Spooled>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let line = serde_json::json!({"reason": reason, "refused_on": now, "kept": item}).to_string();
        self.blocking(move |inner| inner.with_folder(|folder| folder.refuse(&line))).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let inner = self.inner.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(done) => done,
            Err(error) => Err(SpoolError::Unusable {
                path: self.inner.path.clone(),
                error: std::io::Error::other(error),
            }),
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Option<Folder>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_folder(&self) -> Result<(), SpoolError> {
        let mut slot = self.lock();
        if slot.is_none() {
            let folder = Folder::open(&self.path, self.limits)?;
            self.show(folder.held());
            *slot = Some(folder);
            self.usable.store(true, Ordering::Release);
            self.filled.notify_one();
        }
        Ok(())
    }

    fn with_folder<T>(
        &self,
        work: impl FnOnce(&mut Folder) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        let mut slot = self.lock();
        let folder = slot.as_mut().ok_or_else(|| SpoolError::Locked(self.path.clone()))?;
        let done = work(folder);
        self.show(folder.held());
        done
    }

    fn show(&self, held: Held) {
        self.bytes.store(held.bytes, Ordering::Relaxed);
        self.oldest.store(held.oldest, Ordering::Relaxed);
        self.items.store(held.items, Ordering::Release);
    }
}
