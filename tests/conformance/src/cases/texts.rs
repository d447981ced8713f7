//! Dates, words and phone numbers that people write.

use expressions::{Ambient, collation, dates, environment::Collation, phone, words};
use serde_json::Value as Json;

use super::{case::Case, same};
use crate::{report::Outcome, typed};

/// A moment.
pub fn parse_datetime(case: &Case) -> Outcome {
    let (env, ambient) = (case.environment(), case.ambient());
    let found = dates::parse_datetime(&env, &|| ambient.now(), case.text("value")?, case.flag("fill_time"));
    match (case.get("expected").as_str(), found) {
        (None, None) => Ok(()),
        (Some(expected), Some(found)) => {
            let expected = typed::moment(expected, "")?;
            if typed::same_moment(&expected, &found) {
                return Ok(());
            }
            Err(format!("expected {expected}, got {found}"))
        }
        (expected, found) => Err(format!("expected {expected:?}, got {found:?}")),
    }
}

/// A day.
pub fn parse_date(case: &Case) -> Outcome {
    let (env, ambient) = (case.environment(), case.ambient());
    let found = dates::parse_date(&env, &|| ambient.now(), case.text("value")?);
    same(case.get("expected"), &found.map_or(Json::Null, |date| Json::from(date.to_string())))
}

/// A time of day.
pub fn parse_time(case: &Case) -> Outcome {
    let found = dates::parse_time(case.text("value")?);
    let text = found.map(|time| time.strftime("%H:%M:%S%.6f").to_string());
    same(case.get("expected"), &text.map_or(Json::Null, Json::from))
}

/// The folded form of a text, and what it then equals.
pub fn collate(case: &Case) -> Outcome {
    let collation: Collation = case.read("collation")?;
    let folded = collation::fold(collation, case.text("input")?);
    same(case.get("expected"), &Json::from(&*folded))?;
    for (other, expected) in case.get("equals").as_object().into_iter().flatten() {
        let equal = collation::fold(collation, other) == folded;
        same(expected, &Json::from(equal)).map_err(|difference| format!("{other}: {difference}"))?;
    }
    Ok(())
}

/// A helper on the texts of the arguments.
pub fn helper(case: &Case, kind: &str) -> Outcome {
    let arguments: Vec<&str> = case.list("args").iter().filter_map(Json::as_str).collect();
    let first = *arguments.first().ok_or("no arguments")?;
    let second = arguments.get(1).copied().unwrap_or_default();
    let country = Some(second).filter(|country| !country.is_empty());
    let actual = match kind {
        "snakify" => Json::from(words::snakify(first)),
        "tokenize" => Json::from(words::tokenize(first)),
        "tokenize_by_chars" => Json::from(words::tokenize_by_chars(first, second)),
        "tokenize_unicode" => Json::from(words::tokenize_unicode(first)),
        "prefix_overlap" => Json::from(words::prefix_overlap(first, second)),
        "ParsePhoneNumber" => Json::from(phone::parse(first, country).unwrap_or_default().as_str()),
        "FindPhoneNumbers" => Json::from(
            phone::find(first, country).iter().map(|number| number.to_string()).collect::<Vec<_>>(),
        ),
        other => return Err(format!("unknown helper {other}")),
    };
    same(case.get("expected"), &actual)
}
