//! OpenPAYGO Token: codes of nine digits (fifteen of 1–4 for keypads with four keys), the device that takes them, and
//! OpenPAYGO Metrics, by which devices with a connection report and fetch their codes.
//!
//! Rules: `facts/payg.md` section 2.3, after the published specification.

mod device;
pub mod metrics;
pub mod token;

pub use device::{Device, Entered};
pub use token::{EncodeError, Kind, Settings, Token, encode, next_count, starting_code};

use super::DeviceKey;

/// Most that a code's value can say: days times the divider.
pub const VALUE_MAX: u32 = 995;

/// The value that turns the lock off for good.
pub(crate) const DISABLE: u32 = 998;

/// The value that only tells the device where the count stands.
pub(crate) const SYNC: u32 = 999;

/// Codes are drawn below this number, three digits of which are the value.
const CODES: u32 = 1_000_000_000;

/// What is taken from a draw that is beyond it.
const BEYOND: u32 = 73_741_825;

/// A code from a hash.
fn folded(hash: u64) -> u32 {
    let code = ((hash >> 32) as u32 ^ hash as u32) >> 2;
    if code >= CODES { code - BEYOND } else { code }
}

/// The code after this one.
pub fn next_code(key: &DeviceKey, code: u32) -> u32 {
    let [a, b, c, d] = code.to_be_bytes();
    folded(key.hash(&[a, b, c, d, a, b, c, d]))
}

/// Extended codes are drawn below this number.
const LONG_CODES: u64 = 1_000_000_000_000;

/// What is taken from an extended draw that is beyond it.
const LONG_BEYOND: u64 = 99_511_627_777;

/// The extended code after this one.
pub fn next_long_code(key: &DeviceKey, code: u64) -> u64 {
    let code = key.hash(&code.to_be_bytes()) >> 24;
    if code >= LONG_CODES { code - LONG_BEYOND } else { code }
}
