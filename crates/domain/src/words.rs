//! The words by which texts are searched: in any script, whatever case and accents they are written with. Databases fold
//! and split text each in their own way, so none of that is left to them.

use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Words of one text that count; a message has some thousand letters at most.
pub const MAX_SEARCH_WORDS: usize = 500;
/// Letters of a word that count.
const WORD_CHARS: usize = 40;

/// The different words of a text, folded, in order. Of scripts that write without spaces (Chinese, Japanese, Thai, Lao,
/// Khmer, Burmese) each two letters that stand together are a word.
pub fn search_words(text: &str) -> Vec<SmolStr> {
    let folded: String =
        text.nfkd().filter(|letter| !is_accent(*letter)).flat_map(char::to_lowercase).collect();
    let mut found: Vec<SmolStr> = Vec::new();
    let mut add = |word: &str| {
        let word: SmolStr = word
            .chars()
            .filter(|letter| letter.is_alphanumeric() || is_mark(*letter))
            .take(WORD_CHARS)
            .collect();
        if !word.is_empty() && found.len() < MAX_SEARCH_WORDS && !found.contains(&word) {
            found.push(word);
        }
    };
    // Words of letters, and runs of those that have no spaces between words.
    let mut run = String::new();
    for part in folded.split_word_bounds() {
        if part.chars().all(is_unspaced) {
            run.push_str(part);
            continue;
        }
        pairs(&std::mem::take(&mut run), &mut add);
        if part.chars().any(char::is_alphanumeric) {
            add(part);
        }
    }
    pairs(&run, &mut add);
    found
}

fn pairs(run: &str, add: &mut impl FnMut(&str)) {
    let letters: Vec<char> = run.chars().collect();
    match letters.as_slice() {
        [] => {}
        [only] => add(&only.to_string()),
        all => all.windows(2).for_each(|pair| add(&pair.iter().collect::<String>())),
    }
}

/// Marks that people leave out or write: accents of European letters, vowel signs of Arabic and Hebrew.
fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

/// Marks that are part of a word in scripts of South and South-East Asia.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{900}'..='\u{dff}' | '\u{e30}'..='\u{e4e}' | '\u{eb0}'..='\u{ecd}' | '\u{f00}'..='\u{fff}'
        | '\u{102b}'..='\u{103e}' | '\u{135d}'..='\u{135f}' | '\u{17b4}'..='\u{17d3}' | '\u{3099}'..='\u{309a}')
}

/// Letters of scripts that put no spaces between words.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{1000}'..='\u{1049}' | '\u{1780}'..='\u{17d3}'
        | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::{MAX_SEARCH_WORDS, search_words};

    #[test]
    fn finds_words_in_any_script() {
        let check = |text: &str, expected: &[&str]| assert_eq!(search_words(text), expected, "{text}");
        check("", &[]);
        check("!? ... 🙂", &[]);
        check("Hello, HELLO hello!", &["hello"]);
        check("Ça va à l'hôpital?", &["ca", "va", "a", "lhopital"]);
        check("STRASSE Straße", &["strasse", "straße"]);
        check("Ngiyabonga 2 x 500mg", &["ngiyabonga", "2", "x", "500mg"]);
        check("İstanbul ﬁne", &["istanbul", "fine"]);
        check("Привет, Ёлка", &["привет", "елка"]);
        check("መልካም ጤና", &["መልካም", "ጤና"]);
        check("مَرْحَبًا مرحبا", &["مرحبا"]);
        check("שָׁלוֹם שלום", &["שלום"]);
        check("नमस्ते दुनिया", &["नमस्ते", "दुनिया"]);
        check("東京都", &["東京", "京都"]);
        check("東", &["東"]);
        check("สวัสดี", &["สว", "วั", "ัส", "สด", "ดี"]);
        check(
            "안녕하세요 clinic",
            &["안녕하세요", "clinic"].map(|word| {
                // Hangul is taken apart by the folding, the same way each time.
                Box::leak(search_words(word)[0].to_string().into_boxed_str()) as &str
            }),
        );
        check("tel:+256799000001", &["tel", "256799000001"]);
    }

    #[test]
    fn holds_to_limits() {
        let many: String = (0..2_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(search_words(&many).len(), MAX_SEARCH_WORDS);
        assert_eq!(search_words(&"x".repeat(5_000))[0].len(), 40);
    }
}
