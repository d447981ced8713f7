//! Files of lines, packed with gzip: written, read back and rewritten part by part, so that memory stays small however
//! large a file is. A file may consist of several packed parts one behind the other, which all readers of gzip take.

use std::io::Write as _;

use domain::ContactUuid;
use files::{FileError, Files, PART_BYTES, Upload};
use flate2::{Compression, write::GzEncoder, write::MultiGzDecoder};
use md5::{Digest as _, Md5};

use super::without;

/// Bytes of one line, unpacked; a message has at most some thousand letters.
const LINE_BYTES: usize = 4 << 20;
/// Packed bytes that are read at once where lines are looked at.
const READ_BYTES: usize = 1 << 20;

/// What a file is recognised by.
#[derive(Clone, Default)]
pub(crate) struct Digest {
    md5: Md5,
    /// Bytes.
    pub bytes: u64,
}

impl Digest {
    /// Adds the next bytes of a file.
    pub fn add(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// MD5 in hex.
    pub fn md5(&self) -> String {
        self.md5.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Packs lines.
pub(crate) struct Packer(GzEncoder<Vec<u8>>);

impl Packer {
    pub fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::default()))
    }

    pub fn add(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.0.write_all(line)
    }

    /// What is packed so far, to be written.
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.0.get_mut())
    }

    /// A whole packed part.
    pub fn finish(self) -> std::io::Result<Vec<u8>> {
        self.0.finish()
    }
}

/// What cannot be unpacked is broken, wherever it came from.
fn broken(name: &str, error: &std::io::Error) -> FileError {
    FileError::Refused(format!("{name} is no whole file of gzip: {error}"))
}

/// Unpacks a file piece by piece into lines.
pub(crate) struct Lines {
    unpacker: MultiGzDecoder<Vec<u8>>,
    /// Of the line that is not whole yet.
    rest: Vec<u8>,
}

impl Lines {
    pub fn new() -> Self {
        Self { unpacker: MultiGzDecoder::new(Vec::new()), rest: Vec::new() }
    }

