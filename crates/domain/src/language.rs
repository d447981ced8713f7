//! Language codes: three letters of ISO 639-3, or one that ISO 639-2 gives to a group of languages.

/// One code per line, sorted. From the code tables of the registration authority (SIL International, iso639-3.sil.org).
const CODES: &[u8] = include_bytes!("language_codes.txt");
/// Bytes of a line: the code and the end of the line.
const LINE: usize = 4;

/// Whether a text is a language's code, in lower case.
pub fn is_code(text: &str) -> bool {
    let Ok(code) = <[u8; 3]>::try_from(text.as_bytes()) else { return false };
    // What the standard leaves to private use: qaa to qtz.
    if (*b"qaa"..=*b"qtz").contains(&code) && code.iter().all(u8::is_ascii_lowercase) {
        return true;
    }
    let (mut low, mut high) = (0, CODES.len() / LINE);
    while low < high {
        let middle = low.midpoint(high);
        match CODES[middle * LINE..][..3].cmp(&code) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_tables() {
        for code in ["aaa", "eng", "spa", "kin", "swa", "zza", "und", "mul", "ber", "qaa", "qtz"] {
            assert!(is_code(code), "{code}");
        }
        for text in ["", "en", "ENG", "vvv", "base", "xyx9", "äa", "qua!", "zzz"] {
            assert!(!is_code(text), "{text}");
        }
        assert!(CODES.chunks(LINE).is_sorted() && CODES.len().is_multiple_of(LINE));
    }
}
