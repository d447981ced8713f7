//! Identifiers that follow from what they are for, so that importing an old export again changes nothing.

use uuid::Uuid;

/// Start and factor of FNV-1a with 128 bits.
const FNV_START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_FACTOR: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
/// What the state grows by at each step of splitmix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Identifiers in a row that are the same for the same seed.
pub(crate) fn seeded(seed: &str) -> impl FnMut() -> Uuid + use<> {
    let hash = seed.bytes().fold(FNV_START, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(FNV_FACTOR));
    let mut states = [(hash >> 64) as u64, hash as u64];
    move || {
        let [high, low] = states.each_mut().map(next);
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }
}

/// splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn identifiers_differ_and_come_again() {
        let row = |seed: &str| -> Vec<_> { std::iter::repeat_with(super::seeded(seed)).take(1000).collect() };
        assert_eq!(row("a"), row("a"));
        let all: BTreeSet<_> = row("a").into_iter().chain(row("b")).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(|uuid| uuid.get_version_num() == 4));
    }
}
