//! Bytes of the compact form: little-endian base-128 numbers, texts with their length, moments relative to a base.

use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;
use uuid::Uuid;

use super::CodecError;
use crate::raw_json::RawJson;

/// Longest list or text that is read, so that damaged bytes cannot ask for all memory.
const MAX_LENGTH: u64 = 64 * 1024 * 1024;

/// Items that room is made for before they are read.
const MAX_RESERVED: usize = 128;

/// The last second since 1970 at which a session may have begun: in the year 2262. Moments are stored as nanoseconds
/// from there, in 63 bits, so that those of a session that began between 1970 and then reach from 1678 to 2262 at
/// least. A session that says it began at another time was not written by us.
const LAST_BASE_SECOND: i64 = i64::MAX / 1_000_000_000;

/// Writes.
pub(super) struct Writer {
    pub bytes: Vec<u8>,
    base: Timestamp,
}

impl Writer {
    pub fn new(version: u8) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(version);
        Self { bytes, base: Timestamp::UNIX_EPOCH }
    }

    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number as u8) | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.raw(text.as_bytes());
    }

    pub fn uuid(&mut self, uuid: Uuid) {
        self.bytes.extend_from_slice(uuid.as_bytes());
    }

    /// A moment on its own; later ones are written relative to it.
    pub fn base(&mut self, moment: Timestamp) {
        self.signed(moment.as_second());
        self.signed(i64::from(moment.subsec_nanosecond()));
        self.base = moment;
    }

    /// A moment relative to the base, to the nanosecond: centuries fit.
    pub fn moment(&mut self, moment: Timestamp) {
        let nanos = moment.duration_since(self.base).as_nanos();
        self.signed(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }));
    }

    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => {
                self.byte(1);
                write(self, value);
            }
            None => self.byte(0),
        }
    }
}

/// Reads what a [`Writer`] wrote.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    base: Timestamp,
}

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, base: Timestamp::UNIX_EPOCH }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.bytes.split_first().ok_or(CodecError::Damaged)?;
        self.bytes = rest;
        Ok(*first)
    }

    pub fn flag(&mut self) -> Result<bool, CodecError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::Damaged),
        }
    }

    pub fn number(&mut self) -> Result<u64, CodecError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(CodecError::Damaged)
    }

    pub fn small(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.number()?).map_err(|_| CodecError::Damaged)
    }

    /// A length that the remaining bytes can hold.
    pub fn count(&mut self) -> Result<usize, CodecError> {
        let count = self.number()?;
        if count > MAX_LENGTH || count > self.bytes.len() as u64 {
            return Err(CodecError::Damaged);
        }
        Ok(count as usize)
    }

    /// A length, and how many items to make room for at once: what is damaged says it has as many items as bytes, and
    /// items are far larger than a byte.
    pub fn items(&mut self) -> Result<(usize, usize), CodecError> {
        let count = self.count()?;
        Ok((count, count.min(MAX_RESERVED)))
    }

    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub fn raw(&mut self) -> Result<&'b [u8], CodecError> {
        let count = self.count()?;
        let (bytes, rest) = self.bytes.split_at_checked(count).ok_or(CodecError::Damaged)?;
        self.bytes = rest;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<SmolStr, CodecError> {
        std::str::from_utf8(self.raw()?).map(SmolStr::new).map_err(|_| CodecError::Damaged)
    }

    pub fn uuid(&mut self) -> Result<Uuid, CodecError> {
        let (bytes, rest) = self.bytes.split_first_chunk::<16>().ok_or(CodecError::Damaged)?;
        self.bytes = rest;
        Ok(Uuid::from_bytes(*bytes))
    }

    pub fn base(&mut self) -> Result<Timestamp, CodecError> {
        let (second, nanos) = (self.signed()?, self.signed()?);
        if !(0..=LAST_BASE_SECOND).contains(&second) {
            return Err(CodecError::Damaged);
        }
        let nanos = i32::try_from(nanos).map_err(|_| CodecError::Damaged)?;
        self.base = Timestamp::new(second, nanos).map_err(|_| CodecError::Damaged)?;
        Ok(self.base)
    }

    pub fn moment(&mut self) -> Result<Timestamp, CodecError> {
        let nanos = self.signed()?;
        self.base.checked_add(SignedDuration::from_nanos(nanos)).map_err(|_| CodecError::Damaged)
    }

    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Option<T>, CodecError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    pub fn json(&mut self) -> Result<RawJson, CodecError> {
        RawJson::from_bytes(self.raw()?).ok_or(CodecError::Damaged)
    }
}
