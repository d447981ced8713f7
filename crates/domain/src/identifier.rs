//! Numbers by which people are known elsewhere, or which we draw for them, with the digits that catch a slip of the finger.
//!
//! Luhn's digit catches every single wrong digit and most swaps of neighbours; Damm's catches all of both, so it is the one
//! of the numbers that are drawn here. A South African identity number says birth and sex as well.

use jiff::civil::Date;
use smol_str::{SmolStr, SmolStrBuilder};
use thiserror::Error;

/// Digits of a number that is drawn, its check digit included.
pub const DRAWN_DIGITS: usize = 10;

/// Digits of a South African identity number.
const SOUTH_AFRICAN_DIGITS: usize = 13;

/// Smallest and largest number that stands before the check digit of one that is drawn. It never begins with 0, which
/// spreadsheets would take away.
const DRAWN_SPAN: (u64, u64) = (100_000_000, 999_999_999);

/// The table of a totally anti-symmetric quasigroup of order 10, by H. Michael Damm (2004).
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// Whether somebody is a woman or a man by their papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// A woman.
    Female,
    /// A man.
    Male,
}

impl Sex {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}

/// What a South African identity number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SouthAfrican {
    /// The day of birth.
    pub born: Date,
    /// The sex.
    pub sex: Sex,
    /// Whether they are a citizen; else they live there for good.
    pub citizen: bool,
}

/// Why a number is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Something else than digits, or another count of them.
    #[error("it must have {0} digits")]
    Digits(usize),
    /// The first six digits are no day.
    #[error("its first six digits are no day of birth")]
    Birth,
    /// The eleventh or twelfth digit is one that is not used.
    #[error("its eleventh digit must be 0 or 1, and its twelfth 8 or 9")]
    Unused,
    /// The last digit is not that of the others.
    #[error("its check digit is wrong: a digit was mistyped")]
    CheckDigit,
}

/// The digits of a text, blanks and hyphens left out; `None` if there is anything else in it.
fn digits(text: &str) -> Option<Vec<u8>> {
    let kept = text.trim().bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
    kept.map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect()
}

/// Whether the last digit of a number is Luhn's (ISO/IEC 7812-1) for those before it.
pub fn is_luhn(text: &str) -> bool {
    digits(text).is_some_and(|digits| digits.len() > 1 && luhn_sum(&digits).is_multiple_of(10))
}

fn luhn_sum(digits: &[u8]) -> u32 {
    let double = |digit: u8| u32::from(if digit > 4 { 2 * digit - 9 } else { 2 * digit });
    let each = digits.iter().rev().enumerate();
    each.map(|(place, digit)| if place % 2 == 1 { double(*digit) } else { u32::from(*digit) }).sum()
}

fn damm(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(*digit)])
}

/// Whether the last digit of a number is Damm's for those before it.
pub fn is_damm(text: &str) -> bool {
    digits(text).is_some_and(|digits| digits.len() > 1 && damm(&digits) == 0)
}

/// A number of [`DRAWN_DIGITS`] digits, the last of which is Damm's, made of 64 random bits.
pub fn draw(random: u64) -> SmolStr {
    let (least, most) = DRAWN_SPAN;
    let number = (least + random % (most - least + 1)).to_string();
    let check = digits(&number).map_or(0, |digits| damm(&digits));
    let mut drawn = SmolStrBuilder::new();
    drawn.push_str(&number);
    drawn.push(char::from(b'0' + check));
    drawn.finish()
}

/// A number as it was typed, without blanks and hyphens and in capitals: how codes are compared.
pub fn plain(text: &str) -> SmolStr {
    let kept = text.trim().chars().filter(|kept| !kept.is_whitespace() && *kept != '-');
    kept.flat_map(char::to_uppercase).collect()
}

