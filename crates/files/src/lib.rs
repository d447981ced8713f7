//! Where files lie that are too large for the database, such as what people sent and archives of old messages: in a
//! folder, or in a bucket of an S3-compatible store. Nodes that share a database share this too.
//!
//! A file is there whole or not at all, is named by whoever writes it, and never changes: what is new has a new name.

mod bucket;
mod folder;

use std::path::Path;

use thiserror::Error;

pub use bucket::{Addressing, Answer, Bucket, BucketSettings, Exchanged, Outside, Request, Unusable};
pub use folder::Folder;

/// Bytes that are read or sent at once of a file that may be large.
pub const PART_BYTES: usize = 8 << 20;
/// Bytes of a name.
const NAME_BYTES: usize = 300;

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is none of this name.
    #[error("there is no file {0}")]
    Missing(String),
    /// Nothing can have such a name.
    #[error("a file cannot be named {0:?}")]
    Name(String),
    /// The folder.
    #[error("the folder of files: {0}")]
    Folder(#[from] std::io::Error),
    /// The store refused, for good: settings, rights.
    #[error("the store of files refused: {0}")]
    Refused(String),
    /// The store was not reached, or is busy: later it may go well.
    #[error("the store of files does not answer: {0}")]
    Away(String),
}

/// A place for files. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Files {
    /// A folder.
    Folder(Folder),
    /// A bucket of an S3-compatible store.
    Bucket(Bucket),
}

impl Files {
    /// A folder, which is made when the first file is written.
    pub fn folder(path: &Path) -> Self {
        Self::Folder(Folder::new(path))
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn put(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let mut upload = self.begin(name).await?;
        match upload.write(bytes).await {
            Ok(()) => upload.finish().await.map(drop),
            Err(error) => {
                upload.abandon().await;
                Err(error)
            }
        }
    }

    /// Begins a file that is written in parts. It is there when it is finished.
    ///
    /// # Errors
    /// When it cannot be begun.
    pub async fn begin(&self, name: &str) -> Result<Upload, FileError> {
        let name = checked(name)?;
        Ok(match self {
            Self::Folder(folder) => Upload::Folder(folder.begin(name).await?),
            Self::Bucket(bucket) => Upload::Bucket(bucket.begin(name)),
        })
    }

    /// Reads a part of a file: so many bytes from a place on, fewer at its end, none behind it.
    ///
    /// # Errors
    /// [`FileError::Missing`] if there is none.
    pub async fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FileError> {
        let name = checked(name)?;
        match self {
            Self::Folder(folder) => folder.read(name, from, most).await,
            Self::Bucket(bucket) => bucket.read(name, from, most).await,
        }
    }

    /// Reads a file whole, up to a limit.
    ///
    /// # Errors
    /// [`FileError::Missing`] if there is none; [`FileError::Refused`] if it is larger.
    pub async fn read_whole(&self, name: &str, most: usize) -> Result<Vec<u8>, FileError> {
        let bytes = self.read(name, 0, most.saturating_add(1)).await?;
        if bytes.len() > most {
            return Err(FileError::Refused(format!("{name} has more than {most} bytes")));
        }
        Ok(bytes)
    }

    /// The size of a file; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        let name = checked(name)?;
        match self {
            Self::Folder(folder) => folder.size(name).await,
            Self::Bucket(bucket) => bucket.size(name).await,
        }
    }

    /// Removes a file. Nothing if there is none.
    ///
    /// # Errors
    /// When it may be there still.
    pub async fn remove(&self, name: &str) -> Result<(), FileError> {
        let name = checked(name)?;
        match self {
            Self::Folder(folder) => folder.remove(name).await,
            Self::Bucket(bucket) => bucket.remove(name).await,
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub enum Upload {
    /// Into a folder.
    Folder(folder::Writing),
    /// Into a bucket.
    Bucket(bucket::Writing),
}

impl Upload {
    /// Adds to it.
    ///
    /// # Errors
    /// When that fails; then it is to be abandoned.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        match self {
            Self::Folder(writing) => writing.write(bytes).await,
            Self::Bucket(writing) => writing.write(bytes).await,
        }
    }

    /// Ends it: now it is there, and stays there when the machine fails. Answers its size.
    ///
    /// # Errors
    /// When it is not there, or not known to be.
    pub async fn finish(self) -> Result<u64, FileError> {
        match self {
            Self::Folder(writing) => writing.finish().await,
            Self::Bucket(writing) => writing.finish().await,
        }
    }

    /// Gives it up: nothing is left of it, as far as that can be done now.
    pub async fn abandon(self) {
        match self {
            Self::Folder(writing) => writing.abandon().await,
            Self::Bucket(writing) => writing.abandon().await,
        }
    }
}

/// A name: parts of letters, digits, points, strokes and underscores with slashes between them, none of which is only
/// points. Others could leave the folder, or name something else in a bucket.
fn checked(name: &str) -> Result<&str, FileError> {
    let is_good = |part: &str| {
        !part.is_empty()
            && part.chars().any(|letter| letter != '.')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(letter))
    };
    if name.len() <= NAME_BYTES && name.split('/').all(is_good) {
        Ok(name)
    } else {
        Err(FileError::Name(name.chars().take(NAME_BYTES).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn takes_no_names_that_lead_elsewhere() {
        for good in ["a", "ab/abcdef", "0198/message_daily_20260501_ab.jsonl.gz", "a.b", "..a"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "a b",
            "a\\b",
            "ä",
            "a?b",
            "a%2e",
            "a\0",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert!(checked(&"a".repeat(301)).is_err());
    }
}
