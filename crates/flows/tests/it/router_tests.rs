//! Router tests as functions and made ready, with our own tables.

use std::sync::Arc;

use expressions::environment::{Collation, DateFormat, NumberFormat};
use expressions::{
    Ambient, Environment, Evaluation, Function, Library, Location, LocationTree, Object, Template, Value,
};
use flows::tests::{BUILTINS, Prepared, find};
use jiff::Timestamp;
use proptest::prelude::*;

struct Still;

impl Ambient for Still {
    fn now(&self) -> Timestamp {
        "2026-06-15T09:30:00Z".parse().expect("a moment")
    }
    fn random(&self) -> u64 {
        4
    }
}

fn place(name: &str, aliases: &[&str], children: Vec<Location>) -> Location {
    Location { name: name.into(), aliases: aliases.iter().map(|alias| (*alias).into()).collect(), children }
}

fn env() -> Environment {
    let lake = place("Lake", &["Ziwa"], vec![place("Shore", &[], vec![])]);
    let north = place("North Side", &["Kaskazini"], vec![lake]);
    let south = place("South", &[], vec![place("Lake", &[], vec![])]);
    Environment {
        date_format: DateFormat::DayMonthYear,
        default_country: Some("KE".into()),
        locations: Some(Arc::new(LocationTree { root: place("Home", &[], vec![north, south]) })),
        ..Environment::default()
    }
}

/// What a test finds, as text; the made-ready form must agree with the function.
fn verdict(
    env: &Environment,
    name: &str,
    operand: &Value,
    arguments: &[Value],
) -> Result<Option<String>, String> {
    let scope = Object::new();
    let evaluation = Evaluation::new(env, &scope, &Still);
    let test = find(name).unwrap_or_else(|| panic!("{name}"));
    let all: Vec<Value> = std::iter::once(operand).chain(arguments).cloned().collect();
    let called = evaluation.call(&Function::Builtin(test), &all);
    let prepared = Prepared::new(test, arguments).run(&evaluation, operand);
    let called = match &called {
        Value::Error(message) => Err(message.to_string()),
        Value::Object(object) if called.truthy() => {
            Ok(Some(object.get("match").expect("a match").value.to_text().to_string()))
        }
        _ => Ok(None),
    };
    let prepared = prepared
        .map(|found| found.map(|found| found.value.to_text().to_string()))
        .map_err(|fault| fault.to_string());
    assert_eq!(called, prepared, "{name} {operand:?} {arguments:?}");
    called
}

fn check(env: &Environment, rows: &[(&str, &str, &[&str], Option<&str>)]) {
    for (name, operand, arguments, expected) in rows {
        let arguments: Vec<Value> = arguments.iter().map(Value::text).collect();
        let found = verdict(env, name, &Value::text(operand), &arguments);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{name} {operand:?} {arguments:?}");
    }
}

#[test]
fn texts_and_words() {
    check(
        &env(),
        &[
            ("has_text", "  habari ", &[], Some("habari")),
            ("has_text", " \n", &[], None),
            ("has_only_text", "Ndiyo", &["Ndiyo"], Some("Ndiyo")),
            ("has_only_text", "Ndiyo", &["ndiyo"], None),
            ("has_any_word", "Ndiyo, SAWA", &["sawa ndiyo"], Some("Ndiyo SAWA")),
            ("has_any_word", "hapana", &["sawa ndiyo"], None),
            ("has_any_word", "hapana", &[""], None),
            ("has_all_words", "Ndiyo, SAWA kabisa", &["kabisa ndiyo"], Some("Ndiyo kabisa")),
            ("has_all_words", "Ndiyo", &["kabisa ndiyo"], None),
            ("has_phrase", "mimi Ni. Mama", &["ni mama"], Some("Ni Mama")),
            ("has_phrase", "mama ni", &["ni mama"], None),
            ("has_only_phrase", "Ni mama!", &["ni mama"], Some("Ni mama")),
            ("has_only_phrase", "mimi ni mama", &["ni mama"], None),
            ("has_beginning", " JIUNGE2", &["jiunge"], Some("JIUNGE")),
            ("has_beginning", "ji", &["jiunge"], None),
            ("has_pattern", "kadi AB-12", &[r"([a-z]+)-(\d+)"], Some("AB-12")),
            ("has_pattern", "kadi", &[r"\d"], None),
            ("has_email", "niandikie: <mama.w@kituo.example.org>", &[], Some("mama.w@kituo.example.org")),
            ("has_email", "mama@kituo", &[], None),
        ],
    );
}

#[test]
fn words_under_other_collations() {
    let folded = |collation| Environment { collation, ..env() };
    check(&env(), &[("has_any_word", "yеs", &["yes"], None)]);
    check(&folded(Collation::Confusables), &[("has_any_word", "yеs", &["yes"], Some("yеs"))]);
    check(&folded(Collation::ArabicVariants), &[("has_any_word", "علي", &["علی"], Some("علي"))]);
}

