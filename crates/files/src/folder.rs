//! Files in a folder.

use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::FileError;

/// A folder of files, which only its owner may look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder, which is made when the first file is written.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) async fn begin(&self, name: &str) -> Result<Writing, FileError> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        private(folder).await?;
        // Another node may write the same file at the same moment.
        let part = path.with_file_name(format!(
            "{}.{}.part",
            path.file_name().unwrap_or_default().to_string_lossy(),
            uuid::Uuid::new_v4().simple()
        ));
        let file = tokio::fs::OpenOptions::new().write(true).create_new(true).open(&part).await?;
        Ok(Writing { file, part, path, bytes: 0 })
    }

    pub(crate) async fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FileError> {
        let mut file = match File::open(self.0.join(name)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(FileError::Missing(name.to_owned()));
            }
            opened => opened?,
        };
        file.seek(SeekFrom::Start(from)).await?;
        let mut bytes = Vec::new();
        file.take(most as u64).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    pub(crate) async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        match tokio::fs::metadata(self.0.join(name)).await {
            Ok(there) => Ok(there.is_file().then_some(there.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), FileError> {
        match tokio::fs::remove_file(self.0.join(name)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A file that is being written beside its place.
#[derive(Debug)]
pub struct Writing {
    file: File,
    part: PathBuf,
    path: PathBuf,
    bytes: u64,
}

impl Writing {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).await?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(crate) async fn finish(self) -> Result<u64, FileError> {
        let Self { mut file, part, path, bytes } = self;
        let finishing = async {
            file.flush().await?;
            file.sync_all().await?;
            drop(file);
            tokio::fs::rename(&part, &path).await?;
            // The name is in the folder, which is a file of its own to the disk.
            match path.parent() {
                Some(folder) => File::open(folder).await?.sync_all().await,
                None => Ok(()),
            }
        };
        let finished: std::io::Result<()> = finishing.await;
        if finished.is_err() {
            let _ = tokio::fs::remove_file(&part).await;
        }
        finished?;
        Ok(bytes)
    }

    pub(crate) async fn abandon(self) {
        drop(self.file);
        let _ = tokio::fs::remove_file(&self.part).await;
    }
}

/// Makes a folder that only its owner may look into.
async fn private(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}
