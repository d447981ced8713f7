//! What the functions of the old language became.

use super::part::{Kind, Part};
use crate::vocabulary::library;

/// Delimiters that stand for the old "by spaces".
const SPACES: &str = " \\t";

/// The expression for a call of the function with that upper-case name; `None` if there was none such, or not
/// with so many arguments.
pub(super) fn migrate(name: &str, arguments: Vec<Part>) -> Option<Part> {
    if let Some((present, kind)) = renamed(name) {
        return Some(Part::call(present, &arguments).of(kind));
    }
    if let Some(layout) = layout(name) {
        let [moment] = exactly(arguments)?;
        let function =
            if matches!(name, "DAY" | "MONTH" | "YEAR") { "format_date" } else { "format_datetime" };
        return Some(Part::call(function, &[moment, Part::text(layout)]));
    }
    match name {
        "IF" => condition(arguments),
        "DATEDIF" => difference(arguments),
        "CONCATENATE" => chain("&", arguments),
        "SUM" => chain("+", arguments),
        "TRUE" | "FALSE" => arguments.is_empty().then(|| Part::atom(name.to_ascii_lowercase())),
        "DAYS" => {
            let [end, start] = exactly(arguments)?;
            Some(Part::call("datetime_diff", &[start, end, Part::text("D")]).of(Kind::Number))
        }
        "EDATE" => {
            let [moment, months] = exactly(arguments)?;
            Some(Part::call("datetime_add", &[moment, months, Part::text("M")]).of(Kind::DateTime))
        }
        "EXP" => {
            let [exponent] = exactly(arguments)?;
            Some(Part::binary("^", Part::number("2.718281828459045"), exponent))
        }
        "POWER" => {
            let [base, exponent] = exactly(arguments)?;
            Some(Part::binary("^", base, exponent))
        }
        "FIELD" => field(arguments),
        "FIRST_WORD" => {
            let [text] = exactly(arguments)?;
            Some(Part::call("word", &[text, Part::number("0")]))
        }
        "FIXED" => fixed(arguments),
        "LEFT" => {
            let [text, count] = exactly(arguments)?;
            Some(Part::call("text_slice", &[text, Part::number("0"), count]))
        }
        "RIGHT" => {
            let [text, count] = exactly(arguments)?;
            Some(Part::call("text_slice", &[text, count.negated()]))
        }
        "WEEKDAY" => {
            let [moment] = exactly(arguments)?;
            Some(Part::binary("+", Part::call("weekday", &[moment]).of(Kind::Number), Part::number("1")))
        }
        "WORD" => with_delimiters("word", arguments, 1, 2),
        "WORD_COUNT" => with_delimiters("word_count", arguments, 1, 1),
        "WORD_SLICE" => with_delimiters("word_slice", arguments, 1, 3),
        _ => present(name, &arguments),
    }
}

/// A function that the old language never had and the present one has: authors and tools mixed both, as in
/// `IF(is_error(extra.name), "", extra.name)`.
fn present(name: &str, arguments: &[Part]) -> Option<Part> {
    let name = name.to_ascii_lowercase();
    library().get(&name).map(|_| Part::call(&name, arguments))
}

/// `IF(test, then, otherwise)`, of which the last two could be left out: they were 0 and false.
fn condition(mut arguments: Vec<Part>) -> Option<Part> {
    if arguments.len() == 1 {
        arguments.push(Part::number("0"));
    }
    if arguments.len() == 2 {
        arguments.push(Part::atom("false"));
    }
    (arguments.len() == 3).then(|| Part::call("if", &arguments))
}

/// `DATEDIF(start, end, unit)`. Its units could be written in small letters, of which `m` now stands for minutes.
fn difference(mut arguments: Vec<Part>) -> Option<Part> {
    if let Some(unit) = arguments.get_mut(2)
        && matches!(unit.text.as_str(), "\"y\"" | "\"m\"" | "\"d\"")
    {
        unit.text.make_ascii_uppercase();
    }
    (arguments.len() == 3).then(|| Part::call("datetime_diff", &arguments).of(Kind::Number))
}

