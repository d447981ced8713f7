//! Carriers' requests and ours, as RapidPro's channel tests have them: `<TYPE>.incoming.json` and
//! `<TYPE>.outgoing.json`, formats as the data's own README says.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use channels::{
    HttpRequest, Inbound, InboundMessage, Line, Outgoing, Plan, QuickReply, Reading, Request, answer, wac,
};
use serde_json::Value;
use smol_str::SmolStr;

use crate::{
    discover::{entries, stem},
    report::Report,
};

/// Runs every file of the folder that the report wants, as `courier/EX.incoming` and so on.
pub fn run(dir: &Path, report: &mut Report) {
    for path in entries(dir) {
        let family = format!("courier/{}", stem(&path));
        let Some(run) = runner(&path).filter(|_| report.wants(&family)) else { continue };
        let data = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let Some(data) = data else {
            report.case(&family, "file", || Err("the file is not JSON".to_owned()));
            continue;
        };
        for case in list(&data["cases"]).iter().filter(|case| case["has_unresolved"] != true) {
            report.case(&family, text(&case["id"]), || run(case).map_err(|error| format!("{error:#}")));
        }
    }
}

/// How the cases of a file are run, by its name.
fn runner(path: &Path) -> Option<fn(&Value) -> Result<()>> {
    match path.to_string_lossy() {
        name if name.ends_with(".incoming.json") => Some(incoming_case),
        name if name.ends_with(".outgoing.json") => Some(outgoing_case),
        _ => None,
    }
}