#[test]
fn numbers() {
    check(
        &env(),
        &[
            ("has_number", "nina miaka 25", &[], Some("25")),
            ("has_number", "٢٥", &[], Some("25")),
            ("has_number", "-1,234.5 kg", &[], Some("-1234.5")),
            ("has_number", ".5", &[], Some("0.5")),
            ("has_number", "+5", &[], None),
            ("has_number_eq", "1 or 2", &["2"], Some("2")),
            ("has_number_lt", "10 000", &["5"], Some("0")),
            ("has_number_lte", "3", &["3"], Some("3")),
            ("has_number_gt", "3", &["3"], None),
            ("has_number_gte", "3", &["3"], Some("3")),
            ("has_number_between", "5, 50", &["40", "60"], Some("50")),
            ("has_number_between", "5", &["40", "60"], None),
        ],
    );
    let format = NumberFormat { decimal_symbol: ",".into(), digit_grouping_symbol: ".".into() };
    check(&Environment { number_format: format, ..env() }, &[("has_number", "1.234,5", &[], Some("1234.5"))]);
}

#[test]
fn days_and_times() {
    check(
        &env(),
        &[
            ("has_date", "tarehe 5/11/2001 4pm", &[], Some("2001-11-05T16:00:00.000000Z")),
            ("has_date", "kesho", &[], None),
            ("has_date_eq", "5/11/2001", &["2001-11-05"], Some("2001-11-05T09:30:00.000000Z")),
            ("has_date_gt", "5/11/2001", &["2001-11-05"], None),
            ("has_date_lt", "5/11/2001", &["6.11.2001"], Some("2001-11-05T09:30:00.000000Z")),
            ("has_time", "saa 16:05", &[], Some("16:05:00.000000")),
        ],
    );
}

#[test]
fn phones_and_places() {
    check(
        &env(),
        &[
            ("has_phone", "piga 0711 555 010!", &[], Some("+254711555010")),
            ("has_phone", "082 555 0100", &["ZA"], Some("+27825550100")),
            ("has_phone", "hapana", &[], None),
            ("has_state", "naishi KASKAZINI.", &[], Some("Home > North Side")),
            ("has_state", "north side", &[], Some("Home > North Side")),
            ("has_state", "northern", &[], None),
            ("has_district", "lake", &["south"], Some("Home > South > Lake")),
            ("has_district", "lake", &["Home > South"], Some("Home > South > Lake")),
            ("has_district", "lake", &["west"], None),
            ("has_ward", "shore", &["", "ziwa"], Some("Home > North Side > Lake > Shore")),
            ("has_ward", "shore", &["south", ""], None),
        ],
    );
}

#[test]
fn groups_results_and_errors() {
    let env = env();
    let group = Value::object(Object::new().with("uuid", "g-1").with("name", "Mothers"));
    let groups = Value::array(vec![group]);
    let found = verdict(&env, "has_group", &groups, &["g-1".into(), "Mothers".into()]);
    assert!(found.is_ok_and(|found| found.is_some()));
    assert_eq!(verdict(&env, "has_group", &groups, &["g-2".into()]), Ok(None));
    let result = Value::object(Object::new().with("category", "Yes"));
    assert_eq!(verdict(&env, "has_category", &result, &["No".into(), "Yes".into()]), Ok(Some("Yes".into())));
    assert_eq!(verdict(&env, "has_error", &Value::error("oh"), &[]), Ok(Some("oh".into())));
    assert_eq!(verdict(&env, "has_error", &"oh".into(), &[]), Ok(None));
    assert_eq!(verdict(&env, "has_intent", &result, &["book".into(), "0.5".into()]), Ok(None));
}

#[test]
fn tests_that_cannot_be_made_say_why() {
    let env = env();
    for (name, operand, arguments, why) in [
        ("has_number_lt", Value::from("x"), vec!["y".into()], "unable to convert \"y\" to a number"),
        ("has_text", Value::from("x"), vec!["y".into()], "need 1 argument(s), got 2"),
        ("has_text", Value::error("oh"), vec![], "oh"),
        ("has_phrase", Value::from("x"), vec![Value::error("oh")], "oh"),
        ("has_pattern", Value::from("x"), vec!["(".into()], "must be called with a valid regular expression"),
        ("has_ward", Value::from("x"), vec!["y".into()], "takes one or three arguments, got 2"),
    ] {
        let message = format!("error calling {name}(...): {why}");
        assert_eq!(verdict(&env, name, &operand, &arguments), Err(message));
    }
    let nowhere = Environment { locations: None, ..env };
    assert!(verdict(&nowhere, "has_state", &"x".into(), &[]).is_err());
}

#[test]
fn templates_call_tests() {
    let library = Library::standard().with(BUILTINS);
    let (env, scope) = (env(), Object::new());
    let evaluation = Evaluation::new(&env, &scope, &Still);
    for (template, expected) in [
        (r#"@(has_any_word("ndiyo sawa", "SAWA"))"#, "true"),
        (r#"@(has_any_word("ndiyo sawa", "SAWA").match)"#, "sawa"),
        (r#"@(has_pattern("a 12", "(\d)(\d)").extra["2"])"#, "2"),
        (r#"@(has_error(1 / 0))"#, "true"),
        (r#"@(has_number("none") = false)"#, "true"),
    ] {
        let rendered = Template::compile(template, &[], &library).render(&evaluation, 100);
        assert_eq!(rendered.value, expected, "{template}");
    }
    assert!(BUILTINS.is_sorted_by_key(|test| test.name));
}

proptest! {
    #[test]
    fn no_text_makes_a_test_panic(text in any::<String>(), first in any::<String>(), second in any::<String>()) {
        let env = env();
        for test in BUILTINS {
            for count in 0..=2 {
                let arguments = [Value::text(&first), Value::text(&second)];
                let _ = verdict(&env, test.name, &Value::text(&text), &arguments[..count]);
            }
        }
    }
}
