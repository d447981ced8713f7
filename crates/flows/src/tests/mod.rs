//! Router tests: what decides which category an answer belongs to (`has_any_word`, `has_number_between`, …).
//!
//! Each test is a function that expressions may call too; it gives false, or true with what matched. The
//! arguments of a case are mostly constants, so a compiled flow makes its tests ready once as [`Prepared`]:
//! words split, numbers read, patterns compiled. Both ways run the same code.

mod check;
mod dates;
mod emails;
mod groups;
mod locations;
mod numbers;
mod pattern;
mod phones;
mod results;
mod text;

use std::sync::LazyLock;

use expressions::{Builtin, Evaluation, Fault, Function, Object, Value};

use check::{Check, Kind};

/// What a test found.
#[derive(Clone, Debug)]
pub struct Match {
    /// The part of the operand that made the test true, in its own kind: a text, a number, a moment, a group.
    pub value: Value,
    /// More about it, if the test knows more: the groups of a pattern.
    pub extra: Option<Value>,
}

impl Match {
    fn of(value: impl Into<Value>) -> Self {
        Self { value: value.into(), extra: None }
    }
}

/// False, true with what matched, or why the test could not be made.
pub type Verdict = Result<Option<Match>, Fault>;

/// All tests as functions of expressions.
pub static BUILTINS: &[Builtin] = &[
    test("has_all_words", 2, 2, |e, a| call(Kind::AllWords, e, a)),
    test("has_any_word", 2, 2, |e, a| call(Kind::AnyWord, e, a)),
    test("has_beginning", 2, 2, |e, a| call(Kind::Beginning, e, a)),
    test("has_category", 2, usize::MAX, |e, a| call(Kind::Category, e, a)),
    test("has_date", 1, 1, |e, a| call(Kind::Date, e, a)),
    test("has_date_eq", 2, 2, |e, a| call(Kind::DateEq, e, a)),
    test("has_date_gt", 2, 2, |e, a| call(Kind::DateGt, e, a)),
    test("has_date_lt", 2, 2, |e, a| call(Kind::DateLt, e, a)),
    test("has_district", 1, 2, |e, a| call(Kind::District, e, a)),
    test("has_email", 1, 1, |e, a| call(Kind::Email, e, a)),
    test("has_error", 1, 1, |e, a| call(Kind::Error, e, a)).accepting_errors(),
    test("has_group", 2, 3, |e, a| call(Kind::Group, e, a)),
    test("has_intent", 3, 3, |e, a| call(Kind::Never, e, a)),
    test("has_number", 1, 1, |e, a| call(Kind::Number, e, a)),
    test("has_number_between", 3, 3, |e, a| call(Kind::NumberBetween, e, a)),
    test("has_number_eq", 2, 2, |e, a| call(Kind::NumberEq, e, a)),
    test("has_number_gt", 2, 2, |e, a| call(Kind::NumberGt, e, a)),
    test("has_number_gte", 2, 2, |e, a| call(Kind::NumberGte, e, a)),
    test("has_number_lt", 2, 2, |e, a| call(Kind::NumberLt, e, a)),
    test("has_number_lte", 2, 2, |e, a| call(Kind::NumberLte, e, a)),
    test("has_only_phrase", 2, 2, |e, a| call(Kind::OnlyPhrase, e, a)),
    test("has_only_text", 2, 2, |e, a| call(Kind::OnlyText, e, a)),
    test("has_pattern", 2, 2, |e, a| call(Kind::Pattern, e, a)),
    test("has_phone", 1, 2, |e, a| call(Kind::Phone, e, a)),
    test("has_phrase", 2, 2, |e, a| call(Kind::Phrase, e, a)),
    test("has_state", 1, 1, |e, a| call(Kind::State, e, a)),
    test("has_text", 1, 1, |e, a| call(Kind::Text, e, a)),
    test("has_time", 1, 1, |e, a| call(Kind::Time, e, a)),
    test("has_top_intent", 3, 3, |e, a| call(Kind::Never, e, a)),
    test("has_ward", 0, usize::MAX, |e, a| call(Kind::Ward, e, a)),
];

const fn test(name: &'static str, least: usize, most: usize, call: expressions::library::Call) -> Builtin {
    Builtin::between(name, least, most, call)
}

/// The test of that name; `None` if there is none, as with the tests of extensions.
pub fn find(name: &str) -> Option<&'static Builtin> {
    let index = BUILTINS.binary_search_by(|builtin| builtin.name.cmp(name)).ok()?;
    BUILTINS.get(index)
}

fn call(kind: Kind, evaluation: &Evaluation<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let Some((operand, rest)) = arguments.split_first() else {
        return Err(locations::wrong_count(0));
    };
    let verdict = Check::new(kind, rest)?.run(evaluation, operand)?;
    Ok(to_value(verdict))
}

/// A verdict as expressions see it: an object that counts as true or false, with what matched.
fn to_value(verdict: Option<Match>) -> Value {
    static FALSE: LazyLock<Value> =
        LazyLock::new(|| Value::object(Object::new().with_default(false).with("match", "")));
    let Some(found) = verdict else { return FALSE.clone() };
    let mut object = Object::new().with_default(true).with("match", found.value);
    if let Some(extra) = found.extra {
        object.insert("extra", extra);
    }
    Value::object(object)
}

/// A test with constant arguments, made ready to be run many times.
#[derive(Clone, Debug)]
pub struct Prepared {
    test: &'static Builtin,
    arguments: Box<[Value]>,
    /// `None` if calling the test with these arguments is always an error.
    check: Option<Check>,
}

impl Prepared {
    /// Makes a test ready with the arguments behind its operand. They must not depend on anything but the
    /// flow. What is wrong with them, if anything, is said when the test runs.
    pub fn new(test: &'static Builtin, arguments: &[Value]) -> Self {
        let count = arguments.len() + 1;
        let possible = (test.min_args..=test.max_args).contains(&count)
            && !arguments.iter().any(|argument| argument.is_error());
        let check =
            Kind::of(test.name).filter(|_| possible).and_then(|kind| Check::new(kind, arguments).ok());
        Self { test, arguments: arguments.into(), check }
    }

    /// The test.
    pub fn test(&self) -> &'static Builtin {
        self.test
    }

    /// Tests an operand, with the same result as calling the test as a function.
    pub fn run(&self, evaluation: &Evaluation<'_>, operand: &Value) -> Verdict {
        if let Some(check) = &self.check
            && (self.test.accepts_errors || !operand.is_error())
        {
            return check.run(evaluation, operand).map_err(|fault| named(self.test, &fault));
        }
        let mut arguments = Vec::with_capacity(self.arguments.len() + 1);
        arguments.push(operand.clone());
        arguments.extend_from_slice(&self.arguments);
        run(self.test, evaluation, &arguments)
    }
}

/// Calls any function as a test: a result that counts as true is a match, what matched is its `match` if it
/// has one.
pub fn run(test: &'static Builtin, evaluation: &Evaluation<'_>, arguments: &[Value]) -> Verdict {
    match evaluation.call(&Function::Builtin(test), arguments) {
        Value::Error(message) => Err(Fault(message)),
        result if !result.truthy() => Ok(None),
        Value::Object(object) => {
            let property = |name| object.get(name).map(|property| property.value.clone());
            Ok(Some(Match { value: property("match").unwrap_or(Value::Null), extra: property("extra") }))
        }
        other => Ok(Some(Match::of(other))),
    }
}

/// The fault as a call of the function would report it.
fn named(test: &Builtin, fault: &Fault) -> Fault {
    Fault::new(format!("error calling {}(...): {fault}", test.name))
}
