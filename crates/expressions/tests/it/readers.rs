//! Nothing that people can write makes the readers panic.

use expressions::environment::{Collation, DateFormat};
use expressions::{
    Environment, Location, LocationLevel, LocationTree, collation, dates, pattern, phone, words,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// Texts with many digits and marks, and texts with anything.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9 :./+()-]{0,24}",
        "[0-9]{1,4}[-./ ][0-9]{1,4}[-./ ][0-9]{1,4}[T ]?[0-9:. apm]{0,12}[Z+-]?[0-9:]{0,6}",
        "[YMDEhtmsfaAZ0-9 :,T/.-]{0,16}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn dates_never_panic(text in texts(), layout in texts(), fill: bool) {
        for date_format in [DateFormat::YearMonthDay, DateFormat::MonthDayYear, DateFormat::DayMonthYear] {
            let env = Environment { date_format, ..Environment::default() };
            let now = || Timestamp::UNIX_EPOCH;
            if let Some(moment) = dates::parse_datetime(&env, &now, &text, fill) {
                let _ = dates::format_datetime(&moment, &layout, "spa");
            }
            dates::parse_date(&env, &now, &text);
        }
        if let Some(time) = dates::parse_time(&text) {
            let _ = dates::format_time(time, &layout, "eng");
        }
        let _ = dates::parse_datetime_layout(&text, &layout, &TimeZone::UTC);
        let _ = dates::parse_time_layout(&text, &layout);
    }

    #[test]
    fn what_a_layout_writes_it_reads(second in -62_000_000_000i64..250_000_000_000) {
        let moment = Timestamp::from_second(second).expect("in range").to_zoned(TimeZone::UTC);
        let layout = "YYYY-MM-DDTtt:mm:ss.ffffffZZZ";
        let text = dates::format_datetime(&moment, layout, "eng").expect("a valid layout");
        prop_assert_eq!(dates::parse_datetime_layout(&text, layout, &TimeZone::UTC), Ok(moment));
    }

    #[test]
    fn words_are_pieces_of_the_text(text in any::<String>(), marks in any::<String>()) {
        for word in words::tokenize(&text).into_iter().chain(words::tokenize_by_chars(&text, &marks)) {
            prop_assert!(!word.is_empty() && text.contains(word));
        }
        words::tokenize_unicode(&text);
        words::snakify(&text);
        prop_assert_eq!(words::prefix_overlap(&text, &text), text.chars().count());
    }

    #[test]
    fn folding_never_panics(text in any::<String>()) {
        for order in [Collation::Default, Collation::Confusables, Collation::ArabicVariants] {
            collation::fold(order, &text);
        }
    }

    #[test]
    fn phone_numbers_are_e164_or_nothing(text in texts(), country in prop::option::of("[A-Z]{0,3}")) {
        for number in phone::find(&text, country.as_deref()) {
            prop_assert!(number.len() <= 16 && number.starts_with('+'));
            prop_assert!(number[1..].bytes().all(|b| b.is_ascii_digit()));
        }
        phone::parse(&text, country.as_deref());
    }

    #[test]
    fn patterns_never_panic(text in any::<String>(), written in r"[a-c\[\](){}|*+?^$\\.:dwsbQEpx<>&~0-9-]{0,16}") {
        if let Ok(regex) = pattern::compile(&written) {
            regex.find(&text);
        }
    }

    #[test]
    fn places_never_panic(name in any::<String>(), text in any::<String>()) {
        let place = Location { name: name.as_str().into(), aliases: vec![], children: vec![] };
        let root = Location { name: "Home".into(), aliases: vec![], children: vec![place] };
        let tree = LocationTree { root };
        tree.find_in_text(LocationLevel::State, &text, Some("home"));
        tree.by_path(&text);
        if name.chars().any(char::is_alphanumeric) {
            prop_assert_eq!(tree.find(LocationLevel::State, &name, None).len(), 1);
        }
    }
}
