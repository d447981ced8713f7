//! The tests of rules, and what they are called where nobody gave them a name.

use serde_json::{Value, json};

use super::expressions;
use super::job::{Job, template};
use super::shape::{items, text};
use super::texts::Texts;

/// What a rule asks for.
pub(super) enum Rule {
    /// Anything.
    True,
    /// No message for so many seconds.
    Timeout(u32),
    /// Something that cannot happen any more: a menu session broken off by the phone.
    Never,
    /// One of these.
    Cases(Vec<Case>),
}

/// A test of the present specification.
pub(super) struct Case {
    test: &'static str,
    arguments: Vec<Argument>,
    /// What the editor shows instead of the arguments.
    pub(super) shown: Option<Value>,
}

enum Argument {
    One(String),
    Translated(Texts),
}

/// Rules within one that is true if one of them is.
const MAX_ALTERNATIVES: usize = 50;

/// The rule that a test stands for.
pub(super) fn read(test: &Value, job: &mut Job<'_, '_>) -> Result<Rule, String> {
    let kind = text(test, "type");
    let case = match kind.as_str() {
        "true" => return Ok(Rule::True),
        "timeout" => return Ok(Rule::Timeout(minutes(test)?)),
        "interrupted_status" => return Ok(Rule::Never),
        "or" => return alternatives(test, job),
        "and" => return together(test, job),
        "in_group" => group(test, job)?,
        "subflow" => one("has_only_text", text(test, "exit_type")),
        "webhook_status" => one("has_only_text", outcome(&text(test, "status"))),
        "airtime_status" => one("has_category", outcome(&text(test, "exit_status"))),
        "between" => plain("has_number_between", &[text(test, "min"), text(test, "max")]),
        "district" => places("has_district", &[&test["test"]], job),
        "ward" => places("has_ward", &[&test["state"], &test["district"]], job),
        other => match simple(other) {
            Some((name, Takes::Nothing)) => case(name, Vec::new()),
            Some((name, Takes::Number)) => plain(name, &[text(test, "test")]),
            Some((name, Takes::Date)) => date(name, &text(test, "test")),
            Some((name, Takes::Words)) => case(name, vec![Argument::Translated(Texts::of(test, "test"))]),
            None if kind.is_empty() => return Err("field 'test.type' is required".into()),
            None => {
                return Err(format!(
                    "test '{kind}' is not known, so what it asked cannot be brought along; choose another test"
                ));
            }
        },
    };
    Ok(Rule::Cases(vec![case]))
}

/// What the argument of a test is.
enum Takes {
    Nothing,
    Number,
    Date,
    Words,
}

/// Tests that only changed their name.
fn simple(kind: &str) -> Option<(&'static str, Takes)> {
    use Takes::{Date, Nothing, Number, Words};
    Some(match kind {
        "contains" => ("has_all_words", Words),
        "contains_any" => ("has_any_word", Words),
        "contains_phrase" | "phrase" => ("has_phrase", Words),
        "contains_only_phrase" | "only_phrase" => ("has_only_phrase", Words),
        "starts" => ("has_beginning", Words),
        "regex" => ("has_pattern", Words),
        "not_empty" => ("has_text", Nothing),
        "number" => ("has_number", Nothing),
        "lt" => ("has_number_lt", Number),
        "lte" => ("has_number_lte", Number),
        "eq" => ("has_number_eq", Number),
        "gte" => ("has_number_gte", Number),
        "gt" => ("has_number_gt", Number),
        "date" => ("has_date", Nothing),
        "date_before" => ("has_date_lt", Date),
        "date_equal" => ("has_date_eq", Date),
        "date_after" => ("has_date_gt", Date),
        "phone" => ("has_phone", Nothing),
        "has_email" | "email" => ("has_email", Nothing),
        "state" => ("has_state", Nothing),
        _ => return None,
    })
}

fn case(test: &'static str, arguments: Vec<Argument>) -> Case {
    Case { test, arguments, shown: None }
}

fn one(test: &'static str, argument: String) -> Case {
    case(test, vec![Argument::One(argument)])
}

fn plain(test: &'static str, arguments: &[String]) -> Case {
    case(test, arguments.iter().map(|argument| Argument::One(template(argument))).collect())
}

/// What a call of a service came to, as its result's category says it.
fn outcome(status: &str) -> String {
    if status == "success" { "Success" } else { "Failure" }.to_owned()
}

