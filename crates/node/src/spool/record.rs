//! How one item lies in a segment of the spool: a frame that can be found again whatever happened around it.
//!
//! ```text
//! "SPR1" | bytes of the payload u32 | moment of arrival i64, µs | checksum 8 bytes | payload
//! ```
//! Numbers are little-endian. The checksum is the beginning of the SHA-256 of the segment's number, the frame's place in
//! it, the moment and the payload: a frame that was torn, changed or left over from elsewhere is not taken for one.

use ring::digest::{Context, SHA256};

/// Begins each frame.
const MARK: [u8; 4] = *b"SPR1";
/// Bytes before the payload.
pub const HEAD_BYTES: usize = 24;

/// What stands at one place of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'s> {
    /// A whole record.
    Record {
        /// Where the next piece begins, in the segment.
        end: u64,
        /// When the item arrived, microseconds since 1970.
        arrived: i64,
        /// The item.
        payload: &'s [u8],
    },
    /// Bytes that are no record; one follows at `end`, or nothing that could be read.
    Damage {
        /// Where the next piece begins, in the segment.
        end: u64,
        /// The bytes.
        bytes: &'s [u8],
    },
}

impl Piece<'_> {
    /// Where the next piece begins, in the segment.
    pub fn end(&self) -> u64 {
        match self {
            Self::Record { end, .. } | Self::Damage { end, .. } => *end,
        }
    }
}

fn checksum(segment: u64, at: u64, arrived: i64, payload: &[u8]) -> [u8; 8] {
    let mut hash = Context::new(&SHA256);
    for part in [&segment.to_le_bytes(), &at.to_le_bytes(), &arrived.to_le_bytes()] {
        hash.update(part);
    }
    hash.update(payload);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hash.finish().as_ref()[..8]);
    sum
}

/// Bytes that an item takes in a segment.
pub fn frame_bytes(payload: &[u8]) -> u64 {
    (HEAD_BYTES + payload.len()) as u64
}

/// Appends the frame of an item that will lie at the place `at` of a segment. The caller holds items to their limit,
/// which is far below what the length can say.
pub fn write(out: &mut Vec<u8>, segment: u64, at: u64, arrived: i64, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&arrived.to_le_bytes());
    out.extend_from_slice(&checksum(segment, at, arrived, payload));
    out.extend_from_slice(payload);
}

/// A number out of a frame's head.
fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// What a place may hold.
enum Found<'s> {
    Record(Piece<'s>),
    /// It may be whole once more bytes are there.
    Short,
    Nothing,
}

fn frame_at<'s>(segment: u64, base: u64, bytes: &'s [u8], from: usize, longest: usize) -> Found<'s> {
    let rest = &bytes[from..];
    if rest.len() < HEAD_BYTES {
        let known = rest.len().min(MARK.len());
        return if rest[..known] == MARK[..known] { Found::Short } else { Found::Nothing };
    }
    let (Some(mark), Some(length), Some(arrived), Some(sum)) =
        (word::<4>(rest, 0), word(rest, 4), word(rest, 8), word::<8>(rest, 16))
    else {
        return Found::Nothing;
    };
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if mark != MARK || length > longest {
        return Found::Nothing;
    }
    let Some(payload) = rest.get(HEAD_BYTES..HEAD_BYTES + length) else { return Found::Short };
    let (at, arrived) = (base + from as u64, i64::from_le_bytes(arrived));
    if checksum(segment, at, arrived, payload) != sum {
        return Found::Nothing;
    }
    Found::Record(Piece::Record { end: at + frame_bytes(payload), arrived, payload })
}

