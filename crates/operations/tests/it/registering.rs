//! Registrations with codes, numbers that are drawn, and households of which each gets what is theirs.

use domain::{ContactId, identifier::is_damm};
use jiff::ToSpan as _;
use operations::{
    CodeError, Committed, ContactEdit, NewCode, ProgrammeError, Receiver, Registered, SubscribeTo, Switch,
    Whom, WrongCode, check_code, import_codes, import_programme, join_household, leave_household,
    read_registration, register, save_code, switch, wrong_members,
};
use serde_json::{Map, Value, json};
use store::{HouseholdsOf, ListedHousehold, SubscriptionStatus, Walk};
use test_postgres::Cluster;

use crate::world::{World, texts};

const FIRST_YEAR: &str = include_str!("../../../../testdata/programme/first_year.json");
const CLINICS: &str = include_str!("../../../../testdata/programme/clinics.csv");

macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::programme(super::World::new().await).await).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::programme(super::World::on(super::Cluster::shared().database()).await).await).await;
            }
        )+}
    };
}

on_both!(
    codes_are_brought_in_checked_and_retired,
    a_registration_brings_everything_at_once,
    what_is_wrong_is_said_by_member,
    the_same_key_registers_once,
    a_household_follows_its_mother,
    who_is_erased_leaves_no_trace_but_the_number,
);

async fn programme(world: World) -> World {
    use domain::FieldType;
    for (name, kind) in [
        ("Due date", FieldType::Datetime),
        ("Clinic", FieldType::Text),
        ("Health ID", FieldType::Text),
        ("ID number", FieldType::Text),
        ("Birth date", FieldType::Datetime),
    ] {
        operations::save_field(&world.ctx, world.workspace.id, None, name, kind).await.unwrap();
    }
    import_programme(&world.ctx, world.workspace.id, FIRST_YEAR).await.unwrap();
    import_codes(&world.ctx, world.workspace.id, "clinic", CLINICS, false).await.unwrap();
    world
}

async fn codes_are_brought_in_checked_and_retired(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let said = async |typed: &str| match check_code(ctx, workspace, "Clinic", typed).await.unwrap() {
        Ok(row) => format!("{} {}", row.name, row.place),
        Err(wrong) => wrong.to_string(),
    };
    for (typed, expected) in [
        ("123456", "Uhuru Clinic Nairobi"),
        (" 123-456 ", "Uhuru Clinic Nairobi"),
        ("345678", "This clinic code is no longer in use: 345678."),
        ("999999", "Not a known clinic code: 999999."),
        ("", "Not a known clinic code: ."),
    ] {
        assert_eq!(said(typed).await, expected, "{typed:?}");
    }
    // A file that replaces: what is not in it is out of use; the last row of a code counts.
    let csv = "name;code;active\nNew;111111;yes\nAmani;234567;no\nAmani again;234567;\n";
    let done = import_codes(ctx, workspace, "clinic", csv, true).await.unwrap();
    assert_eq!((done.rows, done.active), (2, 2));
    assert_eq!(said("123456").await, "This clinic code is no longer in use: 123456.");
    assert_eq!(said("234567").await, "Amani again ");
    // What is broken changes nothing.
    for (csv, expected) in [
        ("name\nx\n", "the first row must name the columns"),
        ("code,active\n1,yes\n2,perhaps\n", "row 3: active is yes or no"),
        ("code,name\n,x\n", "row 2: a code has 1 to"),
        ("code\n\"1\n", "quot"),
    ] {
        let error = import_codes(ctx, workspace, "clinic", csv, true).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{csv:?}: {error}");
    }
    assert!(matches!(import_codes(ctx, workspace, "a clinic", "code\n", true).await, Err(CodeError::Kind)));
    assert_eq!(said("111111").await, "New ");
    let new =
        NewCode { kind: "clinic".into(), code: "111 111".into(), active: Some(false), ..NewCode::default() };
    let (row, made) = save_code(ctx, workspace, new).await.unwrap();
    assert_eq!((made, row.active, row.name.as_str()), (false, false, "New"));
    assert_eq!(ctx.store.code_kinds(workspace).await.unwrap(), [("clinic".into(), 4, 1)]);
}

