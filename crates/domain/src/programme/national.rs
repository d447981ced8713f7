//! The formulas of national programmes, so that nobody has to work them out again: HelloMama (Nigeria), MomConnect and
//! PMTCT (South Africa).
//!
//! They are data, in the form in which a programme's manager writes a formula of their own ([`super::placement`]). The
//! first entry whose pattern fits the set's name holds; `*` stands for anything.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Placement;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    programmes: Vec<String>,
    set: String,
    placement: Placement,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("national.json")).expect("a test reads what is built in")
});

/// The formula of a set of a national programme, by the programme's name and the set's short name.
pub fn placement(programme: &str, set: &str) -> Option<&'static Placement> {
    let fits =
        |entry: &&Entry| entry.programmes.iter().any(|name| name == programme) && matches(&entry.set, set);
    ENTRIES.iter().find(fits).map(|entry| &entry.placement)
}

/// Whether a name fits a pattern, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.into_iter().any(|at| matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Rate;

    #[test]
    fn rules_of_national_programmes() {
        for (programme, set, rate, week, expected) in [
            ("hellomama", "prebirth.mother.text.10_42", 3, 25, 45),
            ("hellomama", "prebirth.mother.audio.10_42.tue_thu.2_5", 2, 9, 1),
            ("hellomama", "postbirth.mother.audio.0_12.mon_wed.9_11", 2, 7, 14),
            ("hellomama", "postbirth.mother.audio.13_52.mon_wed.9_11", 2, 20, 14),
            ("hellomama", "postbirth.household.audio.0_52.fri.9_11", 1, 20, 20),
            ("hellomama", "miscarriage.mother.text.0_2", 3, 2, 1),
            ("hellomama", "public.household.audio.0_4.tue.6_8", 1, 3, 1),
            ("momconnect", "momconnect_prebirth.hw_full.1", 3, 5, 2),
            ("momconnect", "momconnect_prebirth.hw_full.2", 2, 33, 4),
            ("momconnect", "momconnect_prebirth.hw_full.5", 3, 38, 1),
            ("momconnect", "momconnect_postbirth.hw_full.1", 3, 4, 1),
            ("pmtct", "pmtct_prebirth.patient.1", 2, 6, 1),
            ("pmtct", "pmtct_prebirth.patient.1", 2, 10, 8),
            ("pmtct", "pmtct_prebirth.patient.2", 2, 30, 1),
            ("pmtct", "pmtct_prebirth.patient.2", 2, 33, 6),
            ("pmtct", "pmtct_prebirth.patient.3", 3, 35, 1),
            ("pmtct", "pmtct_prebirth.patient.3", 3, 41, 18),
            ("momconnect", "pmtct_prebirth.patient.3", 3, 42, 20),
            ("pmtct", "pmtct_postbirth.patient.1", 2, 0, 1),
            ("pmtct", "pmtct_postbirth.patient.1", 2, 1, 3),
            ("pmtct", "pmtct_postbirth.patient.2", 2, 2, 1),
            ("pmtct", "pmtct_postbirth.patient.2", 2, 40, 39),
            ("pmtct", "pmtct_postbirth.patient.2", 2, 60, 50),
        ] {
            let number = placement(programme, set).unwrap().start(week, Rate::from(rate));
            assert_eq!(number, expected, "{set} in week {week}");
        }
        assert!(placement("elsewhere", "prebirth").is_none());
    }

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("a.*.1", "a.b.1", true),
            ("a.*.1", "a.b.c.1", true),
            ("a.*.1", "a.b.11", false),
            ("a.*.1*", "a.b.11", true),
            ("*", "", true),
            ("a", "ab", false),
            ("*é", "éé", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
