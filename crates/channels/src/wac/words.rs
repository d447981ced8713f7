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

/// The title of the button that opens a list.
pub(super) fn menu(locale: Option<&str>) -> &'static str {
    find(locale).map_or("Menu", |(_, _, menu)| menu)
}

/// Meta's code of a locale: `eng-US` is `en_US`, `spa` is `es`.
pub(super) fn language_code(locale: &str) -> SmolStr {
    let (language, country) = locale.split_once('-').map_or((locale, None), |(l, c)| (l, Some(c)));
    let language = find(Some(language)).map_or(language, |(_, short, _)| short);
    match country {
        Some(country) => smol_str::format_smolstr!("{language}_{country}"),
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