/// Reads a South African identity number: `YYMMDD`, four digits below 5000 for women, 0 for citizens or 1, 8 or 9, and Luhn's
/// digit. `today` decides the century: nobody is born later, and nobody is a hundred.
///
/// # Errors
/// [`IdentifierError`], which says what is wrong with it.
pub fn south_african(text: &str, today: Date) -> Result<SouthAfrican, IdentifierError> {
    let wrong = IdentifierError::Digits(SOUTH_AFRICAN_DIGITS);
    let digits = digits(text).ok_or(wrong)?;
    if digits.len() != SOUTH_AFRICAN_DIGITS {
        return Err(wrong);
    }
    let two = |place: usize| 10 * digits[place] + digits[place + 1];
    let born = |century: i16| {
        let (month, day) = (i8::try_from(two(2)).ok()?, i8::try_from(two(4)).ok()?);
        Date::new(century + i16::from(two(0)), month, day).ok()
    };
    // 29 February 2000 was there and that of 1900 was not, so the day is looked for in the century that it is of.
    let born = born(2000).filter(|born| *born <= today).or_else(|| born(1900));
    let born = born.filter(|born| *born <= today).ok_or(IdentifierError::Birth)?;
    if digits[10] > 1 || digits[11] < 8 {
        return Err(IdentifierError::Unused);
    }
    if !luhn_sum(&digits).is_multiple_of(10) {
        return Err(IdentifierError::CheckDigit);
    }
    let sex = if digits[6] < 5 { Sex::Female } else { Sex::Male };
    Ok(SouthAfrican { born, sex, citizen: digits[10] == 0 })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// A number with the check digit that it should have.
    fn with_luhn(front: &str) -> String {
        let check = (0..10).map(|digit| format!("{front}{digit}")).find(|number| is_luhn(number));
        check.expect("one of ten fits")
    }

    #[test]
    fn check_digits_are_those_of_the_standards() {
        for (number, good) in [
            ("4992739871 6", true),
            ("49927398717", false),
            ("1234567812345670", true),
            ("1234567812345678", false),
            ("0", false),
            ("", false),
            ("18a", false),
        ] {
            assert_eq!(is_luhn(number), good, "{number:?} by Luhn");
        }
        for (number, good) in
            [("5724", true), ("5727", false), ("112946", true), ("0", false), ("57-24", true)]
        {
            assert_eq!(is_damm(number), good, "{number:?} by Damm");
        }
    }

    #[test]
    fn what_is_drawn_survives_no_slip_of_the_finger() {
        for (seed, expected) in [
            (0, 100_000_000_u64),
            (23_456_789, 123_456_789),
            (899_999_999, 999_999_999),
            (900_000_000, 100_000_000),
        ] {
            let number = draw(seed);
            assert_eq!(number.len(), DRAWN_DIGITS);
            assert!(number.starts_with(&expected.to_string()) && is_damm(&number), "{number}");
            let bytes = number.as_bytes();
            for place in 0..bytes.len() {
                for digit in (b'0'..=b'9').filter(|digit| *digit != bytes[place]) {
                    let mut wrong = bytes.to_vec();
                    wrong[place] = digit;
                    assert!(!is_damm(std::str::from_utf8(&wrong).unwrap()), "{number} place {place}");
                }
                if place > 0 && bytes[place] != bytes[place - 1] {
                    let mut wrong = bytes.to_vec();
                    wrong.swap(place, place - 1);
                    assert!(!is_damm(std::str::from_utf8(&wrong).unwrap()), "{number} swapped at {place}");
                }
            }
        }
    }

    #[test]
    fn a_south_african_number_says_birth_and_sex() {
        let today = date(2026, 11, 22);
        let check = |front: &str, expected: Result<(Date, Sex, bool), IdentifierError>| {
            let number = with_luhn(front);
            let found = south_african(&number, today).map(|id| (id.born, id.sex, id.citizen));
            assert_eq!(found, expected, "{number}");
        };
        check("800101500908", Ok((date(1980, 1, 1), Sex::Male, true)));
        check("920229499918", Ok((date(1992, 2, 29), Sex::Female, false)));
        check("000229000008", Ok((date(2000, 2, 29), Sex::Female, true)));
        check("261122123409", Ok((date(2026, 11, 22), Sex::Female, true)));
        // Tomorrow was a hundred years ago.
        check("261123123409", Ok((date(1926, 11, 23), Sex::Female, true)));
        check("930229499908", Err(IdentifierError::Birth));
        check("801301500908", Err(IdentifierError::Birth));
        check("800101500928", Err(IdentifierError::Unused));
        check("800101500907", Err(IdentifierError::Unused));
        assert_eq!(
            south_african("80 0101 5009 087", today).map(|id| id.born),
            Ok(date(1980, 1, 1)),
            "blanks do not matter"
        );
        assert_eq!(south_african("8001015009086", today), Err(IdentifierError::CheckDigit));
        for none in ["", "800101500908", "80010150090877", "80010150090x7"] {
            assert_eq!(south_african(none, today), Err(IdentifierError::Digits(13)), "{none:?}");
        }
    }

    #[test]
    fn codes_are_compared_without_blanks_and_case() {
        for (typed, kept) in [(" gul-17 ", "GUL17"), ("12 34", "1234"), ("", ""), ("é9", "É9")] {
            assert_eq!(plain(typed), kept);
        }
    }
}
