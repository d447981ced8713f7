//! Files that people sent move to another place: each is copied, read back and compared by its digest, and only then, if it is
//! asked for, removed where it lay. Its name is its digest, so addresses stay what they are, and what was moved before is known.

use files::{FileError, Files};
use futures_util::future::join_all;
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;
use store::{Store, StoreError};

use crate::media::file_name;

/// Files of one page.
const PAGE: usize = 500;
/// Bytes of the largest file: what programs send may be larger than what carriers do.
const LARGEST: usize = 25 << 20;
/// Files that are under way at once; each is in memory whole.
const AT_ONCE: usize = 4;

/// What is moved.
#[derive(Clone, Debug)]
pub struct MoveMedia {
    /// Where files lie.
    pub from: Files,
    /// Where they shall lie.
    pub to: Files,
    /// Whether they are removed where they lay, once they are there.
    pub removes: bool,
    /// Whether files that are there already with the right size are taken as right, and not read.
    pub trusts_sizes: bool,
}

/// What it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaMoved {
    /// Files that are kept.
    pub files: u64,
    /// Of them, those that were copied now.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that were there already.
    pub there: u64,
    /// Those that were removed where they lay.
    pub removed: u64,
    /// Those that are in neither place.
    pub missing: Vec<SmolStr>,
    /// Those that are not what their name says where they lie; they are not moved.
    pub damaged: Vec<SmolStr>,
}

/// What became of one file.
enum Moved {
    Copied(u64, bool),
    There(bool),
    Missing,
    Damaged,
}

/// Moves all files that are kept. May run beside nodes, and again: what is there is known. `tell` hears how far it is.
///
/// # Errors
/// When the database or a place cannot be used; what was moved until then is moved.
pub async fn move_media(
    store: &Store,
    wanted: &MoveMedia,
    mut tell: impl FnMut(&MediaMoved),
) -> Result<MediaMoved, MoveError> {
    let (mut done, mut after) = (MediaMoved::default(), SmolStr::default());
    loop {
        let page = store.kept_files(after.clone(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(done) };
        after = last.clone();
        for some in page.chunks(AT_ONCE) {
            let moving = some.iter().map(|(sha256, bytes)| one(wanted, sha256, *bytes));
            for ((sha256, _), moved) in some.iter().zip(join_all(moving).await) {
                done.files += 1;
                match moved? {
                    Moved::Copied(bytes, removed) => {
                        done.copied += 1;
                        done.bytes += bytes;
                        done.removed += u64::from(removed);
                    }
                    Moved::There(removed) => {
                        done.there += 1;
                        done.removed += u64::from(removed);
                    }
                    Moved::Missing => done.missing.push(sha256.clone()),
                    Moved::Damaged => done.damaged.push(sha256.clone()),
                }
            }
        }
        tell(&done);
    }
}

/// Why files could not be moved to the end.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A place failed.
    #[error(transparent)]
    File(#[from] FileError),
}

async fn read(files: &Files, name: &str) -> Result<Option<Vec<u8>>, FileError> {
    match files.read_whole(name, LARGEST).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_right(sha256: &str, bytes: &[u8]) -> bool {
    let sum: String = digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    sum == sha256
}

async fn one(wanted: &MoveMedia, sha256: &str, bytes: i64) -> Result<Moved, FileError> {
    let name = file_name(sha256);
    let remove = async || -> Result<bool, FileError> {
        if !wanted.removes || wanted.from.size(&name).await?.is_none() {
            return Ok(false);
        }
        wanted.from.remove(&name).await?;
        Ok(true)
    };
    let size = wanted.to.size(&name).await?;
    let is_whole = size.is_some_and(|size| i64::try_from(size) == Ok(bytes));
    let is_there = is_whole
        && (wanted.trusts_sizes
            || read(&wanted.to, &name).await?.is_some_and(|there| is_right(sha256, &there)));
    if is_there {
        return Ok(Moved::There(remove().await?));
    }
    let Some(found) = read(&wanted.from, &name).await? else { return Ok(Moved::Missing) };
    if !is_right(sha256, &found) {
        return Ok(Moved::Damaged);
    }
    wanted.to.put(&name, &found).await?;
    match read(&wanted.to, &name).await? {
        Some(back) if is_right(sha256, &back) => Ok(Moved::Copied(found.len() as u64, remove().await?)),
        Some(_) | None => Err(FileError::Refused(format!("{name} did not come back as it was written"))),
    }
}