/// Functions that only changed their name, and what they give.
fn renamed(name: &str) -> Option<(&'static str, Kind)> {
    use Kind::{Date, DateTime, Number, Time, Unknown};
    Some(match name {
        "ABS" => ("abs", Number),
        "AND" => ("and", Unknown),
        "AVERAGE" => ("mean", Number),
        "CHAR" | "UNICHAR" => ("char", Unknown),
        "CLEAN" => ("clean", Unknown),
        "CODE" | "UNICODE" => ("code", Number),
        "DATE" => ("date_from_parts", Date),
        "DATEVALUE" => ("date", Date),
        "EPOCH" => ("epoch", Number),
        "FORMAT_DATE" => ("format_datetime", Unknown),
        "FORMAT_LOCATION" => ("format_location", Unknown),
        "INT" | "ROUNDDOWN" | "TRUNC" => ("round_down", Number),
        "LEN" => ("text_length", Number),
        "LOWER" => ("lower", Unknown),
        "MAX" => ("max", Number),
        "MIN" => ("min", Number),
        "MOD" => ("mod", Number),
        "NOW" => ("now", DateTime),
        "OR" => ("or", Unknown),
        "PERCENT" => ("percent", Unknown),
        "PROPER" => ("title", Unknown),
        "RAND" => ("rand", Number),
        "RANDBETWEEN" => ("rand_between", Number),
        "READ_DIGITS" => ("read_chars", Unknown),
        "REGEX_GROUP" => ("regex_match", Unknown),
        "REMOVE_FIRST_WORD" => ("remove_first_word", Unknown),
        "REPT" => ("repeat", Unknown),
        "ROUND" => ("round", Number),
        "ROUNDUP" => ("round_up", Number),
        "SUBSTITUTE" => ("replace", Unknown),
        "TIME" => ("time_from_parts", Time),
        "TIMEVALUE" => ("time", Time),
        "TODAY" => ("today", Date),
        "UPPER" => ("upper", Unknown),
        _ => return None,
    })
}

/// The layout that gives one part of a moment.
fn layout(name: &str) -> Option<&'static str> {
    Some(match name {
        "DAY" => "D",
        "HOUR" => "tt",
        "MINUTE" => "m",
        "MONTH" => "M",
        "SECOND" => "s",
        "YEAR" => "YYYY",
        _ => return None,
    })
}

fn exactly<const N: usize>(arguments: Vec<Part>) -> Option<[Part; N]> {
    arguments.try_into().ok()
}

fn chain(symbol: &str, arguments: Vec<Part>) -> Option<Part> {
    arguments.into_iter().reduce(|left, right| Part::binary(symbol, left, right))
}

/// `FIELD(text, number, delimiter)`, where the delimiter used to be a space if none was given.
fn field(arguments: Vec<Part>) -> Option<Part> {
    let mut arguments = arguments.into_iter();
    let (text, index) = (arguments.next()?, arguments.next()?);
    let delimiter = arguments.next().unwrap_or_else(|| Part::text(" "));
    arguments.next().is_none().then(|| Part::call("field", &[text, index.decremented(), delimiter]))
}

/// `FIXED(number, decimals, no_commas)`, with two decimals if none are given.
fn fixed(mut arguments: Vec<Part>) -> Option<Part> {
    if arguments.len() == 1 {
        arguments.push(Part::number("2"));
    }
    matches!(arguments.len(), 2 | 3).then(|| Part::call("format_number", &arguments))
}

/// A function of words: `indexes` of its arguments, from `first` on, counted from 1, and its last one said
/// whether only spaces end a word.
fn with_delimiters(name: &str, arguments: Vec<Part>, first: usize, end: usize) -> Option<Part> {
    if arguments.len() <= first.min(end - 1) || arguments.len() > end + 1 {
        return None;
    }
    let migrated: Vec<Part> = arguments
        .into_iter()
        .enumerate()
        .map(|(index, argument)| match argument {
            argument if index < first => argument,
            argument if index < end => argument.decremented(),
            argument => by_spaces(argument),
        })
        .collect();
    Some(Part::call(name, &migrated))
}

fn by_spaces(argument: Part) -> Part {
    match argument.text.as_str() {
        "true" => Part::text(SPACES),
        "false" => Part::atom("NULL"),
        _ => Part::call("if", &[argument, Part::text(SPACES), Part::atom("NULL")]),
    }
}
