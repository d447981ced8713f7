//! The few words that WhatsApp wants of us, in the person's language; and how Meta calls languages.

use smol_str::{SmolStr, ToSmolStr};

/// ISO 639-3, ISO 639-1, and the title of the button that opens a list.
const LANGUAGES: [(&str, &str, &str); 32] = [
    ("afr", "af", "Kieslys"),
    ("amh", "am", "ምርጫዎች"),
    ("ara", "ar", "القائمة"),
    ("ben", "bn", "মেনু"),
    ("deu", "de", "Menü"),
    ("eng", "en", "Menu"),
    ("fas", "fa", "منو"),
    ("fra", "fr", "Menu"),
    ("hau", "ha", "Zaɓi"),
    ("hin", "hi", "मेन्यू"),
    ("ibo", "ig", "Nhọrọ"),
    ("ind", "id", "Menu"),
    ("ita", "it", "Menu"),
    ("kin", "rw", "Hitamo"),
    ("lin", "ln", "Pona"),
    ("lug", "lg", "Londa"),
    ("mar", "mr", "मेनू"),
    ("nep", "ne", "मेनु"),
    ("nya", "ny", "Sankhani"),
    ("por", "pt", "Menu"),
    ("run", "rn", "Hitamwo"),
    ("rus", "ru", "Меню"),
    ("som", "so", "Dooro"),
    ("spa", "es", "Menú"),
    ("swa", "sw", "Menyu"),
    ("tam", "ta", "பட்டியல்"),
    ("tel", "te", "మెను"),
    ("tur", "tr", "Menü"),
    ("urd", "ur", "مینو"),
    ("xho", "xh", "Khetha"),
    ("yor", "yo", "Yan"),
    ("zul", "zu", "Khetha"),
];

/// ISO 639-3 and ISO 639-1 of the other languages in which Meta takes templates.
const OTHERS: [(&str, &str); 43] = [
    ("aze", "az"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("dan", "da"),
    ("ell", "el"),
    ("est", "et"),
    ("fin", "fi"),
    ("gle", "ga"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("kaz", "kk"),
    ("kir", "ky"),
    ("kor", "ko"),
    ("lao", "lo"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mkd", "mk"),
    ("msa", "ms"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("pan", "pa"),
    ("pol", "pl"),
    ("pus", "ps"),
    ("ron", "ro"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sqi", "sq"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tha", "th"),
    ("tir", "ti"),
    ("ukr", "uk"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("zho", "zh"),
];

/// The title of the button that opens a list.
pub(super) fn menu(locale: Option<&str>) -> &'static str {
    find(locale).map_or("Menu", |(_, _, menu)| menu)
}

/// Meta's code of a locale: `eng-US` is `en_US`, `spa` is `es`.
pub(super) fn language_code(locale: &str) -> SmolStr {
    let (language, country) = locale.split_once('-').map_or((locale, None), |(l, c)| (l, Some(c)));
    let other = || OTHERS.into_iter().find(|(long, _)| *long == language).map(|(_, short)| short);
    let language = find(Some(language)).map(|(_, short, _)| short).or_else(other).unwrap_or(language);
    match country {
        Some(country) => smol_str::format_smolstr!("{language}_{country}"),
        None => language.to_smolstr(),
    }
}

/// The locale of Meta's code: `en_US` is `eng-US`, `es` is `spa`. A language that is not known stays as it is.
pub(super) fn locale_of(code: &str) -> SmolStr {
    let (language, country) = code.split_once('_').map_or((code, None), |(l, c)| (l, Some(c)));
    let other = || OTHERS.into_iter().find(|(_, short)| *short == language).map(|(long, _)| long);
    let language = find(Some(language)).map(|(long, _, _)| long).or_else(other).unwrap_or(language);
    match country {
        Some(country) => smol_str::format_smolstr!("{language}-{country}"),
        None => language.to_smolstr(),
    }
}

fn find(locale: Option<&str>) -> Option<(&'static str, &'static str, &'static str)> {
    let language = locale?.split(['-', '_']).next()?;
    LANGUAGES.into_iter().find(|(long, short, _)| *long == language || *short == language)
}

#[cfg(test)]
mod tests {
    use super::{language_code, menu};

    #[test]
    fn knows_languages_in_their_usual_forms() {
        for (locale, code, word) in [
            ("eng-US", "en_US", "Menu"),
            ("spa", "es", "Menú"),
            ("por-MZ", "pt_MZ", "Menu"),
            ("xxx", "xxx", "Menu"),
        ] {
            assert_eq!((language_code(locale).as_str(), menu(Some(locale))), (code, word));
        }
        assert_eq!(menu(None), "Menu");
    }
}