    /// Takes the next packed bytes, and hands out the lines that are whole.
    pub fn add(
        &mut self,
        name: &str,
        mut packed: &[u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), FileError> {
        while !packed.is_empty() {
            let taken = self.unpacker.write(packed).map_err(|error| broken(name, &error))?;
            if taken == 0 {
                return Err(FileError::Refused(format!("there is something behind the end of {name}")));
            }
            packed = &packed[taken..];
            self.hand_out(name, &mut take)?;
        }
        Ok(())
    }

    /// The end of the file.
    pub fn end(mut self, name: &str, mut take: impl FnMut(&[u8])) -> Result<(), FileError> {
        self.unpacker.try_finish().map_err(|error| broken(name, &error))?;
        self.hand_out(name, &mut take)?;
        if !self.rest.is_empty() {
            take(&self.rest);
        }
        Ok(())
    }

    fn hand_out(&mut self, name: &str, take: &mut impl FnMut(&[u8])) -> Result<(), FileError> {
        self.rest.append(self.unpacker.get_mut());
        let mut from = 0;
        while let Some(end) = self.rest[from..].iter().position(|byte| *byte == b'\n') {
            let line = &self.rest[from..from + end];
            if !line.is_empty() {
                take(line);
            }
            from += end + 1;
        }
        self.rest.drain(..from);
        if self.rest.len() > LINE_BYTES {
            return Err(FileError::Refused(format!("{name} has a line of more than {LINE_BYTES} bytes")));
        }
        Ok(())
    }
}

/// Copies a file behind what was written before.
pub(crate) async fn copy(
    files: &Files,
    name: &str,
    upload: &mut Upload,
    digest: &mut Digest,
) -> Result<(), FileError> {
    let mut from = 0;
    loop {
        let part = files.read(name, from, PART_BYTES).await?;
        if part.is_empty() {
            return Ok(());
        }
        digest.add(&part);
        upload.write(&part).await?;
        from += part.len() as u64;
    }
}

/// Reads a file back: it must be what was written, and unpack to so many lines.
pub(crate) async fn verified(
    files: &Files,
    name: &str,
    written: &Digest,
    records: i64,
) -> Result<(), FileError> {
    let (mut digest, mut lines, mut count) = (Digest::default(), Lines::new(), 0_i64);
    loop {
        let part = files.read(name, digest.bytes, PART_BYTES).await?;
        if part.is_empty() {
            break;
        }
        digest.add(&part);
        lines.add(name, &part, |_| count += 1)?;
        tokio::task::yield_now().await;
    }
    lines.end(name, |_| count += 1)?;
    if (digest.bytes, digest.md5()) != (written.bytes, written.md5()) {
        return Err(FileError::Refused(format!("{name} did not come back as it was written")));
    }
    if count != records {
        return Err(FileError::Refused(format!("{name} has {count} lines in place of {records}")));
    }
    Ok(())
}

/// Whether one of these people is named in a file.
pub(crate) async fn names_any(files: &Files, name: &str, people: &[ContactUuid]) -> Result<bool, FileError> {
    let (mut lines, mut from, mut found) = (Lines::new(), 0, false);
    loop {
        let part = files.read(name, from, READ_BYTES).await?;
        if part.is_empty() {
            break;
        }
        from += part.len() as u64;
        lines.add(name, &part, |line| found = found || without(line, people).is_some())?;
        if found {
            return Ok(true);
        }
        tokio::task::yield_now().await;
    }
    lines.end(name, |line| found = found || without(line, people).is_some())?;
    Ok(found)
}

/// Writes a file anew in which lines of these people are empty.
pub(crate) async fn rewritten(
    files: &Files,
    (name, new_name): (&str, &str),
    people: &[ContactUuid],
) -> Result<Digest, FileError> {
    let mut upload = files.begin(new_name).await?;
    let mut digest = Digest::default();
    match rewrite(files, name, people, &mut upload, &mut digest).await {
        Ok(()) => upload.finish().await.map(|_| digest),
        Err(error) => {
            upload.abandon().await;
            Err(error)
        }
    }
}

async fn rewrite(
    files: &Files,
    name: &str,
    people: &[ContactUuid],
    upload: &mut Upload,
    digest: &mut Digest,
) -> Result<(), FileError> {
    let (mut lines, mut packer, mut from, mut failed) = (Lines::new(), Packer::new(), 0, None);
    let add = |packer: &mut Packer, failed: &mut Option<std::io::Error>, line: &[u8]| {
        let written = match without(line, people) {
            Some(emptied) => packer.add(&emptied),
            None => packer.add(line).and_then(|()| packer.add(b"\n")),
        };
        if let Err(error) = written {
            *failed = Some(error);
        }
    };
    loop {
        let part = files.read(name, from, READ_BYTES).await?;
        if part.is_empty() {
            break;
        }
        from += part.len() as u64;
        lines.add(name, &part, |line| add(&mut packer, &mut failed, line))?;
        let packed = packer.take();
        digest.add(&packed);
        upload.write(&packed).await?;
        tokio::task::yield_now().await;
    }
    lines.end(name, |line| add(&mut packer, &mut failed, line))?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let packed = packer.finish()?;
    digest.add(&packed);
    upload.write(&packed).await
}

#[cfg(test)]
mod tests {
    use super::{Lines, Packer};

    fn packed(lines: &[&str]) -> Vec<u8> {
        let mut packer = Packer::new();
        lines.iter().for_each(|line| packer.add(line.as_bytes()).unwrap());
        packer.finish().unwrap()
    }

    fn read(bytes: &[u8], at_once: usize) -> Result<Vec<String>, String> {
        let (mut lines, mut found) = (Lines::new(), Vec::new());
        let mut take = |line: &[u8]| found.push(String::from_utf8_lossy(line).into_owned());
        for part in bytes.chunks(at_once) {
            lines.add("it", part, &mut take).map_err(|error| error.to_string())?;
        }
        lines.end("it", &mut take).map_err(|error| error.to_string())?;
        Ok(found)
    }

    #[test]
    fn reads_lines_of_one_part_and_of_several_however_they_are_cut() {
        let several = [packed(&["one\n", "two\n"]), packed(&["three\n", "\n", "four"])].concat();
        for at_once in [1, 2, 7, 1_000] {
            assert_eq!(read(&packed(&["one\n", "two\n"]), at_once).unwrap(), ["one", "two"]);
            assert_eq!(read(&several, at_once).unwrap(), ["one", "two", "three", "four"], "{at_once}");
        }
        assert_eq!(read(&packed(&[]), 9).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn says_what_is_broken() {
        let whole = packed(&["one\n", "two\n"]);
        let cut = &whole[..whole.len() - 4];
        assert!(read(cut, 10).is_err(), "a file that ends too early");
        let mut turned = whole.clone();
        let last = turned.len() - 6;
        turned[last] ^= 1;
        assert!(read(&turned, 10).is_err(), "a sum that is not right");
        assert!(read(b"{\"id\": 1}\n", 10).is_err(), "not packed at all");
        let behind = [whole, b"rubbish".to_vec()].concat();
        assert!(read(&behind, 10).is_err(), "something behind the end");
    }
}
