//! The GSM 7-bit alphabet (3GPP TS 23.038): whether a text fits it, and replacements that make it fit, since
//! one character outside doubles the price of an SMS.

const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// What stands in for characters outside the alphabet. Each row: the replacement, and what it replaces.
const SUBSTITUTIONS: [(&str, &str); 33] = [
    ("\"", "“”„‟«»″"),
    ("'", "‘’‚‛′`´"),
    ("<", "‹"),
    (">", "›"),
    ("-", "–—―‐‑‒−"),
    ("...", "…"),
    (
        " ",
        "\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{3000}\t",
    ),
    ("", "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}"),
    ("*", "•·"),
    ("A", "ÁÀÂÃĀĂ"),
    ("a", "áâãāă"),
    ("c", "çćč"),
    ("C", "ĆČ"),
    ("E", "ÈÊËĒĚ"),
    ("e", "êëēě"),
    ("I", "ÍÌÎÏĪ"),
    ("i", "íîïīı"),
    ("N", "Ń"),
    ("n", "ńň"),
    ("O", "ÓÒÔÕŌ"),
    ("o", "óôõō"),
    ("S", "ŚŠŞ"),
    ("s", "śšş"),
    ("U", "ÚÙÛŪ"),
    ("u", "úûū"),
    ("Y", "ÝŸ"),
    ("y", "ýÿ"),
    ("Z", "ŹŻŽ"),
    ("z", "źżž"),
    ("G", "Ğ"),
    ("g", "ğ"),
    ("(c)", "©"),
    ("(R)", "®"),
];

/// Whether every character is in the alphabet or its extension.
pub(crate) fn fits(text: &str) -> bool {
    text.chars().all(|c| ALPHABET.contains(c) || EXTENSION.contains(c))
}

/// Places that a character of the alphabet takes: two if it is in the extension.
pub(crate) fn width(character: char) -> usize {
    if EXTENSION.contains(character) { 2 } else { 1 }
}

/// The text in the alphabet if replacing look-alikes suffices, else unchanged: a text that stays outside
/// anyway must not lose its proper characters as well.
pub(crate) fn substitute(text: &str) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let mut replaced = String::with_capacity(text.len());
    for character in text.chars() {
        match SUBSTITUTIONS.iter().find(|(_, from)| from.contains(character)) {
            Some((to, _)) => replaced.push_str(to),
            None => replaced.push(character),
        }
    }
    if fits(&replaced) { replaced } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::substitute;

    #[test]
    fn replaces_only_when_it_helps() {
        let cases = [
            ("plain", "plain"),
            ("“Baby’s” weight — 3 kg…", "\"Baby's\" weight - 3 kg..."),
            ("Português é fácil, não", "Portugues é facil, nao"),
            ("price 5 € [net]", "price 5 € [net]"),
            ("“merci” ☺", "“merci” ☺"),
            ("“ለእናት”", "“ለእናት”"),
        ];
        for (text, expected) in cases {
            assert_eq!(substitute(text), expected);
        }
    }
}
