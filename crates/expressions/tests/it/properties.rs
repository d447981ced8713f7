//! What holds for all inputs.

use std::str::FromStr;

use bigdecimal::BigDecimal;
use expressions::{Evaluation, Library, Number, Template, Value, refactor, syntax};
use proptest::prelude::*;

use crate::world::{TOPS, ambient, env, scope};

/// Texts with many of the characters that mean something.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[@()\\[\\].,\"\\\\ a-c1-3=<>+*/^&-]{0,40}",
        "\\PC{0,30}",
        "(@|@\\(|contact|fields|upper|\\.|\\)|name|age|\"|\\(x\\) => x|[ +&]|1){0,25}",
    ]
}

/// Expressions that are well formed.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("contact.name".to_owned()),
        Just("FIELDS[\"age\"]".to_owned()),
        Just("null".to_owned()),
        Just("TRUE".to_owned()),
        "[0-9]{1,3}(\\.[0-9]{1,2})?",
        "\"[a-zé ]{0,5}(\\\\n|\\\\\"|\\\\\\\\)?\"",
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*/^&=<>]", inner.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if({a},{b} , ({a}))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            inner.prop_map(|a| format!("foreach(array(1), (x) => {a} & x)")),
        ]
    })
}

fn decimal() -> impl Strategy<Value = String> {
    "-?[1-9][0-9]{0,14}(\\.[0-9]{1,8})?"
}

proptest! {
    #[test]
    fn no_template_panics(template in text()) {
        let (env, scope, ambient) = (env(), scope(), ambient());
        let evaluation = Evaluation::new(&env, &scope, &ambient);
        let compiled = Template::compile(&template, &TOPS, Library::standard());
        compiled.render(&evaluation, 50);
        compiled.value(&evaluation, 50);
        prop_assert_eq!(refactor(&template, &TOPS, |_| None), template);
    }

    #[test]
    fn no_expression_panics(expression in expression()) {
        let (env, scope, ambient) = (env(), scope(), ambient());
        let evaluation = Evaluation::new(&env, &scope, &ambient);
        Template::compile(&format!("@({expression})"), &TOPS, Library::standard()).value(&evaluation, 50);
    }

    #[test]
    fn printing_and_parsing_agree(expression in expression()) {
        let printed = syntax::parse(&expression).expect("well formed").to_string();
        let again = syntax::parse(&printed).expect("what is printed can be read").to_string();
        prop_assert_eq!(printed, again);
    }

    #[test]
    fn no_function_panics(index in 0usize..90, args in prop::collection::vec(any_value(), 0..4)) {
        let (env, scope, ambient) = (env(), scope(), ambient());
        let evaluation = Evaluation::new(&env, &scope, &ambient);
        if let Some(builtin) = Library::standard().iter().nth(index) {
            evaluation.call(&expressions::Function::Builtin(builtin), &args);
        }
    }

    #[test]
    fn arithmetic_is_exact(left in decimal(), right in decimal()) {
        let (a, b) = (Number::parse(&left).expect("in range"), Number::parse(&right).expect("in range"));
        let (x, y) = (BigDecimal::from_str(&left).expect("plain"), BigDecimal::from_str(&right).expect("plain"));
        let same = |number: Number, big: BigDecimal| {
            BigDecimal::from_str(&number.to_string()).expect("plain") == big
        };
        prop_assert!(same(a.add(b).expect("in range"), &x + &y));
        prop_assert!(same(a.subtract(b).expect("in range"), &x - &y));
        if let Ok(product) = a.multiply(b) {
            prop_assert!(same(product, &x * &y));
        }
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        prop_assert_eq!(Number::parse(&a.to_string()), Some(a));
    }

    #[test]
    fn json_comes_back(text in "\\PC{0,12}", number in decimal(), flag: bool) {
        let value = Value::array(vec![text.as_str().into(), Number::parse(&number).expect("in range").into(), flag.into()]);
        let back = Value::from_json(&value.to_json()).expect("our own JSON");
        prop_assert!(back.equals(&value));
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        text().prop_map(Value::from),
        prop_oneof![
            Just("D"),
            Just("M"),
            Just("Y"),
            Just("s"),
            Just("2024-02-29T12:00:00Z"),
            Just("31-12-9999 23:59"),
            Just("YYYY-MM-DD"),
            Just("tt:mm"),
            Just("Africa/Nairobi"),
            Just("tel:+254712345678")
        ]
        .prop_map(Value::from),
        prop_oneof![any::<i64>(), -20i64..20, Just(i64::MIN), Just(i64::MAX)].prop_map(Value::from),
        (any::<i64>(), -100i32..100).prop_map(|(mantissa, exponent)| Number::new(
            i128::from(mantissa),
            exponent
        )
        .map_or(Value::Null, Value::from)),
        Just(Value::error("broken")),
        Just(Value::Date(jiff::civil::Date::MAX)),
        Just(Value::Date(jiff::civil::Date::MIN)),
        Just(Value::Time(jiff::civil::Time::MAX)),
        Just(Value::datetime(jiff::Timestamp::MAX.to_zoned(jiff::tz::TimeZone::UTC))),
        Just(Value::datetime(jiff::Timestamp::MIN.to_zoned(jiff::tz::TimeZone::UTC))),
        Just(Value::Function(expressions::Function::Builtin(
            Library::standard().get("upper").expect("known")
        ))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
            prop::collection::vec(("[a-c]", inner), 0..3)
                .prop_map(|pairs| Value::object(pairs.into_iter().collect())),
        ]
    })
}