fn body() -> Map<String, Value> {
    let body = json!({
        "urn": "tel:+254700000001",
        "name": "Amina",
        "language": "swa",
        "opt_in": "clinic_ussd",
        "fields": {"due_date": "2027-05-20"},
        "consents": [{"purpose": "research", "given": false, "reason": "not now"}],
        "codes": {"clinic": "123-456"},
        "identifier": {"type": "sa_id", "number": "8001015009087"},
        "draw": ["health_id", "health_id"],
        "subscriptions": [{"message_set": "first_year.pregnancy"}],
        "receivers": [
            {"urn": "tel:+254700000002", "name": "Juma", "role": "father", "language": "eng",
             "subscriptions": [{"message_set": "first_year.pregnancy"}]},
            {"urn": "tel:+254700000003", "role": "grandmother"},
        ],
        "welcome": {"eng": "Welcome!", "swa": "Karibu @contact.first_name, @fields.health_id"},
    });
    body.as_object().unwrap().clone()
}

async fn registers(
    world: &World,
    body: &Map<String, Value>,
    key: &str,
) -> Result<Committed<Registered>, Value> {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let ws = ctx.registry.workspace(ctx, workspace).await.unwrap().unwrap();
    let mut read = read_registration(ctx, &ws, body, None).await.unwrap().map_err(Value::Object)?;
    read.key = Some(key).filter(|key| !key.is_empty()).map(Into::into);
    register(ctx, workspace, read).await.map_err(|error| Value::Object(wrong_members(&error).unwrap()))
}

async fn id(world: &World, number: &str) -> ContactId {
    world.conversation(number).await.unwrap().contact.id
}

async fn household(world: &World, of: ContactId) -> Vec<ListedHousehold> {
    let walk = Walk { from: None, up: true, limit: 10 };
    world.ctx.store.list_households(world.workspace.id, HouseholdsOf::Contact(of), walk).await.unwrap()
}

async fn a_registration_brings_everything_at_once(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let done = registers(&world, &body(), "").await.unwrap();
    let number = done.value.numbers["health_id"].to_string();
    assert!(number.len() == 10 && is_damm(&number), "{number}");
    assert_eq!(texts(&done.outbox), [format!("Karibu Amina, {number}")]);
    let mother = world.conversation("+254700000001").await.unwrap().contact;
    let field = |key: &str| mother.fields[key].text.to_string();
    assert_eq!((field("health_id"), field("clinic")), (number.clone(), "123456".to_owned()));
    assert_eq!((field("id_number"), field("birth_date")), ("8001015009087".into(), "1980-01-01".into()));
    let shown: Value = serde_json::from_str(done.value.row.detail.as_deref().unwrap()).unwrap();
    assert_eq!(shown["codes"]["clinic"]["name"], "Uhuru Clinic");
    assert_eq!(shown["identifier"]["sex"], "male");
    // The father's weeks are the mother's, though he has no day of his own.
    let theirs = async |number: &str| {
        let contact = id(&world, number).await;
        ctx.store.contact_subscriptions(workspace, contact).await.unwrap()
    };
    let (hers, his) = (theirs("+254700000001").await.remove(0), theirs("+254700000002").await.remove(0));
    assert_eq!(
        (his.about, his.anchor, his.next, his.next_due),
        (mother.id, hers.anchor, hers.next, hers.next_due)
    );
    assert!(hers.anchor.is_some() && theirs("+254700000003").await.is_empty());
    let found = household(&world, his.contact).await;
    assert_eq!((found.len(), found[0].about.0), (1, mother.id));
    let roles: Vec<_> = found[0].members.iter().map(|one| one.role.as_str()).collect();
    assert_eq!(roles, ["father", "grandmother"]);
    let all = Walk { from: None, up: true, limit: 10 };
    let consents =
        ctx.store.list_consents(workspace, store::ConsentsOf::Contact(mother.id), all).await.unwrap();
    let consents: Vec<_> =
        consents.iter().map(|one| (one.consent.purpose.as_str(), one.consent.given)).collect();
    assert_eq!(consents, [("", true), ("research", false)]);
    // Once more: the number stays, and a drawn number is a code that can be checked.
    let mut again = body();
    again.remove("subscriptions");
    let done = registers(&world, &again, "").await.unwrap();
    assert_eq!((done.value.numbers["health_id"].as_str(), done.value.made), (number.as_str(), false));
    assert_eq!(theirs("+254700000002").await.len(), 1, "what he gets already goes on");
    assert_eq!(
        check_code(ctx, workspace, "health_id", &number).await.unwrap().unwrap().contact,
        Some(mother.id)
    );
    let mistyped = check_code(ctx, workspace, "health_id", "1000000001").await.unwrap().unwrap_err();
    assert!(matches!(mistyped, WrongCode::Mistyped { .. }), "{mistyped}");
    let new = NewCode {
        kind: "health_id".into(),
        code: number.into(),
        name: Some("x".into()),
        ..NewCode::default()
    };
    assert!(matches!(save_code(ctx, workspace, new).await, Err(CodeError::Drawn(_))));
}

