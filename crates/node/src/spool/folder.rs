//! The spool as files: segments that are only ever appended to, a lock, and what could not be read or taken.
//!
//! ```text
//! lock                    held by the process that uses the folder
//! 00000000000000000001    a segment: records (record.rs), removed when all of them were taken
//! refused.jsonl           items that were refused for good, one JSON object a line with the reason
//! damaged-1-4096          bytes of segment 1 from 4096 on that are no record
//! ```
//! All of this blocks; `mod.rs` calls it from where it may.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record::{self, Piece};
use super::{Limits, SpoolError};

const LOCK_FILE: &str = "lock";
const REFUSED_FILE: &str = "refused.jsonl";

/// A segment: where reading goes on, and what is behind that.
#[derive(Debug)]
struct Segment {
    number: u64,
    /// Bytes that were taken already.
    taken: u64,
    bytes: u64,
    /// Records behind `taken`.
    records: u64,
}

/// An item out of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it arrived, microseconds since 1970.
    pub(crate) arrived: i64,
    pub(crate) payload: Vec<u8>,
}

/// The first records of the spool, up to a place.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub(crate) records: Vec<Record>,
    segment: u64,
    /// How many of the records to pass over end where.
    ends: Vec<u64>,
}

/// What is in the spool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) items: u64,
    pub(crate) bytes: u64,
    /// When the first one arrived, microseconds since 1970; 0 if there is none.
    pub(crate) oldest: i64,
}

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    limits: Limits,
    segments: VecDeque<Segment>,
    /// The last segment, open for what comes.
    tail: Option<File>,
    next_number: u64,
    oldest: i64,
    /// Held as long as the folder is used.
    _lock: File,
}

