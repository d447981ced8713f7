//! Texts and their characters.

use super::{Outcome, check_size, positions};
use crate::collation::lower_char;
use crate::{Builtin, Evaluation, Fault, Number, Value};

/// Most characters that `repeat` builds.
const MAX_REPEAT_CHARS: usize = 10_000;

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("char", 1, char_),
    Builtin::exactly("clean", 1, clean),
    Builtin::exactly("code", 1, code),
    Builtin::exactly("lower", 1, lower),
    Builtin::exactly("read_chars", 1, read_chars),
    Builtin::exactly("repeat", 2, repeat),
    Builtin::between("replace", 3, 4, replace),
    Builtin::exactly("text", 1, text),
    Builtin::exactly("text_compare", 2, text_compare),
    Builtin::exactly("text_length", 1, text_length),
    Builtin::between("text_slice", 2, 4, text_slice),
    Builtin::exactly("title", 1, title),
    Builtin::between("trim", 1, 2, trim),
    Builtin::between("trim_left", 1, 2, trim_left),
    Builtin::between("trim_right", 1, 2, trim_right),
    Builtin::exactly("upper", 1, upper),
];

/// The character of a code point; what is none gives the replacement character.
fn char_(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let code = u32::try_from(args[0].to_integer()?).ok();
    let character = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    Ok(Value::text(character.to_string()))
}

/// Without control characters.
fn clean(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_text().chars().filter(|character| !character.is_control()).collect::<String>().into())
}

fn code(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    match args[0].to_text().chars().next() {
        Some(character) => Ok(Number::from(u32::from(character)).into()),
        None => Err(Fault::new("requires a string of at least one character")),
    }
}

fn lower(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::text(crate::collation::lower(&args[0].to_text())))
}

fn upper(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    if text.is_ascii() {
        return Ok(text.to_ascii_uppercase().into());
    }
    Ok(text.chars().map(upper_char).collect::<String>().into())
}

/// The upper-case character, if it is one character; `ß` stays.
fn upper_char(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// Every letter behind something that is no part of a word becomes upper case, all others lower case.
fn title(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let mut inside = false;
    let text = args[0].to_text();
    let titled = text.chars().map(|character| {
        let lower = lower_char(character);
        let result = if inside { lower } else { upper_char(lower) };
        inside = !separates_words(character);
        result
    });
    Ok(titled.collect::<String>().into())
}

fn separates_words(character: char) -> bool {
    if character.is_ascii() {
        !character.is_ascii_alphanumeric() && character != '_'
    } else {
        character.is_whitespace()
    }
}

fn text(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_text().into())
}

fn text_compare(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Number::from(args[0].to_text().cmp(&args[1].to_text()) as i32).into())
}

fn text_length(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Number::from(args[0].to_text().chars().count()).into())
}

/// The characters from `start` to before `end`. A fourth argument is taken for the sake of old flows.
fn text_slice(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let range = positions(args, text.chars().count())?;
    Ok(text.chars().skip(range.start).take(range.len()).collect::<String>().into())
}

fn repeat(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let count = args[1].to_integer()?;
    let Ok(times) = usize::try_from(count) else {
        return Err(Fault::new(format!("must be called with a positive integer, got {count}")));
    };
    if text.chars().count().saturating_mul(times) > MAX_REPEAT_CHARS {
        let message = format!("cannot build a string longer than {MAX_REPEAT_CHARS} characters");
        return Err(Fault::new(message));
    }
    Ok(text.repeat(times).into())
}

/// Replaces the first `count` (default: all) occurrences. An empty needle is found before every character and at
/// the end.
fn replace(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (text, needle, replacement) = (args[0].to_text(), args[1].to_text(), args[2].to_text());
    let limit = match args.get(3) {
        Some(count) => usize::try_from(count.to_integer()?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let most = if needle.is_empty() { text.len() + 1 } else { text.len() / needle.len() };
    check_size(evaluation, text.len().saturating_add(most.min(limit).saturating_mul(replacement.len())))?;
    Ok(text.replacen(needle.as_str(), &replacement, limit).into())
}

/// Characters with spaces between, and commas between groups of three or four if they come out even.
fn read_chars(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let characters: Vec<char> = args[0].to_text().chars().collect();
    let size = match characters.len() {
        length if length % 3 == 0 => 3,
        length if length % 4 == 0 => 4,
        _ => 1,
    };
    let groups: Vec<String> = characters
        .chunks(size)
        .map(|group| group.iter().map(char::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    Ok(groups.join(" , ").into())
}

/// The text and the characters to trim; white space if none are given.
fn trimmed(args: &[Value], trim: impl Fn(&str, &dyn Fn(char) -> bool) -> String) -> Outcome {
    let text = args[0].to_text();
    let characters = args.get(1).map(Value::to_text).unwrap_or_default();
    let result = if characters.is_empty() {
        trim(&text, &char::is_whitespace)
    } else {
        trim(&text, &|character| characters.contains(character))
    };
    Ok(result.into())
}

fn trim(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    trimmed(args, |text, matches| text.trim_matches(matches).to_owned())
}

fn trim_left(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    trimmed(args, |text, matches| text.trim_start_matches(matches).to_owned())
}

fn trim_right(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    trimmed(args, |text, matches| text.trim_end_matches(matches).to_owned())
}