async fn what_is_wrong_is_said_by_member(world: World) {
    type Spoil = fn(&mut Map<String, Value>);
    let cases: [(Spoil, Value); 15] = [
        (|b| drop(b.remove("urn")), json!({"urn": ["This field is required."]})),
        (|b| b["urn"] = json!("x:1"), json!({"urn": ["Not a valid URN: x:1."]})),
        (|b| b["language"] = json!("xx"), json!({"language": ["Not a valid ISO 639-3 language code."]})),
        (|b| b["fields"]["x"] = json!(1), json!({"fields": {"x": ["There is no field with this key."]}})),
        (
            |b| b["codes"]["clinic"] = json!("345678"),
            json!({"codes": {"clinic": ["This clinic code is no longer in use: 345678."]}}),
        ),
        (
            |b| b["codes"]["personnel"] = json!("7"),
            json!({"codes": {"personnel": ["Not a known personnel code: 7."]}}),
        ),
        (
            |b| b["identifier"]["number"] = json!("8001015009086"),
            json!({"identifier": {"number":
                ["Not a South African identity number: its check digit is wrong: a digit was mistyped."]}}),
        ),
        (
            |b| b["identifier"]["type"] = json!("passport"),
            json!({"identifier": {"country": ["This field is required."]}}),
        ),
        (
            |b| b["draw"] = json!(["a b"]),
            json!({"draw": {"0": ["Not a kind of numbers: write a word, such as health_id."]}}),
        ),
        (
            |b| b["subscriptions"][0]["message_set"] = json!("x"),
            json!({"subscriptions": {"0": {"message_set":
                ["there is no message set \"x\"; `seedling programme list` shows all"]}}}),
        ),
        (
            |b| b["subscriptions"][0]["day"] = json!("soon"),
            json!({"subscriptions": {"0": {"day": ["Not a valid day; write it as in 2027-05-20."]}}}),
        ),
        (
            |b| b["subscriptions"][0]["message"] = json!(99),
            json!({"subscriptions": {"0": {"message":
                ["\"first_year.pregnancy\" has 7 messages, so there is no message 99"]}}}),
        ),
        (
            |b| b["receivers"][1]["urn"] = json!("tel:+254700000001"),
            json!({"receivers": {"1": ["this is the person whom it is about, or is named twice"]}}),
        ),
        (
            |b| b["receivers"][1]["urn"] = json!("nobody"),
            json!({"receivers": {"1": {"urn": ["Not a valid URN: nobody."]}}}),
        ),
        (|b| b["consents"] = json!(["x"]), json!({"consents": {"0": ["Expected an object."]}})),
    ];
    for (spoil, expected) in cases {
        let mut spoiled = body();
        spoil(&mut spoiled);
        let wrong = registers(&world, &spoiled, "").await.map(|done| done.value).unwrap_err();
        assert_eq!(wrong, expected);
    }
    for number in 1..=3 {
        assert!(
            world.conversation(&format!("+25470000000{number}")).await.is_none(),
            "nothing is left behind"
        );
    }
    assert!(!world.ctx.store.is_drawn(world.workspace.id, "health_id".into()).await.unwrap());
    // Two things at once.
    let mut spoiled = body();
    spoiled["name"] = json!(["x"]);
    spoiled["receivers"][0]["language"] = json!("x");
    let wrong = registers(&world, &spoiled, "").await.map(|done| done.value).unwrap_err();
    let language = json!({"0": {"language": ["Not a valid ISO 639-3 language code."]}});
    assert_eq!(wrong, json!({"name": ["Not a valid string."], "receivers": language}));
}

