//! Texts for translators, and the language that a flow is written in.

use flows::translation::{Applied, Options, Po, apply, catalogue, change_language};
use serde_json::{Value, json};

use crate::samples::{id, mood, with};

const CREATED: &str = "2026-11-21 14:30+0000";

fn gathered(flows: &[&Value], language: Option<&str>) -> Po {
    catalogue(flows, language, CREATED, Options::default())
}

fn texts(po: &Po) -> Vec<(&str, &str)> {
    po.entries.iter().map(|entry| (entry.text.as_str(), entry.translation.as_str())).collect()
}

/// Takes a PO file over into a flow.
fn taken(flow: &Value, text: &str) -> (Value, Applied) {
    let mut flow = flow.clone();
    let applied = apply(&mut [&mut flow], "xho", &Po::read(text).expect("a PO file"));
    (flow, applied)
}

#[test]
fn each_text_is_given_once_in_the_order_of_the_flow() {
    let po = gathered(&[&mood()], Some("xho"));
    assert_eq!(
        texts(&po),
        [
            ("How are you, @contact.first_name?", "Unjani, @contact.first_name?"),
            ("Fine", "Kakuhle"),
            ("Not so good", ""),
            ("fine", "kakuhle"),
            ("Other", ""),
            ("No Response", ""),
        ]
    );
    assert_eq!(po.entries[1].references.len(), 2, "a quick reply and the name of an outcome");
    assert!(po.entries.iter().all(|entry| entry.context.is_none()));
    let template = gathered(&[&mood()], None).write();
    assert!(template.contains("\"Language: \\n\"") && template.contains(CREATED), "{template}");
    let without = catalogue(&[&mood()], None, CREATED, Options { without_arguments: true });
    assert!(without.entries.iter().all(|entry| entry.text != "fine"));
}

#[test]
fn a_list_that_is_meant_to_stay_as_it_is_stays() {
    let kept = json!(["Fine", "Not so good"]);
    let flow = with(
        mood(),
        "/localization/xho",
        json!({id(12): {"text": ["Unjani?"], "quick_replies": kept}, id(21): {"name": ["Kakuhle"]}}),
    );
    let (again, _) = taken(&flow, &gathered(&[&flow], Some("xho")).write());
    assert_eq!(again["localization"]["xho"][id(12)]["quick_replies"], kept);
    assert_eq!(again["localization"]["xho"][id(21)]["name"], json!(["Kakuhle"]));
}

#[test]
fn a_place_is_named_only_where_its_translation_differs() {
    let quick = with(
        mood(),
        "/localization/xho",
        json!({
        id(12): {"text": ["Unjani?"], "quick_replies": ["Ndiphilile", "Hayi"]}, id(21): {"name": ["Kakuhle"]}}),
    );
    let po = gathered(&[&quick], Some("xho"));
    let fine: Vec<_> = po.entries.iter().filter(|entry| entry.text == "Fine").collect();
    assert_eq!(fine.len(), 2);
    assert_eq!((fine[0].context.as_deref(), fine[0].translation.as_str()), (None, "Ndiphilile"));
    assert_eq!(fine[1].context, Some(format!("{}/{}/name:0", id(1), id(21))));
    assert_eq!(fine[1].translation, "Kakuhle");
    let (after, applied) = taken(&with(quick.clone(), "/localization", json!({})), &po.write());
    assert_eq!(
        after["localization"]["xho"], quick["localization"]["xho"],
        "the file holds all that there was"
    );
    assert_eq!(applied.unused, []);
}

#[test]
fn what_is_written_is_read_again() {
    let hard = with(mood(), "/nodes/0/actions/0/text", json!("Two\nlines, a \"quote\", a \\ and a\ttab\n"));
    let po = gathered(&[&hard], Some("xho"));
    let again = Po::read(&po.write()).expect("a PO file");
    assert_eq!(again.write(), po.write());
    assert_eq!(texts(&again), texts(&po));
    assert_eq!((again.language.as_deref(), again.created.as_str()), (Some("xho"), CREATED));
}

