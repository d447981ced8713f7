//! Templates as authors write them.

use expressions::template::truncate;
use expressions::{Escaping, Evaluation, Library, Template, Value};

use crate::world::{TOPS, ambient, env, render, scope};

#[test]
fn texts() {
    for (template, expected) in [
        ("", ""),
        ("Habari!", "Habari!"),
        ("Hi @contact.name.", "Hi Akinyi Otieno."),
        ("Hi @CONTACT, @Contact.Fields.AGE", "Hi Akinyi, 29"),
        ("@fields.clinic", "Kenya > Kisumu > Ahero"),
        (
            "@contact.urns.1 @contact.urns",
            "mailto:akinyi@example.org [tel:+254712345678, mailto:akinyi@example.org]",
        ),
        ("me@example.org @unknown @", "me@example.org @unknown @"),
        ("@@contact is @contact", "@contact is Akinyi"),
        ("@(1 + 2 * 3 ^ 2) @(-2 ^ 2) @(2 ^ 3 ^ 2)", "19 4 64"),
        ("@(10 - 4 - 3) @(1 & 2 = 12)", "3 1false"),
        ("@(1 < 2) @(\"a\" = \"A\") @(1.0 = \"1\")", "true false true"),
        ("@(fields[\"age\"] + 1) @(contact.urns[-1])", "30 mailto:akinyi@example.org"),
        ("@(results.mood) @(results.mood.value)", "Good fine"),
        ("@(((a, b) => a & b)(1, 2)) @(upper)", "12 upper"),
        ("@(\"tab\\t \\u00e9 \\\"q\\\" ) (\")", "tab\t é \"q\" ) ("),
        ("@(unclosed @contact", "@(unclosed @contact"),
        ("@(fields.nothing)|@(null)|", "||"),
    ] {
        assert_eq!(render(template), expected, "{template:?}");
    }
}

#[test]
fn errors() {
    for (template, expected) in [
        ("@(1 / 0)", "!division by zero"),
        ("@(1 + )", "!syntax error at "),
        ("@(1 + 'a' + 2 + 3 + 4)", "!syntax error at 'a' + 2 + "),
        ("@(\"a\".b)", "!syntax error at .b"),
        ("@(nobody)", "!context has no property 'nobody'"),
        ("@contact.Nose", "!object has no property 'Nose'"),
        ("@contact.name.x", "!\"Akinyi Otieno\" doesn't support lookups"),
        ("@contact.urns.7", "!index 7 out of range for 2 items"),
        ("@(contact.name(1))", "!contact.name is not a function"),
        ("@(upper(1, 2))", "!error calling upper(...): need 1 argument(s), got 2"),
        ("@(broken.anything + 1)", "!the shop is closed"),
        ("@(2 ^ 101)", "!number value out of range"),
        ("@(1 + contact)", "!unable to convert \"Akinyi\" to a number"),
        ("@(((x) => x)())", "!error calling <anon>(...): need 1 argument(s), got 0"),
    ] {
        assert_eq!(render(template), expected, "{template:?}");
    }
}

#[test]
fn a_failed_part_adds_nothing_and_is_reported() {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let template = Template::compile("a @(1 / 0) b @contact.x c", &TOPS, Library::standard());
    let rendered = template.render(&evaluation, 100);
    assert_eq!(rendered.value, "a  b  c");
    let errors: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "error evaluating @(1 / 0): division by zero",
            "error evaluating @contact.x: object has no property 'x'"
        ]
    );
}

#[test]
fn warnings_of_deprecated_names() {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let rendered = Template::compile("@old and @(old)", &TOPS, Library::standard()).render(&evaluation, 100);
    assert_eq!(rendered.value, "yesterday and yesterday");
    assert_eq!(rendered.warnings, ["say new instead of old", "say new instead of old"]);
}

#[test]
fn quotes_are_escaped_only_where_they_come_from_values() {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let template = Template::compile("name = \"@fields.note\"", &TOPS, Library::standard());
    let rendered = template.render_escaped(&evaluation, 100, Escaping::QuoteBackslash);
    assert_eq!(rendered.value, "name = \"say \\\"hi\\\"\"");
}

#[test]
fn a_single_expression_keeps_its_type() {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let value =
        |text: &str| Template::compile(text, &TOPS, Library::standard()).value(&evaluation, 100).value;
    assert!(matches!(value("@fields.age"), Value::Number(_)));
    assert!(matches!(value("@fields.age!"), Value::Text(_)));
    assert!(matches!(value("@(1 = 1)"), Value::Boolean(true)));
    assert!(matches!(value("@(1 / 0)"), Value::Error(_)));
    assert!(matches!(value("plain"), Value::Text(_)));
    assert!(matches!(value(""), Value::Text(text) if text.is_empty()));
}

#[test]
fn what_a_template_is_and_refers_to() {
    let compile = |text: &str| Template::compile(text, &TOPS, Library::standard());
    assert_eq!(compile("no @@ here").constant(), Some("no @ here"));
    assert!(!compile("@contact").is_constant());
    let template = compile("@contact.name @(upper(Fields[\"Clinic\"]) & results.mood.value)");
    let references: Vec<String> = template.references().map(|path| path.join(".")).collect();
    assert_eq!(references, ["contact.name", "upper", "fields.clinic", "results.mood.value"]);
    fn shared_by_threads<T: Send + Sync>(_: &T) {}
    shared_by_threads(&template);
}

#[test]
fn long_texts_end_with_an_ellipsis() {
    for (text, most, expected) in
        [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc..."), ("éééééé", 5, "éé..."), ("abc", 2, "..")]
    {
        let mut cut = text.to_owned();
        truncate(&mut cut, most);
        assert_eq!(cut, expected);
    }
}

#[test]
fn what_costs_too_much_is_stopped() {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let items = "split(repeat(\"a \", 5000))";
    let nested = format!("@({}1{})", "(".repeat(150), ")".repeat(150));
    let doubling = format!("@({}\"ab\"{})", "((x) => x & x)(".repeat(30), ")".repeat(30));
    let times =
        |name: &str, inner: &str| format!("{}{inner}{}", format!("{name}(").repeat(80), ")".repeat(80));
    let deep = |wrap: &str| {
        format!(
            "@(((f) => ((g) => ((h) => {})((x) => {}))((x) => {}))((x) => {wrap}))",
            times("h", "1"),
            times("g", "x"),
            times("f", "x")
        )
    };
    for template in [
        format!("@(count(foreach({items}, (a) => count(foreach({items}, (b) => b)))))"),
        format!("@(text(foreach({items}, (a) => {items})))"),
        format!(
            "@(((big) => contains(foreach({items}, (a) => big), big))(foreach({items}, (a) => {items})))"
        ),
        "@(((f) => f(f))((f) => f(f)))".to_owned(),
        doubling,
        nested,
        deep("array(x)"),
        deep("object(1, x)"),
        deep("() => x"),
    ] {
        let rendered = Template::compile(&template, &TOPS, Library::standard()).render(&evaluation, 100);
        assert!(rendered.errors.iter().all(|error| error.too_complex), "{template}");
        assert_eq!(rendered.errors.len(), 1, "{template}");
        assert_eq!(rendered.value, "");
    }
    // The next expression has a budget of its own.
    let template = Template::compile("@(upper(\"ok\"))", &TOPS, Library::standard());
    assert_eq!(template.render(&evaluation, 100).value, "OK");
}
