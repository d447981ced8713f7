//! Bytes read as choices: a fuzzer that changes a byte changes one decision, and every row of bytes makes something.

/// Bytes read as choices. When they are used up every further choice is the first one, so that what is made ends.
#[derive(Debug)]
pub struct Choices<'b> {
    bytes: &'b [u8],
}

impl<'b> Choices<'b> {
    /// Over these bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// Whether all are used up.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    /// A number below `limit`, which is at most 65,536 and not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let byte = usize::from(self.byte());
        if limit <= 256 { byte % limit } else { (byte << 8 | usize::from(self.byte())) % limit }
    }

    /// Once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 1 % times
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// The bytes up to the next zero, as text, at most `limit` of them.
    pub fn text(&mut self, limit: usize) -> String {
        let end = self.bytes.iter().take(limit).position(|byte| *byte == 0);
        let end = end.unwrap_or(self.bytes.len().min(limit));
        let (text, rest) = self.bytes.split_at(end);
        self.bytes = rest.strip_prefix(&[0]).unwrap_or(rest);
        String::from_utf8_lossy(text).into_owned()
    }

    /// What is left.
    pub fn rest(&mut self) -> &'b [u8] {
        std::mem::take(&mut self.bytes)
    }
}
