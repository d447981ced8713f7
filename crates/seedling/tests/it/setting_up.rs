//! From an empty folder to a workspace with channels.

use crate::{
    place::{Place, on_both},
    testdata,
};

const INIT: &[&str] =
    &["init", "--workspace", "Clinic", "--admin", "ada@example.org", "--password-file", "-"];

on_both! {
    a_workspace_a_user_and_channels
    the_demo_is_imported_once_and_whole
    files_are_read_from_standard_input_too
}

fn a_workspace_a_user_and_channels(place: &Place) {
    place.refused(&["channel", "add", "WCH", "--name", "Chat"], "", "run `seedling init");
    place.refused(INIT, "short\n", "a password needs 8 characters");
    place.on(INIT, "long enough\n");
    place.refused(INIT, "long enough\n", "there is a workspace \"Clinic\"");
    place.on(&["user", "add", "nurse@example.org", "--password-file", "-"], "quite long\n");
    place.refused(&["user", "add", "nurse@example.org", "--password-file", "-"], "quite long\n", "already");
    place.refused(
        &["user", "add", "nobody", "--password-file", "-"],
        "quite long\n",
        "not an e-mail address",
    );

    let chat = place.on(&["channel", "add", "wch", "--name", "Chat"], "");
    assert!(uuid::Uuid::parse_str(&chat).is_ok(), "{chat}");
    let kept = "0a4dd1a7-ee2c-4d1c-9dd4-fb2b3c8ba2a1";
    assert_eq!(place.on(&["channel", "add", "EX", "--name", "Line", "--uuid", kept], ""), kept);
    place.refused(&["channel", "add", "EX", "--name", "Line", "--uuid", kept], "", "already");
    place.refused(&["channel", "add", "EX", "--name", "x", "--config", "{"], "", "--config is not JSON");
    place.refused(&["channel", "add", "FAX", "--name", "x"], "", "not a type of channel");
    let misspelt =
        ["channel", "add", "EX", "--name", "x", "--config", "{\"sendurl\": \"http://sms.example/\"}"];
    place.refused(&misspelt, "", "there is no setting 'sendurl'; EX has ");
}

fn files_are_read_from_standard_input_too(place: &Place) {
    place.on(INIT, "long enough\n");
    let places = "country,state,district\nKenya,Nairobi,Westlands\nKenya,Nairobi,Kibra\n";
    let report = place.on(&["location", "import", "-", "--json"], places);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["states"], &report["districts"]), (&1.into(), &2.into()), "{report}");
    place.refused(&["location", "import", "-"], "no places", "cannot take -; nothing was changed");
    let drill = std::fs::read_to_string(testdata("drill/silence.json")).unwrap();
    let checked = crate::seedling(&["flow", "check", "-"], &drill);
    assert!(checked.status.success(), "{}", crate::complained(&checked));
    let broken = crate::seedling(&["flow", "check", "-"], "{");
    assert!(!broken.status.success() && crate::complained(&broken).contains("- is not JSON"));
}

fn the_demo_is_imported_once_and_whole(place: &Place) {
    place.on(INIT, "long enough\n");
    let demo = testdata("demo/safe_steps.json");
    let report = |line: String| serde_json::from_str::<serde_json::Value>(&line).unwrap();
    let first = report(place.on(&["import", &demo, "--json"], ""));
    let made = ["flows", "fields", "groups", "triggers"].map(|kind| first[kind]["created"].as_u64().unwrap());
    assert_eq!(made, [8, 8, 3, 7], "{first}");
    assert_eq!(first["unresolved"], serde_json::json!([]));
    let again = report(place.on(&["import", &demo, "--json"], ""));
    assert_eq!(again["flows"]["created"], 0, "{again}");
    assert_eq!(again["triggers"]["created"], 0, "{again}");

    place.refused(&["import", "no-such-file.json"], "", "cannot read no-such-file.json");
    place.refused(&["import", "Cargo.toml"], "", "nothing was changed: line 1, column");
}