/// Whether a folder holds such files.
pub fn is_family(dir: &Path) -> bool {
    entries(dir).iter().any(|path| runner(path).is_some())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The secret that our channels get where a case is signed: the data's own was a setting of the server.
const APP_SECRET: &str = "conformance";

fn open(channel: &Value, case: &Value) -> Result<Line> {
    let mut config = channel["config"].clone();
    if let Some(config) = config.as_object_mut() {
        if case["prep_request_hook"].is_string() {
            config.insert("app_secret".to_owned(), APP_SECRET.into());
        }
        // The data sets it for a whole table, under the name of a variable.
        for (name, value) in case["overrides"].as_object().into_iter().flatten() {
            if name.starts_with("maxMsgLength") {
                config.insert("max_length".to_owned(), value.clone());
            }
        }
    }
    let schemes: Vec<SmolStr> = list(&channel["schemes"]).iter().map(|s| text(s).into()).collect();
    let line = Line::open(
        text(&channel["uuid"]).parse()?,
        text(&channel["type"]),
        text(&channel["address"]),
        channel["country"].as_str(),
        &schemes,
        &config,
    );
    Ok(line?)
}

/// Body and content type of an incoming case.
fn body(case: &Value) -> (Vec<u8>, &'static str) {
    if let Some(form) = case["multipart_form"].as_object() {
        let parts = form.iter().map(|(key, value)| {
            format!("--cut\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{}\r\n", text(value))
        });
        let body = parts.chain(["--cut--\r\n".to_owned()]).collect::<String>();
        return (body.into_bytes(), "multipart/form-data; boundary=cut");
    }
    let data = text(&case["data"]);
    let content_type = match data {
        json if json.contains('{') && json.contains('}') => "application/json",
        xml if xml.contains('<') && xml.contains('>') => "application/xml",
        _ => "application/x-www-form-urlencoded",
    };
    (data.as_bytes().to_vec(), content_type)
}

fn incoming_case(case: &Value) -> Result<()> {
    let line = open(&case["channels"][0], case)?;
    let (path, query) = text(&case["url"]).split_once('?').unwrap_or((text(&case["url"]), ""));
    let action = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (body, content_type) = body(case);
    let signature = match text(&case["prep_request_hook"]) {
        "addValidSignature" => Some(wac::signature(APP_SECRET, &body)),
        "" => None,
        _ => Some(wac::signature("another secret", &body)),
    };
    let request = Request {
        action,
        query,
        content_type: Some(content_type),
        body: &body,
        signature: signature.as_deref(),
    };
    let (answer, reading) = match line.receive(&request) {
        Ok(reading) => (answer::accepted(&line, &reading, &[]), reading),
        Err(refusal) => (answer::refused(&refusal), Reading::default()),
    };
    let items = reading.items;
    ensure!(case["expected_resp_status"] == answer.status, "status {}: {}", answer.status, answer.body);
    let expected = text(&case["expected_body_contains"]);
    ensure!(answer.body.contains(expected), "answer lacks {expected:?}: {}", answer.body);
    compare_message(case, items.first())?;
    compare_rest(case, &items)
}

fn compare_message(case: &Value, item: Option<&Inbound>) -> Result<()> {
    let expects = ["expected_msg_text", "expected_urn"].iter().any(|key| case[*key].is_string());
    if !expects {
        return Ok(());
    }
    let Some(Inbound::Message(message)) = item else { bail!("no message but {item:?}") };
    let expected = text(&case["expected_msg_text"]);
    ensure!(message.text == expected, "text {:?}, expected {expected:?}", message.text);
    let urn = message.urn.to_string();
    ensure!(urn == text(&case["expected_urn"]), "urn {urn}, expected {}", case["expected_urn"]);
    if let Some(date) = case["expected_date"].as_str() {
        ensure!(message.sent_on == date.parse().ok(), "date {:?}, expected {date}", message.sent_on);
    }
    if let Some(id) = case["expected_external_id"].as_str() {
        ensure!(message.external_id.as_deref() == Some(id), "id {:?}, expected {id}", message.external_id);
    }
    compare_beside_text(case, message)
}

/// Name, places, payload and further addresses. Addresses of files are not compared: in the data they come out of
/// requests that the cases do not hold.
fn compare_beside_text(case: &Value, message: &InboundMessage) -> Result<()> {
    if let Some(name) = case["expected_contact_name"].as_str() {
        ensure!(message.name.as_deref() == Some(name), "name {:?}, expected {name}", message.name);
    }
    let expected = list(&case["expected_attachments"]);
    ensure!(message.attachments.len() == expected.len(), "attachments {:?}", message.attachments);
    for place in expected.iter().map(text).filter(|attachment| attachment.starts_with("geo:")) {
        ensure!(message.attachments.iter().any(|a| a == place), "{:?} lacks {place}", message.attachments);
    }
    if let Some(payload) = case["expected_payload"].as_str() {
        let expected: Value = serde_json::from_str(payload)?;
        ensure!(
            message.payload.as_ref() == Some(&expected),
            "payload {:?}, expected {payload}",
            message.payload
        );
    }
    let Some(expected) = case.get("expected_new_urn") else { return Ok(()) };
    let others: Vec<String> = message.other_urns.iter().map(ToString::to_string).collect();
    let expected: Vec<&str> = expected["value"].as_str().or(expected.as_str()).into_iter().collect();
    ensure!(others == expected, "further addresses {others:?}, expected {expected:?}");
    Ok(())
}

fn compare_rest(case: &Value, items: &[Inbound]) -> Result<()> {
    let mut statuses = list(&case["expected_statuses"]).iter();
    let mut events = list(&case["expected_events"]).iter();
    for item in items {
        match item {
            Inbound::Message(_) => {}
            Inbound::Status(status) => {
                let Some(expected) = statuses.next() else { bail!("unexpected {status:?}") };
                let uuid = status.message.map(|uuid| uuid.to_string()).unwrap_or_default();
                ensure!(text(&expected["msg_uuid"]) == uuid, "report about {uuid}, expected {expected}");
                let id = status.external_id.as_deref().unwrap_or_default();
                ensure!(text(&expected["external_id"]) == id, "report about {id}, expected {expected}");
                ensure!(
                    text(&expected["status"]) == status.status.letter(),
                    "{status:?}, expected {expected}"
                );
            }
            Inbound::Event(event) => {
                let Some(expected) = events.next() else { bail!("unexpected {event:?}") };
                ensure!(text(&expected["type"]) == event.name(), "{event:?}, expected {expected}");
                ensure!(text(&expected["urn"]) == event.urn().to_string(), "{event:?}, expected {expected}");
            }
        }
    }
    ensure!(statuses.next().is_none() && events.next().is_none(), "reports or events are missing");
    Ok(())
}

fn outgoing_case(case: &Value) -> Result<()> {
    let line = open(&case["channel"], case)?;
    let replies = list(&case["msg_quick_replies"]).iter().map(|reply| match reply {
        Value::String(text) => Ok(QuickReply::text(text.as_str())),
        other => serde_json::from_value(other.clone()),
    });
    let message = Outgoing {
        uuid: case["msg_uuid"].as_str().unwrap_or("0191e180-7d60-7000-aded-7d8b151cbd5b").parse()?,
        urn: text(&case["msg_urn"]).parse()?,
        text: text(&case["msg_text"]).to_owned(),
        attachments: list(&case["msg_attachments"]).iter().map(|a| text(a).to_owned()).collect(),
        quick_replies: replies.collect::<Result<_, _>>()?,
        interactive: None,
        session_status: case["msg_session_status"].as_str().map(SmolStr::from),
        locale: case["msg_locale"].as_str().map(SmolStr::from),
        templating: case["msg_templating"].as_str().map(serde_json::from_str).transpose()?,
    };
    let Sent { made, ids, failure } = send(&line, &message, &case["mock_responses"])?;
    // Without a list of requests the case is about the answers alone.
    if let Some(expected) = case["expected_requests"].as_array() {
        ensure!(made.len() == expected.len(), "{} requests, expected {}", made.len(), expected.len());
        for (request, expected) in made.iter().zip(expected) {
            compare_request(request, expected)?;
        }
    }
    // Where an answer has no identifier, ours is none.
    if !ids.is_empty() {
        let expected: Vec<&str> = list(&case["expected_ext_ids"]).iter().map(text).collect();
        ensure!(ids == expected, "ids {ids:?}, expected {expected:?}");
    }
    let code = case["expected_error"]["error"].as_str();
    ensure!(failure == code, "error {failure:?}, expected {code:?}");
    Ok(())
}

/// What came of sending a message.
#[derive(Default)]
struct Sent {
    made: Vec<HttpRequest>,
    ids: Vec<SmolStr>,
    failure: Option<&'static str>,
}

/// Sends to the case's own answers.
fn send(line: &Line, message: &Outgoing, answers: &Value) -> Result<Sent> {
    let mut sent = Sent::default();
    let planned = match line.plan(message) {
        Ok(Plan::Requests(requests)) => requests,
        Ok(Plan::Local) => Vec::new(),
        Err(error) => return Ok(Sent { failure: Some(error.kind.code()), ..sent }),
    };
    for request in planned {
        let fits = |pattern: &str| match pattern.split_once('*') {
            Some((start, end)) => request.url.starts_with(start) && request.url.ends_with(end),
            None => request.url == pattern,
        };
        let mocks = answers.as_object().context("no mock_responses")?;
        let (_, mocked) =
            mocks.iter().find(|(pattern, _)| fits(pattern)).context("no answer for the address")?;
        let answer = list(mocked).get(sent.made.len()).context("no answer left")?;
        sent.made.push(request);
        let status = answer["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or_default();
        match line.judge(status, text(&answer["body"])) {
            Ok(id) => sent.ids.extend(id),
            Err(error) => return Ok(Sent { failure: Some(error.kind.code()), ..sent }),
        }
    }
    Ok(sent)
}

fn compare_request(request: &HttpRequest, expected: &Value) -> Result<()> {
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        let found = request.headers.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name));
        ensure!(
            found.map(|(_, v)| v.as_str()) == value.as_str(),
            "header {name}: {found:?}, expected {value}"
        );
    }
    let query = request.url.split_once('?').map_or("", |(_, query)| query);
    compare_fields("params", query, &expected["params"])?;
    compare_fields("form", &request.body, &expected["form"])?;
    if let Some(path) = expected["path"].as_str() {
        let address = request.url.split('?').next().unwrap_or_default();
        ensure!(address.ends_with(path), "address {address}, expected {path}");
    }
    if let Some(body) = expected["body"].as_str() {
        let same = request.body == body
            || without_callback(&request.body).is_some_and(|ours| {
                serde_json::from_str::<Value>(body).is_ok_and(|expected| ours == expected)
            });
        ensure!(same, "body {:?}, expected {body:?}", request.body);
    }
    Ok(())
}

/// A JSON body without the identifier that we give with a message of WhatsApp and RapidPro does not: it comes back in
/// reports, which may overtake the answer to the request.
fn without_callback(body: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    body.as_object_mut()?.remove("biz_opaque_callback_data")?;
    Some(body)
}

fn compare_fields(what: &str, encoded: &str, expected: &Value) -> Result<()> {
    let Some(expected) = expected.as_object() else { return Ok(()) };
    let mut found = serde_json::Map::new();
    for (key, value) in form_urlencoded::parse(encoded.as_bytes()) {
        let values = found.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into_owned().into());
        }
    }
    ensure!(&found == expected, "{what} {found:?}, expected {expected:?}");
    Ok(())
}
