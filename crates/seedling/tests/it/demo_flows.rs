//! The demonstration programme, talked to through `flow run`.

use crate::{complained, said, seedling, testdata};

const DEMO: &str = "demo/safe_steps.json";

/// Talks to a flow of the demo; each fragment must be said, in this order.
fn talk(flow: &str, typed: &[&str], expected: &[&str]) {
    let output = seedling(&["flow", "run", &testdata(DEMO), "--flow", flow], &(typed.join("\n") + "\n"));
    let said = said(&output);
    assert!(output.status.success(), "{said}{}", complained(&output));
    assert!(!said.contains("(error"), "{said}");
    let mut rest = said.as_str();
    for fragment in expected {
        let at =
            rest.find(fragment).unwrap_or_else(|| panic!("{fragment:?} is not said in its place:\n{said}"));
        rest = &rest[at + fragment.len()..];
    }
}

#[test]
fn every_example_is_free_of_mistakes() {
    for file in [DEMO, "drill/two_questions.json", "drill/silence.json", "demo/clinic_visit.json"] {
        let output = seedling(&["flow", "check", &testdata(file)], "");
        let said = said(&output);
        assert!(output.status.success() && said.contains(" 0 errors, 0 warnings"), "{file}: {said}");
    }
}

#[test]
fn registration_in_english() {
    talk(
        "Registration",
        &[
            "?",
            "english",
            "12",
            "grace",
            "soon",
            "01-01-2020",
            "01-01-2099",
            "i don't know",
            "Kisenyi",
            "hm",
            "yes",
        ],
        &[
            "Which language",
            "Please answer English or Kiswahili",
            "What is your first name?",
            "only your first name, in letters",
            "Thank you, Grace. When is your baby due?",
            "could not read a date",
            "has gone by",
            "more than 42 weeks",
            "Ask the nurse at your next visit",
            "Which clinic",
            "Do you agree?",
            "Please answer Yes or No",
            "You are registered, Grace",
            "When you know your due date",
            "Write MENU",
            "ended",
        ],
    );
}

#[test]
fn registration_in_kiswahili() {
    talk(
        "Registration",
        &["Kiswahili", "neema", "sijui", "Mwananyamala", "ndiyo"],
        &[
            "Jina lako",
            "Asante, Neema",
            "Sijui",
            "Unaenda kliniki gani?",
            "Ndiyo | Hapana",
            "Umesajiliwa, Neema",
        ],
    );
}

#[test]
fn without_consent_nothing_is_kept() {
    talk(
        "Registration",
        &["English", "grace", "i don't know", "Kisenyi", "no"],
        &["Do you agree?", "we have kept nothing"],
    );
}

#[test]
fn questions_changes_and_leaving() {
    talk(
        "Questions",
        &["9", "1", "menu", "4", "My head hurts", "food", "no"],
        &[
            "choose a number",
            "Go to the clinic the same day",
            "Write your question",
            "My head hurts",
            "one more meal",
            "Take good care",
        ],
    );
    talk(
        "Questions",
        &["6", "born", "tomorrow", "today"],
        &["What has changed?", "When was your baby born?", "Welcome to your baby!"],
    );
    talk("Questions", &["6", "I lost the baby", "yes"], &["We are so sorry", "It is not your fault"]);
    talk("Questions", &["/timeout"], &["What would you like to know?", "ended"]);
    talk("Leave", &["Not useful"], &["no more messages come", "Thank you for telling us"]);
    talk("Leave", &["/timeout"], &["no more messages come", "ended"]);
    talk("Come back", &["English"], &["Which language", "first name"]);
}

#[test]
fn a_wrong_file_or_name_says_what_to_do() {
    let cases: [(&[&str], &str); 4] = [
        (&["flow", "run", &testdata(DEMO)], "choose one with --flow: \"Welcome\", \"Registration\""),
        (&["flow", "run", &testdata(DEMO), "--flow", "Nothing"], "there is no flow \"Nothing\""),
        (&["flow", "check", "no-such-file.json"], "cannot read no-such-file.json"),
        (&["flow", "check", "Cargo.toml"], "is not JSON"),
    ];
    for (arguments, expected) in cases {
        let output = seedling(arguments, "");
        let complained = complained(&output);
        assert!(!output.status.success() && complained.contains(expected), "{arguments:?}: {complained}");
    }
}

#[test]
fn a_visit_with_all_that_goes_beyond_the_specification() {
    let (file, table) = (testdata("demo/clinic_visit.json"), testdata("demo/clinics.csv"));
    let typed = "Kampala\n2\nMy head hurts\nsince Monday\nDone\n1\n";
    let run = ["flow", "run", &file, "--flow", "Clinic visit", "--table", &table];
    let output = seedling(&run, typed);
    let said = said(&output);
    assert!(output.status.success(), "{said}{}", complained(&output));
    let expected = [
        "Welcome to Safe Steps.\n  (2 seconds later)\nWhich clinic do you visit?\n  Clinics\n  [Choose]\n  North",
        "  1. Gulu: Near the market\n  2. Lira\n  East\n  3. Mbale\n",
        "Please choose a clinic of the list.",
        "Lira clinic is open 7 to 3.\n  (3 seconds later)\n",
        "We keep your 2 messages for the nurse:\nMy head hurts\nsince Monday\n",
        "  1. Yes\n  2. No\n  You can stop any time\n",
        "See you at Lira clinic!",
        "(reminder \"visit\" starts \"Visit reminder\" on ",
        "(outcome \"Visit planned\": \"LIR\")",
    ];
    let mut rest = said.as_str();
    for fragment in expected {
        let at =
            rest.find(fragment).unwrap_or_else(|| panic!("{fragment:?} is not said in its place:\n{said}"));
        rest = &rest[at + fragment.len()..];
    }
}
