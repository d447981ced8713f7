//! Tables of queries with their canonical text, their errors and whom they match.

use expressions::environment::{DateFormat, RedactionPolicy};
use jiff::tz::TimeZone;

use super::*;
use crate::{Contact, ContactUrn, Field, FieldType, FieldValue, FlowUuid, GroupUuid, Reference};

struct Workspace(Vec<Field>);

impl Resolver for Workspace {
    fn field(&self, key: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.key == key)
    }

    fn group(&self, name: &str) -> Option<Reference<GroupUuid>> {
        name.eq_ignore_ascii_case("Health Workers")
            .then(|| Reference { uuid: GroupUuid::default(), name: "Health Workers".into() })
    }

    fn flow(&self, name: &str) -> Option<Reference<FlowUuid>> {
        name.eq_ignore_ascii_case("Intake")
            .then(|| Reference { uuid: FlowUuid::default(), name: "Intake".into() })
    }
}

fn workspace() -> Workspace {
    let types = [
        ("age", FieldType::Number),
        ("due", FieldType::Datetime),
        ("sex", FieldType::Text),
        ("county", FieldType::State),
    ];
    Workspace(
        types
            .map(|(key, field_type)| Field {
                uuid: Default::default(),
                key: key.into(),
                name: key.into(),
                field_type,
            })
            .into(),
    )
}

fn environment(redaction: RedactionPolicy) -> Environment {
    Environment {
        date_format: DateFormat::DayMonthYear,
        timezone: TimeZone::get("Africa/Nairobi").unwrap(),
        default_country: Some("KE".into()),
        redaction,
        ..Environment::default()
    }
}

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, &environment(RedactionPolicy::None), Timestamp::UNIX_EPOCH, Some(&workspace()))
}