impl Folder {
    /// Takes the folder, making it if it is not there. Tails that were torn are cut.
    pub(crate) fn open(path: &Path, limits: Limits) -> Result<Self, SpoolError> {
        let at = |error: std::io::Error| SpoolError::Unusable { path: path.to_owned(), error };
        private_folder(path).map_err(at)?;
        let lock = File::create(path.join(LOCK_FILE)).map_err(at)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(at(error)),
        }
        let mut numbers: Vec<u64> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(at)? {
            let name = entry.map_err(at)?.file_name();
            numbers.extend(
                name.to_str().filter(|name| name.len() == 20).and_then(|name| name.parse::<u64>().ok()),
            );
        }
        numbers.sort_unstable();
        let mut folder = Self {
            path: path.to_owned(),
            limits,
            segments: VecDeque::new(),
            tail: None,
            next_number: numbers.last().map_or(1, |last| last + 1),
            oldest: 0,
            _lock: lock,
        };
        for number in numbers {
            folder.take_up(number).map_err(at)?;
        }
        Ok(folder)
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:020}"))
    }

    /// Takes up a segment of an earlier run. It is never appended to again.
    fn take_up(&mut self, number: u64) -> std::io::Result<()> {
        let bytes = std::fs::read(self.file(number))?;
        let (mut at, mut records) = (0, 0);
        while let Some(piece) = record::next(number, at, &bytes[place(at)..], self.limits.record_bytes, true)
        {
            if let Piece::Record { arrived, .. } = piece {
                records += 1;
                if self.oldest == 0 {
                    self.oldest = arrived;
                }
            }
            at = piece.end();
        }
        let torn = &bytes[place(at)..];
        if !torn.is_empty() {
            // Nobody was told that it is kept: a record is acknowledged when all of it is on the disk.
            tracing::warn!(
                segment = %self.file(number).display(), bytes = torn.len(),
                "the last write to the spool was torn by a crash; it is cut off"
            );
            self.set_aside(number, at, torn)?;
            let file = OpenOptions::new().write(true).open(self.file(number))?;
            file.set_len(at)?;
            file.sync_all()?;
        }
        if at == 0 {
            std::fs::remove_file(self.file(number))?;
            return self.sync_names();
        }
        self.segments.push_back(Segment { number, taken: 0, bytes: at, records });
        Ok(())
    }

    /// Keeps bytes that could not be read, for people.
    fn set_aside(&self, number: u64, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = File::create(self.path.join(format!("damaged-{number}-{at}")))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn sync_names(&self) -> std::io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// What is in it.
    pub(crate) fn held(&self) -> Held {
        let items = self.segments.iter().map(|segment| segment.records).sum();
        let bytes = self.segments.iter().map(|segment| segment.bytes - segment.taken).sum();
        Held { items, bytes, oldest: if items > 0 { self.oldest } else { 0 } }
    }

    /// Appends records and flushes them to the disk, all of them or none.
    pub(crate) fn append(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        if records.iter().any(|record| record.payload.len() > self.limits.record_bytes) {
            return Err(SpoolError::TooLarge(self.limits.record_bytes));
        }
        let more: u64 = records.iter().map(|record| record::frame_bytes(&record.payload)).sum();
        let on_disk: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        if on_disk + more > self.limits.bytes {
            return Err(SpoolError::Full(self.limits.bytes));
        }
        let appended = self.append_here(records);
        appended.map_err(|error| {
            // What was half written is cut, and nothing is appended behind it.
            if let (Some(tail), Some(segment)) = (self.tail.take(), self.segments.back())
                && let Err(error) = tail.set_len(segment.bytes).and_then(|()| tail.sync_all())
            {
                tracing::warn!(%error, "a record that was not acknowledged could not be cut from the spool");
            }
            SpoolError::Unusable { path: self.path.clone(), error }
        })
    }

    fn append_here(&mut self, records: &[Record]) -> std::io::Result<()> {
        let is_full = self.segments.back().is_none_or(|tail| tail.bytes >= self.limits.segment_bytes);
        if self.tail.is_none() || is_full {
            self.begin_segment()?;
        }
        let (Some(tail), Some(segment)) = (&mut self.tail, self.segments.back_mut()) else {
            return Err(std::io::Error::other("the segment is gone"));
        };
        let mut bytes = Vec::new();
        for record in records {
            let at = segment.bytes + bytes.len() as u64;
            record::write(&mut bytes, segment.number, at, record.arrived, &record.payload);
        }
        tail.write_all(&bytes)?;
        tail.sync_data()?;
        let was_empty = self.segments.iter().all(|segment| segment.records == 0);
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes += bytes.len() as u64;
            segment.records += records.len() as u64;
        }
        if was_empty && let Some(first) = records.first() {
            self.oldest = first.arrived;
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> std::io::Result<()> {
        self.tail = None;
        let number = self.next_number;
        // A number is never used twice, also if this fails.
        self.next_number += 1;
        let file = OpenOptions::new().append(true).create_new(true).open(self.file(number))?;
        self.sync_names()?;
        self.tail = Some(file);
        self.segments.push_back(Segment { number, taken: 0, bytes: 0, records: 0 });
        Ok(())
    }

    /// The first records, at most so many; none if the spool is empty. What cannot be read is set aside and said.
    pub(crate) fn first(&mut self, count: usize) -> Result<Stretch, SpoolError> {
        let read = self.read_first(count);
        read.map_err(|error| SpoolError::Unusable { path: self.path.clone(), error })
    }

    fn read_first(&mut self, count: usize) -> std::io::Result<Stretch> {
        while let Some(segment) = self.segments.front() {
            let (number, from, bytes) = (segment.number, segment.taken, segment.bytes);
            if from >= bytes {
                self.remove_first()?;
                continue;
            }
            let mut window = vec![0; place((bytes - from).min(self.limits.window_bytes()))];
            let mut file = File::open(self.file(number))?;
            file.seek(SeekFrom::Start(from))?;
            file.read_exact(&mut window)?;
            let is_end = from + window.len() as u64 == bytes;
            let mut stretch = Stretch { segment: number, ..Stretch::default() };
            let mut at = from;
            while stretch.records.len() < count
                && let Some(piece) =
                    record::next(number, at, &window[place(at - from)..], self.limits.record_bytes, is_end)
            {
                match piece {
                    Piece::Record { end, arrived, payload } => {
                        stretch.records.push(Record { arrived, payload: payload.to_vec() });
                        stretch.ends.push(end);
                    }
                    Piece::Damage { bytes, .. } => {
                        tracing::error!(
                            segment = %self.file(number).display(), at, bytes = bytes.len(),
                            "a part of the spool is damaged; it is set aside, and what follows is taken"
                        );
                        self.set_aside(number, at, bytes)?;
                    }
                }
                at = piece.end();
            }
            if !stretch.records.is_empty() {
                self.oldest = stretch.records[0].arrived;
                return Ok(stretch);
            }
            // Nothing but damage: it is passed over. What seems to go on behind the end is damage as well.
            let passed = if at > from { at } else { bytes };
            if at == from {
                self.set_aside(number, at, &window)?;
            }
            if let Some(segment) = self.segments.front_mut() {
                segment.taken = passed;
                segment.records = if passed >= bytes { 0 } else { segment.records };
            }
        }
        Ok(Stretch::default())
    }

    /// The first `count` records of a stretch were taken: they leave the spool.
    pub(crate) fn taken(&mut self, stretch: &Stretch, count: usize) -> Result<(), SpoolError> {
        let end = count.checked_sub(1).and_then(|last| stretch.ends.get(last)).copied();
        let Some(segment) = self.segments.front_mut().filter(|first| first.number == stretch.segment) else {
            return Ok(());
        };
        let Some(end) = end else { return Ok(()) };
        segment.taken = end;
        segment.records = segment.records.saturating_sub(count as u64);
        self.oldest = stretch.records.get(count).map_or(self.oldest, |next| next.arrived);
        if segment.taken < segment.bytes {
            return Ok(());
        }
        self.remove_first().map_err(|error| SpoolError::Unusable { path: self.path.clone(), error })
    }

    fn remove_first(&mut self) -> std::io::Result<()> {
        let Some(first) = self.segments.front() else { return Ok(()) };
        let number = first.number;
        match std::fs::remove_file(self.file(number)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.segments.pop_front();
        if self.segments.is_empty() {
            self.tail = None;
        }
        self.sync_names()
    }

    /// Keeps an item that was refused for good.
    pub(crate) fn refuse(&self, line: &str) -> Result<(), SpoolError> {
        let write = || {
            let mut file = OpenOptions::new().append(true).create(true).open(self.path.join(REFUSED_FILE))?;
            file.write_all(line.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            self.sync_names()
        };
        write().map_err(|error| SpoolError::Unusable { path: self.path.clone(), error })
    }
}

/// A place in a segment that is in memory.
fn place(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Makes a folder that only its owner may look into: people's messages lie in it.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