async fn the_same_key_registers_once(world: World) {
    let first = registers(&world, &body(), "k1").await.unwrap();
    let again = registers(&world, &body(), "k1").await.unwrap();
    assert_eq!(again.value.row, first.value.row);
    assert_eq!((again.value.numbers, again.outbox.len()), (first.value.numbers, 0));
    assert_eq!(again.value.subscriptions.len(), 1);
    let other = registers(&world, &body(), "k2").await.map(|done| done.value).unwrap_err();
    assert_eq!(
        other,
        json!({"subscriptions": {"0": {"message_set":
            ["they get the messages of \"first_year.pregnancy\" already"]}}})
    );
    // Many at once under one key: one of them does it.
    let mut body = body();
    body["urn"] = json!("tel:+254700000009");
    body["receivers"] = json!([{"urn": "tel:+254700000008", "subscriptions": []}]);
    let (one, two, three) = tokio::join!(
        registers(&world, &body, "k3"),
        registers(&world, &body, "k3"),
        registers(&world, &body, "k3")
    );
    let uuids = [one, two, three].map(|done| done.unwrap().value.row.uuid);
    assert!(uuids.iter().all(|uuid| *uuid == uuids[0]), "{uuids:?}");
}

async fn a_household_follows_its_mother(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    registers(&world, &body(), "").await.unwrap();
    let (mother, father, gran) = (
        id(&world, "+254700000001").await,
        id(&world, "+254700000002").await,
        id(&world, "+254700000003").await,
    );
    let to = Receiver {
        whom: Whom::Known(gran),
        edit: ContactEdit { name: Some("Bibi".into()), ..ContactEdit::default() },
        role: "".into(),
        subscribe: vec![SubscribeTo::placed("first_year.pregnancy", None)],
    };
    let joined = join_household(ctx, workspace, mother, to.clone()).await.unwrap().value;
    assert_eq!((joined.made, joined.subscriptions.len()), (false, 1));
    let members = household(&world, mother).await.remove(0).members;
    assert_eq!((members[1].role.as_str(), members[1].contact.2.as_str()), ("grandmother", "Bibi"));
    let own = Receiver { whom: Whom::Known(mother), ..to.clone() };
    let refused = join_household(ctx, workspace, mother, own).await.unwrap_err();
    assert!(matches!(refused, ProgrammeError::Themselves), "{refused}");
    // Birth: all three go on with the child's set, on the same day.
    world.host.forward(86_400);
    let day = ctx.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let birth = Switch::Event { event: "birth".into(), day: Some(day), reason: None, wanted: true };
    let begun = switch(ctx, workspace, mother, birth).await.unwrap().value;
    assert_eq!(begun.len(), 3);
    assert!(
        begun.iter().all(|row| row.about == mother && row.anchor == Some(day) && row.next == begun[0].next)
    );
    // One leaves, and gets nothing about her any more; what they get about themselves goes on.
    operations::subscribe(
        ctx,
        workspace,
        gran,
        SubscribeTo::placed("first_year.pregnancy", Some(day + 9.weeks())),
    )
    .await
    .unwrap();
    let ended = leave_household(ctx, workspace, mother, gran).await.unwrap().value;
    assert_eq!(ended, 1);
    let rows = ctx.store.contact_subscriptions(workspace, gran).await.unwrap();
    let active: Vec<_> = rows.iter().filter(|row| row.status == SubscriptionStatus::Active).collect();
    assert_eq!((active.len(), active[0].about), (1, gran));
    assert!(household(&world, gran).await.is_empty());
    assert_eq!(household(&world, mother).await[0].members.len(), 1);
    // Who is merged into another takes their place.
    registers(&world, json!({"urn": "tel:+254700000004"}).as_object().unwrap(), "").await.unwrap();
    let other = id(&world, "+254700000004").await;
    operations::merge_contacts(ctx, workspace, other, mother, None).await.unwrap();
    let found = household(&world, father).await;
    assert_eq!((found.len(), found[0].about.0, found[0].members.len()), (1, other, 1));
    assert!(household(&world, mother).await.is_empty());
}

async fn who_is_erased_leaves_no_trace_but_the_number(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let done = registers(&world, &body(), "").await.unwrap().value;
    let (mother, father) = (id(&world, "+254700000001").await, id(&world, "+254700000002").await);
    let erase = operations::ContactAction::Erase;
    operations::act_on_contacts(ctx, workspace, &[mother], erase).await.unwrap();
    let all = Walk { from: None, up: true, limit: 10 };
    let rows = ctx.store.list_registrations(workspace, store::RegistrationsOf::Everybody, all).await.unwrap();
    assert_eq!((rows.len(), rows[0].detail.as_deref()), (1, None));
    assert!(household(&world, father).await.is_empty());
    let taken =
        check_code(ctx, workspace, "health_id", &done.numbers["health_id"]).await.unwrap().unwrap_err();
    assert!(matches!(taken, WrongCode::Retired { .. }), "{taken}");
}
