//! Account numbers, as people type them into their phones to pay: eight digits, the last of which is a check digit (Luhn,
//! ISO/IEC 7812-1 annex B), so that a slip of a finger reaches nobody else's account.

/// Digits of an account number.
pub const DIGITS: usize = 8;

/// How many account numbers there are: seven digits are free.
pub const NUMBERS: u32 = 10_000_000;

/// The account number that is drawn with `serial`, which is taken around at [`NUMBERS`].
pub fn account_number(serial: u32) -> String {
    let body = format!("{:07}", serial % NUMBERS);
    let check = luhn(&body);
    format!("{body}{check}")
}

/// Whether a number of digits ends with its check digit.
pub fn is_account_number(number: &str) -> bool {
    number.len() == DIGITS
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && number.is_char_boundary(DIGITS - 1)
        && number[DIGITS - 1..] == luhn(&number[..DIGITS - 1]).to_string()
}

/// The check digit for digits; other characters count as nothing.
fn luhn(digits: &str) -> u32 {
    let values = digits.chars().rev().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = values
        .enumerate()
        .map(|(at, value)| if at % 2 == 0 { value * 2 / 10 + value * 2 % 10 } else { value })
        .sum();
    (10 - sum % 10) % 10
}

/// Longest reference that is looked at; providers allow 20 characters.
const REFERENCE_CHARS: usize = 64;

/// What a reference is compared by: capitals and digits only, letters that look like digits as digits, and a number
/// without zeros at its front. Nothing is guessed beyond that: what does not fit exactly is for a person to look at.
pub fn normalised(reference: &str) -> String {
    let kept = |character: char| match character.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        upper if upper.is_ascii_alphanumeric() => Some(upper),
        _ => None,
    };
    let text: String = reference.chars().take(REFERENCE_CHARS).filter_map(kept).collect();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.trim_start_matches('0').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_carry_their_check_digit() {
        for serial in [0, 1, 8_253_455, 1_695_319, 9_999_999, 10_000_001] {
            let number = account_number(serial);
            assert!(is_account_number(&number), "{number}");
            let slipped = format!("{}{}", &number[..7], (number.as_bytes()[7] - b'0' + 1) % 10);
            assert!(!is_account_number(&slipped), "{slipped}");
        }
        assert_eq!(account_number(8_253_455), "82534553");
        for text in ["", "8253455", "8253455x", "825345530", "é253455"] {
            assert!(!is_account_number(text), "{text}");
        }
    }

    #[test]
    fn references_are_compared_by_what_was_meant() {
        let cases = [
            ("82534553", "82534553"),
            (" 8253-4553 ", "82534553"),
            ("O82534S53", "082534S53"),
            ("82s3il", "82S311"),
            ("00123", "123"),
            ("", ""),
        ];
        for (typed, expected) in cases {
            assert_eq!(normalised(typed), expected, "{typed}");
        }
    }
}