#[test]
fn translations_are_taken_over_and_counted() {
    let (after, applied) = taken(
        &mood(),
        "\
# A translator wrote this\n\
msgid \"\"\nmsgstr \"Language: xho\\n\"\n\n\
msgid \"Not so good\"\nmsgstr \"Hayi\"\n\n\
#, fuzzy\nmsgid \"Other\"\nmsgstr \"Enye\"\n\n\
msgid \"No Response\"\nmsgstr \"\"\n\n\
msgid \"Gone\"\nmsgstr \"Ayikho\"\n\
#~ msgid \"Obsolete\"\n#~ msgstr \"x\"\n",
    );
    let words = &after["localization"]["xho"][id(12)];
    assert_eq!(words["quick_replies"], json!(["Fine", "Hayi"]), "a list is translated as a whole");
    assert_eq!(words["text"], mood()["localization"]["xho"][id(12)]["text"]);
    assert_eq!((applied.translated, applied.changed, applied.fuzzy), (1, 1, 1));
    assert_eq!(applied.missing, 3, "the first quick reply, Other, No Response");
    assert_eq!(
        applied.unused.iter().map(|unused| (unused.line, &*unused.text)).collect::<Vec<_>>(),
        [(15, "Gone")]
    );
    let mut untouched = after.clone();
    untouched["localization"] = mood()["localization"].clone();
    assert_eq!(untouched, mood(), "nothing else changed");
}

#[test]
fn mistakes_are_named_by_line() {
    let samples = [
        ("msgid \"a\"\n\nmsgstr \"b\"\n", "line 2: msgid without a msgstr"),
        ("msgid \"a\nmsgstr \"b\"\n", "line 1: a text must stand"),
        ("msgid \"a\"\nmsgstr \"b\\x\"\n", "line 2: unknown escape"),
        ("msgid \"a\"\nmsgid_plural \"as\"\nmsgstr[0] \"b\"\n", "line 2: plural forms"),
        ("hello\n", "line 1: expected msgctxt"),
        ("msgstr \"b\"\n", "line 1: msgstr without"),
        ("\"b\"\n", "line 1: a text in quotes"),
        (
            "msgid \"a\"\nmsgstr \"b\"\n\nmsgid \"a\"\nmsgstr \"c\"\n",
            "line 4: this text is in the file before",
        ),
        ("msgid \"a\" \"\nmsgstr \"c\"\n", "line 1: a quote within"),
        ("msgid \"\nmsgstr \"c\"\n", "line 1: a text must stand"),
    ];
    for (text, expected) in samples {
        let error = Po::read(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn the_language_of_a_flow_changes_and_changes_back() {
    let before = mood();
    let mut flow = before.clone();
    let change = change_language(&mut flow, "xho").expect("a language");
    assert_eq!((change.translated, change.untranslated, change.added), (3, 3, 0));
    assert_eq!(flow["language"], "xho");
    assert_eq!(flow["nodes"][0]["actions"][0]["text"], "Unjani, @contact.first_name?");
    assert_eq!(flow["nodes"][0]["router"]["cases"][0]["arguments"], json!(["kakuhle"]));
    assert_eq!(flow["nodes"][0]["router"]["categories"][1]["name"], "Other", "it has no translation");
    assert_eq!(flow["localization"]["eng"][id(12)]["quick_replies"], json!(["Fine", "Not so good"]));
    assert!(flow["localization"].get("xho").is_none());
    change_language(&mut flow, "eng").expect("a language");
    assert_eq!(flow["nodes"], before["nodes"]);
    assert_eq!(change_language(&mut flow, "eng").expect("the same language").translated, 0);
    assert!(change_language(&mut flow, "English").is_err());
}

#[test]
fn a_translation_of_arguments_that_does_not_fit_is_not_used() {
    let mut flow = with(
        mood(),
        "/localization/xho",
        json!({id(23): {"arguments": ["a", "b"]}, id(99): {"text": ["x"]}}),
    );
    let change = change_language(&mut flow, "xho").expect("a language");
    assert_eq!(flow["nodes"][0]["router"]["cases"][0]["arguments"], json!(["fine"]));
    assert_eq!((change.translated, change.dropped), (0, 1));
}

#[test]
fn files_are_as_the_tools_of_translators_want_them() {
    let ending = with(mood(), "/nodes/0/actions/0/text", json!("Well?\n"));
    let lists = with(
        ending,
        "/localization/xho",
        json!({id(12): {"text": ["Unjani?"], "quick_replies": ["Fine", "Hayi"]}}),
    );
    let po = gathered(&[&lists], Some("xho"));
    assert_eq!(texts(&po)[..3], [("Well?\n", "Unjani?\n"), ("Fine", ""), ("Not so good", "Hayi")]);
    let (after, applied) = taken(&lists, &po.write());
    assert_eq!((after, applied.changed), (lists, 0), "nothing is changed by taking over what was given");
}
