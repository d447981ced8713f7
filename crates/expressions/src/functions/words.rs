//! Texts as words and fields.

use super::Outcome;
use crate::words::{tokenize, tokenize_by_chars};
use crate::{Builtin, Evaluation, Fault, Number, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("field", 3, field),
    Builtin::exactly("remove_first_word", 1, remove_first_word),
    Builtin::between("split", 1, 2, split),
    Builtin::between("word", 2, 3, word),
    Builtin::between("word_count", 1, 2, word_count),
    Builtin::between("word_slice", 2, 4, word_slice),
];

/// The words of a text: between the characters of `delimiters`, if any are given.
fn words<'t>(text: &'t str, delimiters: Option<&Value>) -> Vec<&'t str> {
    match delimiters.map(Value::to_text) {
        Some(characters) if !characters.is_empty() => tokenize_by_chars(text, &characters),
        _ => tokenize(text),
    }
}

fn word(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let words = words(&text, args.get(2));
    let (position, count) = (args[1].to_integer()?, words.len() as i64);
    let index = if position < 0 { position + count } else { position };
    match usize::try_from(index).ok().and_then(|index| words.get(index)) {
        Some(word) => Ok(Value::text(word)),
        None => {
            let message = format!("index {position} is out of range for the number of words {count}");
            Err(Fault::new(message))
        }
    }
}

fn word_count(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Number::from(words(&args[0].to_text(), args.get(1)).len()).into())
}

/// The words from `start` to before `end`, with one space between; a negative end means the end of the text.
fn word_slice(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let Ok(start) = usize::try_from(args[1].to_integer()?) else {
        return Err(Fault::new("must start with a positive index"));
    };
    let end = args.get(2).map(Value::to_integer).transpose()?.unwrap_or(-1);
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    if end <= start {
        return Err(Fault::new("must have a end which is greater than the start"));
    }
    let words = words(&text, args.get(3));
    let end = end.min(words.len());
    Ok(words.get(start..end).unwrap_or_default().join(" ").into())
}

/// The text from the second word on, with whatever stands between the words behind it.
fn remove_first_word(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let rest = tokenize(&text).get(1).map_or("", |second| {
        // The words are slices of the text, so that their distance from its start is where they stand in it.
        let start = second.as_ptr() as usize - text.as_ptr() as usize;
        &text[start..]
    });
    Ok(Value::text(rest))
}

fn split(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let words = words(&text, args.get(1));
    super::arrays::check_items(words.len())?;
    Ok(Value::array(words.into_iter().map(Value::text).collect()))
}

/// The field at a position; of several spaces in a row each is not a field. Beyond the last field there is
/// empty text. Without a delimiter every character is a field.
fn field(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let Ok(index) = usize::try_from(args[1].to_integer()?) else {
        return Err(Fault::new("cannot use a negative index"));
    };
    let delimiter = args[2].to_text();
    let found = match delimiter.as_str() {
        "" => text.chars().nth(index).map(|character| Value::text(character.encode_utf8(&mut [0; 4]))),
        " " => text.split(' ').filter(|field| !field.is_empty()).nth(index).map(Value::text),
        other => text.split(other).nth(index).map(Value::text),
    };
    Ok(found.unwrap_or_else(|| Value::text("")))
}