#[test]
fn prints_one_canonical_text() {
    for (text, expected) in [
        ("achieng", r#"name ~ "achieng""#),
        ("a", r#"name = "a""#),
        ("mary achieng", r#"name ~ "mary" AND name ~ "achieng""#),
        ("0712 345678", r#"urns.tel = "+254712345678""#),
        ("mary or 712-345", r#"name ~ "mary" OR urns.tel ~ 712345"#),
        ("telegram:77", "urns.telegram = 77"),
        ("AGE>=18", "fields.age >= 18"),
        ("fields.sex is F", r#"fields.sex = "F""#),
        ("age = 1 or age = 2 and age = 3", "fields.age = 1 OR (fields.age = 2 AND fields.age = 3)"),
        ("((age = 1) or (age = 2)) age = 3", "(fields.age = 1 OR fields.age = 2) AND fields.age = 3"),
        (r#"sex = "a \"b\" \\c""#, r#"fields.sex = "a \"b\" \\c""#),
        ("group = \"health workers\"", r#"group = "health workers""#),
    ] {
        let query = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.to_string(), expected, "{text}");
        assert_eq!(parse(expected).unwrap().to_string(), expected, "printed text reads as the same query");
    }
}

#[test]
fn says_what_is_wrong() {
    for (text, code, message) in [
        ("", "syntax", "mismatched input '<EOF>' expecting {'(', STRING, PROPERTY, TEXT}"),
        ("age >", "syntax", "mismatched input '<EOF>' expecting {STRING, PROPERTY, TEXT}"),
        ("(age > 1", "syntax", "missing ')' at '<EOF>'"),
        ("age > 1)", "syntax", "extraneous input ')' expecting <EOF>"),
        ("\"open", "syntax", "extraneous input '\"' expecting {'(', STRING, PROPERTY, TEXT}"),
        ("age > old", "invalid_number", "can't convert 'old' to a number"),
        ("due = soon", "invalid_date", "can't convert 'soon' to a date"),
        (
            "sex > 1",
            "unsupported_comparison",
            "comparisons with > can only be used with date and number fields",
        ),
        ("sex ~ f", "unsupported_contains", "contains conditions can only be used with name or URN values"),
        ("id != \"\"", "unsupported_setcheck", "can't check whether 'id' is set or not set"),
        ("urns.sms = 1", "unknown_property", "can't resolve 'sms' to attribute, scheme or field"),
        ("globals.x = 1", "unknown_property_type", "unknown property type 'globals'"),
        ("flow = Other", "invalid_flow", "'Other' is not a valid flow name"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message), "{text}");
    }
    let hidden = environment(RedactionPolicy::Urns);
    let parse = |text: &str| Query::parse(text, &hidden, Timestamp::UNIX_EPOCH, None);
    assert_eq!(parse("tel = 0712").unwrap_err(), QueryError::RedactedUrns);
    assert_eq!(parse("0712345678").unwrap().to_string(), "name ~ 0712345678");
}

#[test]
fn limits_hold() {
    let nested = format!("{}a{}", "(".repeat(200), ")".repeat(200));
    let many = vec!["age = 1"; MAX_CONDITIONS + 1].join(" or ");
    for text in [nested, many, "a".repeat(MAX_CHARS + 1)] {
        assert_eq!(parse(&text).unwrap_err().code(), "too_complex");
    }
    assert!(parse(&vec!["age = 1"; MAX_CONDITIONS].join(" or ")).is_ok());
}

fn achieng() -> Contact {
    let env = environment(RedactionPolicy::None);
    let value = |text: &str| {
        FieldValue::parse(text, FieldType::Text, &env, &|| Timestamp::UNIX_EPOCH, None, 640).unwrap()
    };
    Contact {
        uuid: Default::default(),
        id: Default::default(),
        name: "Mary Achieng".into(),
        language: Some("swa".into()),
        status: Default::default(),
        timezone: None,
        created_on: "2026-01-31T21:30:00Z".parse().unwrap(),
        last_seen_on: None,
        urns: vec![ContactUrn { urn: "tel:+254712345678".parse().unwrap(), channel: None }],
        groups: Vec::new(),
        fields: [("age", "31"), ("due", "2026-05-01"), ("sex", "F")]
            .map(|(key, text)| (key.into(), value(text)))
            .into(),
        tickets: Vec::new(),
    }
}

#[test]
fn matches_people() {
    for (text, expected) in [
        ("mary", true),
        ("achi", true),
        ("hieng", false),
        ("name = \"MARY achieng\"", true),
        ("name != mary", true),
        ("tel ~ 345", true),
        ("whatsapp = \"\"", true),
        ("urn = +254712345678", true),
        ("age > 30 and age < 32", true),
        ("age != 31", false),
        ("county != \"\"", false),
        ("sex = f", true),
        ("due = 1/5/2026", true),
        ("due < 1/5/2026", false),
        ("created_on = 01-02-2026", true),
        ("last_seen_on > 01-01-2020", false),
        ("language = SWA and tickets = 0", true),
    ] {
        assert_eq!(parse(text).unwrap().matches(&achieng()), expected, "{text}");
    }
}

#[test]
fn searches_see_what_groups_may_not() {
    let contact = Contact { id: crate::ContactId(7), groups: vec![GroupUuid::default()], ..achieng() };
    let key = [1, 2, 3, 4];
    let searched =
        Searched { contact: &contact, flow: Some(FlowUuid::default()), history: &[], obfuscation_key: key };
    let by_ref = format!("ref = {}", crate::public_ref(contact.id, key));
    for (text, for_search, for_groups) in [
        ("status = active", true, false),
        ("group = \"health workers\"", true, false),
        ("group != \"\"", true, false),
        ("flow = intake", true, false),
        ("history = intake", false, false),
        ("id = 7", true, false),
        (by_ref.as_str(), true, false),
        ("age = 31 and mary", true, true),
    ] {
        let query = parse(text).unwrap();
        assert_eq!((query.matches(&searched), query.matches(&contact)), (for_search, for_groups), "{text}");
    }
}

#[test]
fn knows_what_it_depends_on() {
    let query = parse("age > 18 and (tel ~ 071 or group = \"health workers\")").unwrap();
    assert!(query.depends_on_field("age") && !query.depends_on_field("sex"));
    assert!(query.depends_on_addresses() && query.depends_on_attribute(Attribute::Group));
    assert!(!query.inspection().allow_as_group);
    assert!(parse("age > 18").unwrap().inspection().allow_as_group);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~äß()\"=<>!~.]{0,60}") {
        let query = parse(&text);
        if let Ok(query) = query {
            let canonical = query.to_string();
            let again = parse(&canonical).map(|query| query.to_string());
            proptest::prop_assert_eq!(again.as_deref(), Ok(canonical.as_str()));
            query.matches(&achieng());
        }
    }

    #[test]
    fn words_of_the_language_in_any_order(words in proptest::collection::vec(WORDS, 0..12)) {
        let text = words.join(" ");
        if let Ok(query) = parse(&text) {
            let canonical = query.to_string();
            let again = parse(&canonical).map(|query| query.to_string());
            proptest::prop_assert_eq!(again.as_deref(), Ok(canonical.as_str()));
        }
    }
}

/// What queries are made of.
const WORDS: &str = "(age|due|sex|name|tel|urns\\.tel|fields\\.age|=|!=|~|>|<=|is|has|and|or|\\(|\\)|18|0712345|\"\"|\"a b\"|mary|1-5-2026)";
