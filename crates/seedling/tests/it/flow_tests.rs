//! `flow test`: our own examples pass, and what differs is shown with its line.

use crate::{complained, said, seedling, testdata};

const DEMO: &str = "demo/safe_steps.json";

#[test]
fn the_tests_of_every_example_pass() {
    for file in [DEMO, "voice/clinic_line.json", "programme/clinic_registration.json"] {
        let output = seedling(&["flow", "test", &testdata(file)], "");
        let said = said(&output);
        assert!(
            output.status.success() && said.contains(" 0 failed"),
            "{file}: {said}{}",
            complained(&output)
        );
    }
}

/// Plays one test of the flow Questions of the demo; its report must hold each fragment.
fn check(test: &str, is_passed: bool, fragments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("try.flowtest");
    std::fs::write(&path, test).unwrap();
    let path = path.to_str().unwrap();
    let output = seedling(&["flow", "test", &testdata(DEMO), path, "--flow", "Leave"], "");
    let report = said(&output) + &complained(&output);
    assert_eq!(output.status.success(), is_passed, "{test}\n{report}");
    for fragment in fragments {
        assert!(report.contains(fragment), "{test}\n{fragment:?} is not in\n{report}");
    }
}

#[test]
fn the_first_difference_is_shown_with_its_line() {
    let begins = "<~ no more messages come\n";
    let cases: [(&str, bool, &[&str]); 12] = [
        ("> Not useful\n< Thank you for telling us. All the best to you.\n", true, &["1 passed, 0 failed"]),
        ("/timeout\n? ended\n", true, &["ok      try"]),
        ("? waits\n/after 3 weeks\n? ended\n", true, &[]),
        (
            "== A\n<~ no more\n== B\n<~ no more\n? ended\n",
            false,
            &["ok      A", "FAILED  B", "line 5", "the flow waits"],
        ),
        (
            "> Not useful\n< Thanks.\n",
            false,
            &["line 3: expected\n      < Thanks.\n", "got\n      < Thank you for"],
        ),
        ("> Not useful\n? ended\n", false, &["line 4: expected\n      nothing more to be said"]),
        ("? @results.nothing = x\n", false, &["line 2", "@results.nothing = "]),
        ("? @(1 + ) = x\n", false, &["line 2", "error evaluating @(1 + )"]),
        ("+ msg_wait {\"timeout_seconds\": 1}\n", false, &["line 2", "+ msg_wait {\"timeout_seconds\":1}"]),
        ("/dial busy\n", false, &["line 2", "it cannot be done: the session's wait does not accept this"]),
        ("/jump\n", false, &["cannot be understood", "line 2: /jump", "there is no command /jump"]),
        ("what\n", false, &["line 2: what", "begins with one of"]),
    ];
    for (test, is_passed, fragments) in cases {
        let test = if test.starts_with("==") { test.to_owned() } else { format!("{begins}{test}") };
        check(&test, is_passed, fragments);
    }
    check("( Yes )\n", false, &["line 1", "quick replies belong to the line above"]);
    check("<~ no\n? waits\n| no\n", false, &["line 3", "goes on with the text of the line above"]);
    check("shoe size: 43\n", false, &["line 1", "there is no setting \"shoe size\""]);
    check("field shoe: 43\n<~ no more\n", false, &["there is no field \"shoe\""]);
    check("flow: Nothing\n<~ no more\n", false, &["there is no flow \"Nothing\""]);
}

#[test]
fn what_was_recorded_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recorded.flowtest");
    let path = path.to_str().unwrap();
    let file = testdata(DEMO);
    let typed = "1\n//menu\n/after 1 hour\nfood\n";
    let run = ["flow", "run", &file, "--flow", "Questions", "--name", "Grace \\ Ann", "--record", path];
    let output = seedling(&run, typed);
    assert!(output.status.success(), "{}", complained(&output));
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("name: Grace \\ Ann\n") && text.contains("\n/after 3600 seconds\n"), "{text}");
    let output = seedling(&["flow", "test", &file, path, "--json"], "");
    assert!(said(&output).contains("\"passed\":true"), "{text}\n{}", said(&output));
    // A second recording must not take its place.
    let output = seedling(&run, typed);
    assert!(complained(&output).contains("is there already"), "{}", complained(&output));
}

#[test]
fn services_answer_as_the_test_says() {
    let folder = tempfile::tempdir().unwrap();
    let uuid = |last: u32| format!("5eed0000-0000-4000-8000-{last:012}");
    let flow = serde_json::json!({
        "uuid": uuid(1), "name": "Weather", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "localization": {}, "nodes": [{
            "uuid": uuid(2),
            "actions": [
                {"uuid": uuid(3), "type": "call_webhook", "method": "GET", "url": "https://example.org/@fields.place"},
                {"uuid": uuid(4), "type": "send_msg", "text": "@webhook.json.sky over @fields.place, @contact.name"},
            ],
            "exits": [{"uuid": uuid(5)}],
        }],
    });
    let (file, test) = (folder.path().join("weather.json"), folder.path().join("weather.flowtest"));
    std::fs::write(&file, flow.to_string()).unwrap();
    std::fs::write(
        &test,
        "web GET https://example.org/*: 200 {\"sky\": \"Clouds\"}\nfield place: Gulu\nname: Okello\n\n\
         < Clouds over Gulu, Okello\n+ webhook_called {\"status\": \"success\", \"status_code\": 200}\n? @webhook.status = 200\n? ended\n",
    )
    .unwrap();
    let output = seedling(&["flow", "test", file.to_str().unwrap()], "");
    assert!(output.status.success(), "{}{}", said(&output), complained(&output));
}
