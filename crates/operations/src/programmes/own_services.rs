//! What a flow can ask Seedling itself by calling a web service of the host [`OWN_HOST`]: whether a code is right, who has an
//! address, what an identity number says, and to register somebody. Nothing goes over a network; the answer comes as that of
//! any web service, so flows need nothing but `call_webhook` and every editor knows it.

use domain::{ContactId, WorkspaceId, identifier::south_african};
use flows::effect::{HttpAnswer, HttpRequest};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{ContactNamed, StoreError, SubscriptionStatus};

use super::{
    ProgrammeError, form::given_urn, read_registration, register, shown_registration, wrong_members,
};
use crate::{Committed, Context, Workspace, batch, check_code};

/// The host that is Seedling itself, in the addresses that flows call.
pub const OWN_HOST: &str = "seedling.internal";

/// Answers a request of a flow, if it is to Seedling itself. `key`: one for each time that a flow asks, by which a
/// registration that was done before a crash is not done again.
///
/// # Errors
/// Of the store: it is asked again then.
pub async fn answer_flow(
    ctx: &Context,
    (workspace, contact): (WorkspaceId, ContactId),
    key: &str,
    request: &HttpRequest,
) -> Result<Option<Committed<HttpAnswer>>, StoreError> {
    let Some(path) = own_path(&request.url) else { return Ok(None) };
    let Some(ws) = ctx.registry.workspace(ctx, workspace).await? else { return Ok(None) };
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let alone = |status, body| Committed::new(answer(request, status, &body), batch::nothing_left());
    let done = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["codes", kind, code]) => match check_code(ctx, workspace, kind, code).await? {
            Ok(row) => {
                alone(200, json!({"kind": row.kind, "code": row.code, "name": row.name, "place": row.place}))
            }
            Err(wrong) => alone(404, json!({"detail": wrong.to_string()})),
        },
        ("GET", ["identifiers", "sa_id", number]) => {
            let today = ctx.now().to_zoned(ws.zone().clone()).date();
            match south_african(number, today) {
                Ok(id) => {
                    let born = id.born.to_string();
                    alone(200, json!({"birth_date": born, "sex": id.sex.word(), "citizen": id.citizen}))
                }
                Err(error) => alone(404, json!({"detail": error.to_string()})),
            }
        }
        ("GET", ["contacts", urn]) => {
            let (status, body) = who_has(ctx, &ws, urn).await?;
            alone(status, body)
        }
        ("POST", ["registrations"]) => {
            let body = request.body.as_deref().unwrap_or_default();
            return registered(ctx, &ws, contact, key, (request, body)).await.map(Some);
        }
        _ => {
            let said = "codes/KIND/CODE, identifiers/sa_id/NUMBER and contacts/URN are read, registrations is posted to";
            alone(404, json!({"detail": format!("There is no such service; {said}.")}))
        }
    };
    Ok(Some(done))
}

/// The path of an address of ours, without the first slash and what follows a question mark.
fn own_path(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let path = rest.strip_prefix(OWN_HOST)?.strip_prefix('/')?;
    path.split(['?', '#']).next().map(|path| path.trim_end_matches('/'))
}

/// A part of a path as it was meant. What is no escape stands for itself.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answer(request: &HttpRequest, status: u16, body: &Value) -> HttpAnswer {
    let body = body.to_string().into_bytes();
    let request_trace = format!(
        "{} {} HTTP/1.1\r\n\r\n{}",
        request.method,
        request.url,
        request.body.as_deref().unwrap_or_default()
    );
    let response_trace = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n");
    let mut answer = HttpAnswer {
        status: Some(status),
        headers: [(SmolStr::new_static("Content-Type"), "application/json".to_owned())].into_iter().collect(),
        ..HttpAnswer::default()
    };
    answer.sizes.request = request_trace.len() as u64;
    answer.sizes.response = (response_trace.len() + body.len()) as u64;
    (answer.request_trace, answer.response_trace, answer.body) = (request_trace, Some(response_trace), body);
    answer
}

