//! Functions, operators, conversions and comparisons of single values.

use expressions::{
    Evaluation, Function, Library, Object, Value, environment::NumberFormat, operators, syntax::Operator,
};
use serde_json::Value as Json;

use super::{case::Case, library};
use crate::{
    report::Outcome,
    typed::{self, check},
};

/// Does something with an evaluation in the environment and at the time of the case.
fn evaluated<T>(case: &Case, work: impl FnOnce(&Evaluation<'_>) -> T) -> T {
    let (env, ambient, scope) = (case.environment(), case.ambient(), Object::new());
    work(&Evaluation::new(&env, &scope, &ambient))
}

fn arguments(json: &[Json]) -> Result<Vec<Value>, String> {
    json.iter().map(|argument| typed::read(argument, library())).collect()
}

fn call(evaluation: &Evaluation<'_>, json: &Json) -> Result<Value, String> {
    let name = json["function"].as_str().unwrap_or_default();
    let builtin = library().get(name).ok_or_else(|| format!("there is no function {name}"))?;
    let arguments = arguments(json["args"].as_array().map_or(&[], Vec::as_slice))?;
    Ok(evaluation.call(&Function::Builtin(builtin), &arguments))
}

/// One call of a function.
pub fn call_function(case: &Case) -> Outcome {
    let result = evaluated(case, |evaluation| call(evaluation, case.json()))?;
    check(case.get("expected"), &result)
}

/// Calls that share a random generator.
pub fn call_sequence(case: &Case) -> Outcome {
    let ambient = case.ambient().seeded(case.get("random_seed").as_u64().unwrap_or_default());
    let (env, scope) = (case.environment(), Object::new());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    for step in case.list("calls") {
        check(&step["expected"], &call(&evaluation, step)?)?;
    }
    Ok(())
}

/// A router test: whether it matched, and what.
pub fn call_test(case: &Case) -> Outcome {
    let result = evaluated(case, |evaluation| call(evaluation, case.json()))?;
    let expected = case.get("expected");
    let Value::Object(object) = &result else { return check(expected, &result) };
    // What a test found besides the match is compared only where the case names it.
    let mut found = (**object).clone();
    if let Some(members) = expected["v"].as_object() {
        found.properties.retain(|name, _| members.contains_key(name.as_str()));
    }
    check(expected, &Value::object(found))
}

/// `left operator right`
pub fn binary_operator(case: &Case) -> Outcome {
    let operator = match case.text("operator")? {
        "&" => Operator::Concatenate,
        "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "^" => Operator::Power,
        other => return Err(format!("unknown operator {other}")),
    };
    match arguments(case.list("args"))?.as_slice() {
        [left, right] => check(case.get("expected"), &operators::apply(operator, left, right)),
        _ => Err("not two arguments".to_owned()),
    }
}

/// `-operand`
pub fn unary_operator(case: &Case) -> Outcome {
    match arguments(case.list("args"))?.as_slice() {
        [operand] => check(case.get("expected"), &operators::negate(operand)),
        _ => Err("not one argument".to_owned()),
    }
}

/// A value as another type.
pub fn convert(case: &Case) -> Outcome {
    let value = typed::read(case.get("value"), library())?;
    let to = case.text("to")?;
    let result: Value = evaluated(case, |evaluation| match to {
        "number" => value.to_number().into(),
        "integer" => value.to_integer().into(),
        "date" => value.to_date(evaluation).map_or_else(Value::from, Value::Date),
        "datetime" => value.to_datetime(evaluation).map_or_else(Value::from, Value::datetime),
        "time" => value.to_time().map_or_else(Value::from, Value::Time),
        other => Value::error(format!("unknown type {other}")),
    });
    check(case.get("expected"), &result)
}

/// Strict equality.
pub fn equals(case: &Case) -> Outcome {
    pair(case, |left, right| Json::Bool(left.equals(right)))
}

/// Order: -1, 0 or 1.
pub fn compare(case: &Case) -> Outcome {
    pair(case, |left, right| left.compare(right).map_or(Json::Null, |order| Json::from(order as i8)))
}

fn pair(case: &Case, work: impl FnOnce(&Value, &Value) -> Json) -> Outcome {
    match arguments(case.list("args"))?.as_slice() {
        [left, right] => super::same(case.get("expected"), &work(left, right)),
        _ => Err("not two arguments".to_owned()),
    }
}

/// A value as JSON, as text, as people read it, and as a truth value.
pub fn value_forms(case: &Case) -> Outcome {
    let value = typed::read(case.get("value"), library())?;
    let actual = serde_json::json!({
        "json": value.to_json(),
        "text": value.to_text().as_str(),
        "format": value.format(&case.environment()),
        "boolean": value.truthy(),
    });
    super::same(case.get("expected"), &actual)
}

/// A number with symbols, places and groups.
pub fn format_number(case: &Case) -> Outcome {
    let Value::Number(number) = typed::read(case.get("value"), Library::standard())? else {
        return Err("not a number".to_owned());
    };
    let places = case.get("places").as_u64().and_then(|places| u32::try_from(places).ok());
    let format: NumberFormat = case.read("number_format")?;
    let actual = number.format(&format, places, case.flag("group_digits"));
    super::same(case.get("expected"), &Json::from(actual))
}
