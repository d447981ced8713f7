//! Templates and expressions, of today and of long ago.

use expressions::{Escaping, Evaluation, Template, Value, inspect, refactor, syntax};

use crate::world::{TOPS, Ticking, environment, scope};

/// Characters of a rendered template, as in flows.
const MAX_CHARS: usize = 10_000;

/// Compiles, renders, inspects and rewrites a template; as an expression it must print to what parses the same.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    evaluate(text);
    let library = flows::vocabulary::library();
    inspect::mistakes(text, &TOPS, library);
    assert_eq!(refactor(text, &TOPS, |_| None), text, "a template that nothing is changed in stays as it is");
    if let Ok(tree) = syntax::parse(text) {
        let printed = tree.to_string();
        let again = syntax::parse(&printed).expect("what is printed can be read");
        assert_eq!(again.to_string(), printed, "what is printed is printed the same again");
    }
}

/// Migrates a template; what comes out must evaluate.
pub fn run_legacy(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for default_to_self in [false, true] {
        evaluate(&flows::legacy::expressions::migrate(text, default_to_self));
    }
}

fn evaluate(text: &str) {
    let (env, scope, ambient) = (environment(), scope(), Ticking::default());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let template = Template::compile(text, &TOPS, flows::vocabulary::library());
    let rendered = template.render(&evaluation, MAX_CHARS);
    assert!(rendered.value.chars().count() <= MAX_CHARS, "a template keeps to its limit");
    template.render_escaped(&evaluation, MAX_CHARS, Escaping::Quoted);
    write(&template.value(&evaluation, MAX_CHARS).value);
}

/// Every form of a value; its JSON can be read again.
pub fn write(value: &Value) {
    value.to_text();
    value.describe();
    value.format(&environment());
    let json = value.to_json();
    let read: Result<serde_json::Value, _> = serde_json::from_str(&json);
    let error = read.err().filter(|error| !error.to_string().starts_with("recursion limit"));
    assert!(error.is_none(), "{json} is JSON: {error:?}");
}
