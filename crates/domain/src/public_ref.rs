//! The reference by which people call a contact where addresses are hidden: six letters and digits made
//! from the contact's row number with the workspace's key, so that it tells nothing about their number.

use smol_str::SmolStr;

use crate::ContactId;

/// Digits of references: Base32 of RFC 4648, which leaves out what is easily misread.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of a reference; five bits each.
const LENGTH: usize = 6;
/// Bits of each half of the number.
const HALF_BITS: u32 = 15;
const HALF_MASK: u32 = (1 << HALF_BITS) - 1;

/// The reference of a contact: a Feistel network of four rounds over 30 bits, so that every number up to
/// 2^30 has its own. Empty for contacts that are not stored and for numbers beyond that.
pub fn public_ref(id: ContactId, key: [u32; 4]) -> SmolStr {
    let Some(number) =
        u32::try_from(id.0).ok().filter(|number| *number > 0 && number >> (2 * HALF_BITS) == 0)
    else {
        return SmolStr::default();
    };
    let (mut left, mut right) = (number >> HALF_BITS, number & HALF_MASK);
    for round_key in key {
        (left, right) = (right, left ^ mixed(right, round_key));
    }
    let mixed = (left << HALF_BITS) | right;
    (0..LENGTH).rev().map(|digit| char::from(ALPHABET[(mixed >> (5 * digit)) as usize & 31])).collect()
}

/// The contact that a reference means; `None` if it is not a reference.
pub fn from_public_ref(text: &str, key: [u32; 4]) -> Option<ContactId> {
    if text.len() != LENGTH {
        return None;
    }
    let mut number = 0_u32;
    for byte in text.to_ascii_uppercase().bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        number = (number << 5) | u32::try_from(digit).ok()?;
    }
    let (mut left, mut right) = (number >> HALF_BITS, number & HALF_MASK);
    for round_key in key.into_iter().rev() {
        (left, right) = (right ^ mixed(left, round_key), left);
    }
    Some(ContactId(i64::from((left << HALF_BITS) | right)))
}

/// Whether a text has the form of a reference.
pub fn is_public_ref(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// The round function: any function of 15 bits does; this one spreads each bit over the result.
fn mixed(half: u32, key: u32) -> u32 {
    let product = (half ^ key).wrapping_mul(0x9E37_79B1);
    (product ^ (product >> HALF_BITS)) & HALF_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contact_has_its_own_reference_and_back() {
        let key = [0x12345, 0x6789a, 0xbcdef, 0x13579];
        let mut seen = std::collections::BTreeSet::new();
        for id in (1..2_000).chain([(1 << 30) - 1]) {
            let text = public_ref(ContactId(id), key);
            assert!(is_public_ref(&text), "{text}");
            assert_eq!(from_public_ref(&text.to_lowercase(), key), Some(ContactId(id)));
            assert!(seen.insert(text));
        }
        assert_eq!(public_ref(ContactId(0), key), "");
        assert_eq!(public_ref(ContactId(1 << 30), key), "");
        assert_eq!(from_public_ref("abc", key), None);
        assert_eq!(from_public_ref("ABC01!", key), None);
    }
}