/// A date. The editor shows one that is counted from today as the number of days.
fn date(test: &'static str, argument: &str) -> Case {
    let migrated = expressions::migrate_date(argument);
    let days = migrated
        .strip_prefix("@(datetime_add(today(), ")
        .and_then(|rest| rest.strip_suffix(", \"D\"))"))
        .filter(|days| days.parse::<i32>().is_ok());
    let shown = days.map(|days| json!({"arguments": [days]}));
    Case { test, arguments: vec![Argument::One(migrated)], shown }
}

fn group(test: &Value, job: &mut Job<'_, '_>) -> Result<Case, String> {
    let (uuid, name) =
        job.group(&test["test"]).ok_or("test 'in_group' names no group; choose the group again")?;
    Ok(case("has_group", vec![Argument::One(uuid.to_string()), Argument::One(name)]))
}

/// A test of places within others; what is not said is left out.
fn places(test: &'static str, within: &[&Value], job: &Job<'_, '_>) -> Case {
    let within = within.iter().map(|place| template(Texts::read(place).base(&job.language)));
    let within: Vec<Argument> = within.map(Argument::One).collect();
    let says_nothing = within.iter().all(|place| matches!(place, Argument::One(text) if text.is_empty()));
    case(test, if says_nothing { Vec::new() } else { within })
}

/// Seconds until a rule counts as met without a message.
fn minutes(test: &Value) -> Result<u32, String> {
    let minutes = super::shape::count(test, "minutes").filter(|minutes| *minutes > 0);
    minutes.and_then(|minutes| minutes.checked_mul(60)).ok_or_else(|| "a timeout needs minutes".to_owned())
}

/// `or`: each of the tests leads to the same category.
fn alternatives(test: &Value, job: &mut Job<'_, '_>) -> Result<Rule, String> {
    let mut cases = Vec::new();
    for inner in items(test, "tests").iter().take(MAX_ALTERNATIVES) {
        if matches!(text(inner, "type").as_str(), "or" | "and") {
            return Err("tests within tests within a test are not known; use several rules".into());
        }
        match read(inner, job)? {
            Rule::True => return Ok(Rule::True),
            Rule::Cases(more) => cases.extend(more),
            Rule::Timeout(_) | Rule::Never => {}
        }
    }
    Ok(if cases.is_empty() { Rule::Never } else { Rule::Cases(cases) })
}

/// `and`: only one test that says something can be brought along.
fn together(test: &Value, job: &mut Job<'_, '_>) -> Result<Rule, String> {
    let mut telling = items(test, "tests").iter().filter(|inner| text(inner, "type") != "true");
    match (telling.next(), telling.next()) {
        (None, _) => Ok(Rule::True),
        (Some(only), None) if !matches!(text(only, "type").as_str(), "or" | "and") => read(only, job),
        (Some(_), _) => {
            Err("test 'and' of several tests cannot be expressed any more; use one rule set after another"
                .into())
        }
    }
}

impl Case {
    /// The case under which the test is written down, leading to a category.
    pub(super) fn write(&self, category: &str, job: &mut Job<'_, '_>) -> Value {
        let uuid = job.draw();
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::One(text) => text.clone(),
                Argument::Translated(texts) => job.text(&uuid, "arguments", texts),
            })
            .collect();
        let mut made = json!({"uuid": uuid, "type": self.test});
        if !arguments.is_empty() {
            made["arguments"] = arguments.into();
        }
        made["category_uuid"] = category.into();
        made
    }
}

/// What a category is called that nobody gave a name, as the old editor would have called it.
pub(super) fn category_name(test: &Value, only_rule: bool, language: &str) -> String {
    let of = |key: &str| Texts::of(test, key).base(language).trim().to_owned();
    let name = match text(test, "type").as_str() {
        "true" if only_rule => "All Responses".to_owned(),
        "between" => format!("{} - {}", of("min"), of("max")),
        "lt" => format!("< {}", of("test")),
        "lte" => format!("<= {}", of("test")),
        "eq" => format!("= {}", of("test")),
        "gte" => format!(">= {}", of("test")),
        "gt" => format!("> {}", of("test")),
        "timeout" => "No Response".to_owned(),
        "contains" | "contains_any" | "contains_phrase" | "contains_only_phrase" | "starts" => {
            super::shape::title(of("test").split_whitespace().next().unwrap_or_default())
        }
        "number" => "Numeric".to_owned(),
        _ => String::new(),
    };
    if name.is_empty() { "Other".to_owned() } else { name }
}
