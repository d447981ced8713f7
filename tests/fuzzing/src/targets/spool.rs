//! Segments of the spool, whatever stands in them.

// What the file of the node needs, read here by itself: a fuzzer of the whole node would take minutes to build.
use ring as _;

use crate::Choices;

#[path = "../../../../crates/node/src/spool/record.rs"]
mod record;

use record::Piece;

/// Bytes of one record.
const LONGEST: usize = 512;

/// A segment of whole records with something foreign between and behind them: each record is found where it lies, with
/// what is in it, and nothing else is taken for one.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let segment = u64::from(choices.byte());
    let (mut bytes, mut written) = (Vec::new(), Vec::new());
    while !choices.once_in(4) && written.len() < 16 {
        if choices.once_in(2) {
            bytes.extend(some(&mut choices, 64));
        }
        let payload = some(&mut choices, LONGEST);
        let arrived = i64::from(choices.byte());
        let at = bytes.len() as u64;
        record::write(&mut bytes, segment, at, arrived, &payload);
        assert_eq!(bytes.len() as u64, at + record::frame_bytes(&payload));
        written.push((at, arrived, payload));
    }
    bytes.extend_from_slice(choices.rest());
    let (mut from, mut found) = (0, Vec::new());
    while let Some(piece) = record::next(segment, from as u64, &bytes[from..], LONGEST, true) {
        let end = usize::try_from(piece.end()).expect("it is in the segment");
        assert!(end > from && end <= bytes.len(), "pieces go on, to the end");
        match piece {
            Piece::Record { arrived, payload, .. } => found.push((from as u64, arrived, payload.to_vec())),
            Piece::Damage { bytes: damaged, .. } => assert_eq!(damaged, &bytes[from..end]),
        }
        from = end;
    }
    assert_eq!(from, bytes.len(), "all of it is told");
    // What follows may hold a record by itself, if the input does; those that were written are all there, in order.
    let mut rest = found.iter();
    for one in &written {
        assert!(rest.any(|there| there == one), "a record at {} is lost", one.0);
    }
}

fn some(choices: &mut Choices<'_>, limit: usize) -> Vec<u8> {
    (0..choices.below(limit)).map(|_| choices.byte()).collect()
}