/// The piece at the beginning of `bytes`, which lie at `base` in the segment; `None` if they are the beginning of a
/// record that goes on behind them. Records hold at most `longest` bytes. With `is_end` nothing comes behind the bytes:
/// what goes on there was torn, unless a whole record follows.
pub fn next<'s>(segment: u64, base: u64, bytes: &'s [u8], longest: usize, is_end: bool) -> Option<Piece<'s>> {
    if bytes.is_empty() {
        return None;
    }
    let first = frame_at(segment, base, bytes, 0, longest);
    if let Found::Record(record) = first {
        return Some(record);
    }
    let is_short = matches!(first, Found::Short);
    if is_short && !is_end {
        return None;
    }
    let begins_there = |from: &usize| match frame_at(segment, base, bytes, *from, longest) {
        Found::Record(_) => true,
        Found::Short => !is_end,
        Found::Nothing => false,
    };
    let following = (1..bytes.len()).filter(|from| bytes[*from] == MARK[0]).find(begins_there);
    if is_short && following.is_none() {
        return None;
    }
    let end = following.unwrap_or(bytes.len());
    Some(Piece::Damage { end: base + end as u64, bytes: &bytes[..end] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HEAD_BYTES, Piece, next, write};

    const LONGEST: usize = 1_000;

    /// What is read of bytes: payloads, and `None` for each stretch of damage; then what is left over.
    fn read(segment: u64, bytes: &[u8]) -> (Vec<Option<String>>, usize) {
        let (mut pieces, mut at) = (Vec::new(), 0);
        while let Some(piece) = next(segment, at as u64, &bytes[at..], LONGEST, true) {
            pieces.push(match piece {
                Piece::Record { payload, .. } => Some(String::from_utf8_lossy(payload).into_owned()),
                Piece::Damage { .. } => None,
            });
            assert!(piece.end() > at as u64, "reading goes on");
            at = usize::try_from(piece.end()).unwrap();
        }
        (pieces, bytes.len() - at)
    }

    fn segment(number: u64, payloads: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for payload in payloads {
            let at = bytes.len() as u64;
            write(&mut bytes, number, at, 1_800_000_000_000_000, payload.as_bytes());
        }
        bytes
    }

    fn some(payloads: &[&str]) -> Vec<Option<String>> {
        payloads.iter().map(|payload| Some((*payload).to_owned())).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = segment(1, &["one", "", "three SPR1 three"]);
        assert_eq!(read(1, &bytes), (some(&["one", "", "three SPR1 three"]), 0));
        assert_eq!(read(2, &bytes).0, [None], "a segment is not taken for another");
        let moved = [b"x".as_slice(), &bytes].concat();
        assert_eq!(read(1, &moved).0, [None], "a record is where it was written");
    }

    #[test]
    fn a_torn_tail_is_left_over_wherever_it_is_torn() {
        let bytes = segment(1, &["one", "two"]);
        let first = HEAD_BYTES + 3;
        for length in first..bytes.len() {
            assert_eq!(read(1, &bytes[..length]), (some(&["one"]), length - first), "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_costs_one_record_and_no_other() {
        let bytes = segment(1, &["one", "two", "three"]);
        let first = HEAD_BYTES + 3;
        for bit in first * 8..first * 2 * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let (pieces, left) = read(1, &damaged);
            let whole: Vec<_> = pieces.iter().flatten().collect();
            assert_eq!(whole, ["one", "three"], "bit {bit}");
            assert_eq!(left, 0, "bit {bit}");
        }
    }

    /// What somebody or something does to a segment.
    #[derive(Debug, Clone)]
    enum Harm {
        Flip(usize, u8),
        Cut(usize),
        Insert(usize, Vec<u8>),
        Zero(usize, usize),
    }

    fn harm() -> impl Strategy<Value = Harm> {
        prop_oneof![
            (any::<usize>(), 1..=255_u8).prop_map(|(at, with)| Harm::Flip(at, with)),
            any::<usize>().prop_map(Harm::Cut),
            (any::<usize>(), proptest::collection::vec(any::<u8>(), 1..40))
                .prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
            (any::<usize>(), 1..200_usize).prop_map(|(at, count)| Harm::Zero(at, count)),
        ]
    }

    /// Does it, and answers from where on the bytes are not what they were.
    fn inflict(bytes: &mut Vec<u8>, harm: Harm) -> usize {
        let length = bytes.len();
        match harm {
            Harm::Flip(at, with) if length > 0 => {
                bytes[at % length] ^= with;
                at % length
            }
            Harm::Cut(at) if length > 0 => {
                bytes.truncate(at % length);
                at % length
            }
            Harm::Insert(at, more) => {
                let at = at % (length + 1);
                bytes.splice(at..at, more);
                at
            }
            Harm::Zero(at, count) if length > 0 => {
                let from = at % length;
                bytes[from..].iter_mut().take(count).for_each(|byte| *byte = 0);
                from
            }
            Harm::Flip(..) | Harm::Cut(_) | Harm::Zero(..) => length,
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_to_a_segment_only_what_was_written_is_read(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..12),
            harms in proptest::collection::vec(harm(), 0..4),
        ) {
            let mut bytes = Vec::new();
            let mut ends = Vec::new();
            for payload in &payloads {
                let at = bytes.len() as u64;
                write(&mut bytes, 3, at, 5, payload);
                ends.push(bytes.len());
            }
            let first = harms.into_iter().map(|harm| inflict(&mut bytes, harm)).min().unwrap_or(bytes.len());
            let (mut at, mut read) = (0, Vec::new());
            while let Some(piece) = next(3, at as u64, &bytes[at..], LONGEST, true) {
                if let Piece::Record { payload, .. } = piece {
                    read.push(payload.to_vec());
                }
                let end = usize::try_from(piece.end()).unwrap();
                prop_assert!(end > at && end <= bytes.len());
                at = end;
            }
            let untouched = ends.iter().filter(|end| **end <= first).count();
            prop_assert!(read.len() >= untouched && read[..untouched] == payloads[..untouched]);
            // What is read is what was written, in its order.
            let mut written = payloads.iter();
            for payload in &read {
                prop_assert!(written.any(|was| was == payload), "read what was never written");
            }
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), end in any::<bool>()) {
            let mut at = 0;
            while let Some(piece) = next(1, at as u64, &bytes[at..], LONGEST, end) {
                let to = usize::try_from(piece.end()).unwrap();
                prop_assert!(to > at && to <= bytes.len());
                at = to;
            }
        }
    }
}