/// Who has an address: whether they are known, whether they may be talked with, and what they get.
async fn who_has(ctx: &Context, ws: &Workspace, text: &str) -> Result<(u16, Value), StoreError> {
    let Some(urn) = given_urn(ws, text) else {
        return Ok((400, json!({"detail": "Not a valid address; a phone number needs its country code."})));
    };
    let identity = urn.identity();
    let found = ctx.store.named_contacts(ws.row.id, vec![ContactNamed::Urn(urn)]).await?.pop().flatten();
    let Some(found) = found else {
        return Ok((200, json!({"urn": identity, "known": false, "status": "unknown", "message_sets": []})));
    };
    let keys = vec![store::ConversationKey::Contact(ws.row.id, found.id)];
    let conversation = ctx.store.load_conversations(keys).await?.conversations.pop().flatten();
    let status = conversation.as_ref().map_or("unknown", |one| one.contact.status.word());
    let language = conversation.and_then(|one| one.contact.language);
    let subscriptions = ctx.store.contact_subscriptions(ws.row.id, found.id).await?;
    let sets: Vec<&SmolStr> = subscriptions
        .iter()
        .filter(|row| row.status == SubscriptionStatus::Active)
        .filter_map(|row| ws.definitions().message_sets.iter().find(|set| set.id == row.set))
        .map(|set| &set.short_name)
        .collect();
    let body = json!({
        "urn": identity,
        "known": true,
        "uuid": found.uuid,
        "name": found.name,
        "status": status,
        "language": language,
        "message_sets": sets,
    });
    Ok((200, body))
}

/// Registers whom a flow names, the contact of the flow if it names nobody.
async fn registered(
    ctx: &Context,
    ws: &Workspace,
    contact: ContactId,
    key: &str,
    (request, body): (&HttpRequest, &str),
) -> Result<Committed<HttpAnswer>, StoreError> {
    let alone = |body: Map<String, Value>| {
        Committed::new(answer(request, 400, &Value::Object(body)), batch::nothing_left())
    };
    let whole = |said: String| Map::from_iter([("non_field_errors".to_owned(), json!([said]))]);
    let body = match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(body)) => body,
        Ok(_) => return Ok(alone(whole("Expected an object.".to_owned()))),
        Err(error) => return Ok(alone(whole(format!("JSON parse error - {error}")))),
    };
    let mut registration = match read_registration(ctx, ws, &body, Some(contact)).await? {
        Ok(registration) => registration,
        Err(wrong) => return Ok(alone(wrong)),
    };
    registration.key = Some(format!("flow-{key}").into());
    match register(ctx, ws.row.id, registration).await {
        Ok(Committed { value, outbox, tickets }) => {
            let mut shown = shown_registration(&value.row);
            shown.insert("contact".to_owned(), json!({"uuid": value.contact}));
            let value = answer(request, 201, &Value::Object(shown));
            Ok(Committed { value, outbox, tickets })
        }
        Err(ProgrammeError::Busy) => Err(StoreError::Busy),
        Err(ProgrammeError::Store(error)) => Err(error),
        Err(error) => Ok(alone(wrong_members(&error).unwrap_or_else(|| whole(error.to_string())))),
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, own_path};

    #[test]
    fn only_our_own_host_is_ours() {
        for (url, expected) in [
            ("https://seedling.internal/codes/clinic/17", Some("codes/clinic/17")),
            ("http://seedling.internal/registrations/?x=1", Some("registrations")),
            ("https://seedling.internal", None),
            ("https://seedling.internal.example.org/codes", None),
            ("https://example.org/seedling.internal/codes", None),
            ("https://user@seedling.internal/codes", None),
            ("https://seedling.internal:8080/codes", None),
        ] {
            assert_eq!(own_path(url), expected, "{url}");
        }
    }

    #[test]
    fn escapes_of_a_path_are_read_and_what_is_none_stands() {
        for (part, expected) in [
            ("tel%3A%2B27", "tel:+27"),
            ("a%2", "a%2"),
            ("%zz", "%zz"),
            ("%C3%A9", "é"),
            ("%", "%"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(part), expected, "{part}");
        }
    }
}
