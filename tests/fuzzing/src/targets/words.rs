//! What people write: dates, numbers, patterns, addresses.

use domain::{FieldType, FieldValue, Urn};
use expressions::environment::{DateFormat, NumberFormat};
use expressions::{Ambient, Evaluation, Number, Object, Template, dates, pattern, phone};

use crate::Choices;
use crate::world::{TOPS, Ticking, environment, scope};

const DATE_FORMATS: [DateFormat; 3] =
    [DateFormat::DayMonthYear, DateFormat::MonthDayYear, DateFormat::YearMonthDay];
const COUNTRIES: [Option<&str>; 5] = [None, Some("KE"), Some("US"), Some("ZZ"), Some("")];
const SCHEMES: [&str; 8] = ["tel", "mailto", "whatsapp", "webchat", "telegram", "ext", "discord", "Tel"];
const FIELD_TYPES: [FieldType; 6] = [
    FieldType::Text,
    FieldType::Number,
    FieldType::Datetime,
    FieldType::State,
    FieldType::District,
    FieldType::Ward,
];

/// A layout and a text, a line each: read as people's dates and by the layout; what was read can be written by it.
pub fn run_dates(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut env = environment();
    env.date_format = *choices.one(&DATE_FORMATS);
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    let (layout, text) = text.split_once('\n').unwrap_or((text, text));
    let ticking = Ticking::default();
    let now = || ticking.now();
    dates::parse_time(text);
    let date = dates::parse_date(&env, &now, text);
    for fill in [false, true] {
        let moment = dates::parse_datetime(&env, &now, text, fill);
        let moment = moment.unwrap_or_else(|| now().to_zoned(env.timezone.clone()));
        for language in ["eng", "swa", "xxx"] {
            let _ = dates::format_datetime(&moment, layout, language);
        }
    }
    if let Some(date) = date {
        let _ = dates::format_date(date, layout, "fra");
    }
    if let Ok(time) = dates::parse_time_layout(text, layout) {
        let _ = dates::format_time(time, layout, "eng");
    }
    if let Ok(moment) = dates::parse_datetime_layout(text, layout, &env.timezone) {
        let _ = dates::format_datetime(&moment, layout, "eng");
    }
}

/// Two numbers and places, parted by spaces: what is printed is read the same, and sums keep to their range.
pub fn run_numbers(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut parts = text.split(' ');
    let mut next = || Number::parse(parts.next().unwrap_or_default());
    let (Some(a), Some(b)) = (next(), next()) else { return };
    let places = next().and_then(Number::to_i64).and_then(|places| u32::try_from(places).ok());
    let format = NumberFormat::default();
    for number in [a, b] {
        assert_eq!(Number::parse(&number.to_string()), Some(number), "what is printed is read the same");
        number.format(&format, places.map(|places| places % 2_000), true);
        number.to_f64();
        number.to_i64();
        number.truncated();
    }
    let results = [
        a.add(b).ok(),
        a.subtract(b).ok(),
        a.multiply(b).ok(),
        a.divide(b).and_then(Result::ok),
        a.remainder(b).and_then(Result::ok),
        a.power(b).ok(),
    ];
    for number in results.into_iter().flatten() {
        assert_eq!(Number::parse(&number.to_string()), Some(number), "a result is a number too");
    }
    assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    assert_eq!(a.negate().negate(), a);
}

/// A pattern and a text, a line each: whatever compiles matches within its bounds, by itself and in expressions.
pub fn run_patterns(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (pattern, text) = text.split_once('\n').unwrap_or((text, "The quick brown fox 123 jumps"));
    if let Ok(regex) = pattern::compile(pattern) {
        if let Some(found) = regex.captures(text) {
            assert!(text.contains(&found[0]));
        }
        regex.find_iter(text).take(100).count();
    }
    let (env, ambient) = (environment(), Ticking::default());
    let scope = Object::new().with("a", text).with("b", pattern);
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let library = flows::vocabulary::library();
    for template in ["@(has_pattern(a, b).extra)", "@(regex_match(a, b, 1))", "@(replace(a, b, \"x\"))"] {
        Template::compile(template, &["a", "b"], library).value(&evaluation, 640);
    }
}

/// An address or phone number as a carrier, a person or an import writes it, and the value of a field.
pub fn run_addresses(input: &[u8]) {
    let mut choices = Choices::new(input);
    let country = *choices.one(&COUNTRIES);
    let scheme = *choices.one(&SCHEMES);
    let field_type = *choices.one(&FIELD_TYPES);
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    phone::parse(text, country);
    phone::find(text, country);
    domain::phone::country(text);
    domain::phone::national(text);
    let _ = channels::parse_phone(text, country);
    for urn in
        [Urn::parse(text, country), Ok(Urn::new(scheme, text).normalized(country))].into_iter().flatten()
    {
        urn.formatted();
        urn.identity();
        if urn.validate().is_ok() {
            let again = urn.normalized(country);
            assert_eq!(again.normalized(country), again, "what is normal stays as it is");
            let written: Urn = again.to_string().parse().expect("what is written can be read");
            assert!(written.is_same(&again), "{again:?} is written as {written:?}");
        }
    }
    let (env, ticking) = (environment(), Ticking::default());
    FieldValue::parse(text, field_type, &env, &|| ticking.now(), Some("Kenya > Kisumu"), 640);
    let scope = scope().with("a", text);
    let evaluation = Evaluation::new(&env, &scope, &ticking);
    let mut tops = TOPS.to_vec();
    tops.push("a");
    for template in
        ["@(format_urn(a))", "@(urn_parts(a))", "@(has_phone(a))", "@(has_email(a))", "@(has_number(a))"]
    {
        Template::compile(template, &tops, flows::vocabulary::library()).value(&evaluation, 640);
    }
}
