//! Compiled flows: indices, languages, constants.

use domain::NodeUuid;
use flows::program::{ActionKind, Choice, NodeIx, Text, result_key};
use flows::{Definition, Program, vocabulary};

use crate::samples::{id, mood, uuids};

fn program() -> Program {
    let definition = Definition::read_value(&mood(), &mut uuids()).expect("a flow");
    Program::compile(&definition, vocabulary::library())
}

#[test]
fn identifiers_become_places() {
    let program = program();
    let node: NodeUuid = id(40).parse().unwrap();
    assert_eq!(program.find_node(node), Some(NodeIx(1)));
    assert_eq!(program.entry(), Some(NodeIx(0)));
    let first = program.node(NodeIx(0));
    assert_eq!(program.exit(first.first_exit()).destination, Some(NodeIx(1)));
    assert!(first.wait().is_some());
    assert_eq!(program.actions_of(NodeIx(1)).len(), 2);
}

#[test]
fn texts_are_found_in_the_languages_of_a_person() {
    let program = program();
    let ActionKind::SendMsg { message } = &program.actions_of(NodeIx(0))[0].kind else { panic!("a message") };
    let cases: [(&[&str], bool); 5] = [
        (&["xho"], true),
        (&["fra", "xho"], true),
        (&["eng", "xho"], false),
        (&["fra"], false),
        (&[], false),
    ];
    for (preferred, translated) in cases {
        let order = program.language_order(preferred.iter().copied());
        assert_eq!(message.text.pick(&order).1.is_some(), translated, "{preferred:?}");
        assert!(message.quick_replies.pick(&order).1.is_none(), "each property falls back by itself");
    }
    assert!(matches!(message.text.native, Text::Template(_)));
    assert_eq!(message.quick_replies.native[1].constant().unwrap(), "Not so good");
}

#[test]
fn routers_know_their_categories_by_place() {
    let program = program();
    let router = program.node(NodeIx(0)).router.as_ref().unwrap();
    let Choice::Switch { cases, default, .. } = &router.choice else { panic!("a switch") };
    assert_eq!(router.category(cases[0].category).name.native, "Fine");
    assert_eq!(router.category(default.unwrap()).name.native, "Other");
    assert_eq!(router.result.as_ref().unwrap().key, "how_are_you");
}

#[test]
fn names_become_keys() {
    let cases = [("Due date", "due_date"), (" A  b ", "a_b"), ("Ünï-Code 9", "ünï_code_9"), ("a_b", "a_b")];
    for (name, key) in cases {
        assert_eq!(result_key(name), key);
    }
}
