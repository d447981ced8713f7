//! A registration as programs and flows give it: JSON, read member by member, with everything that is wrong gathered by
//! member. Codes and identifiers are checked here; what only the registration itself can tell comes as [`ProgrammeError`].

use std::collections::BTreeMap;

use domain::{
    ContactId, ContactUuid, Urn,
    identifier::{plain, south_african},
    language,
};
use jiff::civil::Date;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{ConsentSource, ContactNamed, NamedContact, RegistrationRow, StoreError};

use super::{MAX_MEMBERS, ProgrammeError, Receiver, Registration, StartAt, SubscribeTo, rules::set_named};
use crate::{
    ContactEdit, Context, MAX_CONSENT_REASON, MAX_CONTACT_NAME, MAX_PURPOSE, MAX_SHOWN, NewConsent, Whom,
    Workspace, check_code, code_kind,
};

/// People who can be registered as receivers with one call.
pub const MAX_RECEIVERS: usize = MAX_MEMBERS;
/// Items of every other list of a registration.
const MAX_LIST: usize = 20;
/// Characters of a word, such as a role.
const MAX_WORD: usize = 64;
/// Characters of a welcome.
const MAX_WELCOME: usize = 4_096;
/// Characters of a passport's number.
const MAX_PASSPORT: usize = 20;
/// Fields of a contact that one call may set.
const MAX_FIELDS: usize = 100;

/// What is wrong, by member: a list of texts, or an object of such by place or member.
#[derive(Default)]
struct Wrong(Map<String, Value>);

impl Wrong {
    fn say(&mut self, place: &[&str], said: impl Into<String>) {
        put(&mut self.0, place, said.into());
    }
}

fn put(into: &mut Map<String, Value>, place: &[&str], said: String) {
    match place {
        [] => {}
        [member] => match into.get_mut(*member) {
            Some(Value::Array(list)) => list.push(json!(said)),
            _ => drop(into.insert((*member).to_owned(), json!([said]))),
        },
        [member, rest @ ..] => {
            let deeper = into.entry((*member).to_owned()).or_insert_with(|| json!({}));
            if !deeper.is_object() {
                *deeper = json!({});
            }
            if let Value::Object(deeper) = deeper {
                put(deeper, rest, said);
            }
        }
    }
}

/// What a registration that was not done says of the members that are at fault; `None` if it is nobody's fault.
pub fn wrong_members(error: &ProgrammeError) -> Option<Map<String, Value>> {
    let mut wrong = Wrong::default();
    match error {
        ProgrammeError::Busy | ProgrammeError::Store(_) => return None,
        ProgrammeError::At { place, error } => {
            let mut place: Vec<&str> = place.iter().map(SmolStr::as_str).collect();
            if place.first() == Some(&"subscriptions") {
                place.push(member(error));
            }
            wrong.say(&place, error.to_string());
        }
        other => wrong.say(&[member(other)], other.to_string()),
    }
    Some(wrong.0)
}

fn member(error: &ProgrammeError) -> &'static str {
    match error {
        ProgrammeError::NoContact | ProgrammeError::Themselves | ProgrammeError::NothingSent => "contact",
        ProgrammeError::NoSet(_) | ProgrammeError::Unusable(..) | ProgrammeError::Already(_) => "message_set",
        ProgrammeError::NeedsDay { .. } | ProgrammeError::Over(_) => "day",
        ProgrammeError::NoMessage { .. } => "message",
        ProgrammeError::NothingToSwitch(_) => "event",
        ProgrammeError::TooManyMembers => "receivers",
        ProgrammeError::Person(_)
        | ProgrammeError::At { .. }
        | ProgrammeError::Busy
        | ProgrammeError::Store(_) => "non_field_errors",
    }
}

/// Reads a registration. `themselves`: who is registered if the body names nobody.
///
/// # Errors
/// Of the store. What is wrong with the body is in the answer, by member.
pub async fn read_registration(
    ctx: &Context,
    ws: &Workspace,
    body: &Map<String, Value>,
    themselves: Option<ContactId>,
) -> Result<Result<Registration, Map<String, Value>>, StoreError> {
    let mut reader = Reader { ctx, ws, wrong: Wrong::default() };
    let whom = reader.whom(body, &[]).await?;
    let whom = whom.or_else(|| themselves.map(Whom::Known));
    if whom.is_none() && !reader.wrong.0.contains_key("urn") && !reader.wrong.0.contains_key("contact") {
        reader.wrong.say(&["urn"], "This field is required.");
    }
    let mut registration = Registration::of(whom.unwrap_or(Whom::New));
    registration.edit = reader.edit(body, &[]);
    if let Some(word) = reader.text(body, &[], "opt_in", MAX_WORD) {
        registration.opt_in = word;
    }
    registration.consents = reader.consents(body);
    registration.subscribe = reader.subscriptions(body, &[]);
    registration.receivers = reader.receivers(body).await?;
    registration.draw = reader.draw(body);
    registration.welcome = reader.welcome(body);
    reader.codes(body, &mut registration).await?;
    reader.identifier(body, &mut registration);
    Ok(if reader.wrong.0.is_empty() { Ok(registration) } else { Err(reader.wrong.0) })
}

struct Reader<'r> {
    ctx: &'r Context,
    ws: &'r Workspace,
    wrong: Wrong,
}

/// A member that is neither missing nor null.
fn value<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.get(name).filter(|value| !value.is_null())
}

impl Reader<'_> {
    fn say(&mut self, at: &[&str], name: &str, said: impl Into<String>) {
        let place: Vec<&str> = at.iter().copied().chain([name]).collect();
        self.wrong.say(&place, said);
    }

    fn text(&mut self, body: &Map<String, Value>, at: &[&str], name: &str, most: usize) -> Option<SmolStr> {
        let text = match value(body, name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.say(at, name, "Not a valid string.");
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > most || text.contains('\0') {
            self.say(at, name, format!("Ensure this field has no more than {most} characters."));
            return None;
        }
        Some(text.into())
    }

    fn list<'b>(&mut self, body: &'b Map<String, Value>, name: &str, most: usize) -> &'b [Value] {
        match value(body, name) {
            None => &[],
            Some(Value::Array(items)) if items.len() <= most => items,
            Some(Value::Array(_)) => {
                self.say(&[], name, format!("Ensure this field has no more than {most} elements."));
                &[]
            }
            Some(_) => {
                self.say(&[], name, "Expected a list of items.");
                &[]
            }
        }
    }

    /// Who is meant by `contact` or `urn`.
    async fn whom(&mut self, body: &Map<String, Value>, at: &[&str]) -> Result<Option<Whom>, StoreError> {
        if let Some(text) = self.text(body, at, "contact", MAX_CONTACT_NAME) {
            let named = match text.parse() {
                Ok(uuid) => self.named(ContactNamed::Uuid(ContactUuid(uuid))).await?,
                Err(_) => None,
            };
            if named.is_none() {
                self.say(at, "contact", format!("Not found: {text}"));
            }
            return Ok(named.map(|contact| Whom::Known(contact.id)));
        }
        let Some(text) = self.text(body, at, "urn", 2 * MAX_CONTACT_NAME) else { return Ok(None) };
        match given_urn(self.ws, &text) {
            Some(urn) => Ok(Some(Whom::Urn(urn))),
            None => {
                self.say(at, "urn", format!("Not a valid URN: {text}."));
                Ok(None)
            }
        }
    }

    async fn named(&self, named: ContactNamed) -> Result<Option<NamedContact>, StoreError> {
        Ok(self.ctx.store.named_contacts(self.ws.row.id, vec![named]).await?.pop().flatten())
    }

    fn edit(&mut self, body: &Map<String, Value>, at: &[&str]) -> ContactEdit {
        let name = self.text(body, at, "name", MAX_CONTACT_NAME);
        let language = self.language(body, at);
        ContactEdit {
            name,
            language: language.map(Some),
            fields: self.fields(body, at),
            ..ContactEdit::default()
        }
    }

    fn language(&mut self, body: &Map<String, Value>, at: &[&str]) -> Option<SmolStr> {
        let code = self.text(body, at, "language", MAX_WORD)?;
        if !language::is_code(&code) {
            self.say(at, "language", "Not a valid ISO 639-3 language code.");
            return None;
        }
        Some(code)
    }

    fn fields(&mut self, body: &Map<String, Value>, at: &[&str]) -> Vec<(SmolStr, Option<SmolStr>)> {
        let mut found = Vec::new();
        let members = match value(body, "fields") {
            None => return found,
            Some(Value::Object(members)) if members.len() <= MAX_FIELDS => members,
            Some(_) => {
                self.say(at, "fields", "Expected a dictionary of items.");
                return found;
            }
        };
        for (key, value) in members {
            let place: Vec<&str> = at.iter().copied().chain(["fields"]).collect();
            if self.ws.assets.field(key).is_none() {
                self.say(&place, key, "There is no field with this key.");
                continue;
            }
            let text = match value {
                Value::Null => None,
                Value::String(text) if text.trim().is_empty() => None,
                Value::String(text) => Some(text.into()),
                Value::Number(number) => Some(number.to_string().into()),
                Value::Bool(flag) => Some(flag.to_string().into()),
                Value::Array(_) | Value::Object(_) => {
                    self.say(&place, key, "Not a valid string.");
                    continue;
                }
            };
            found.push((key.into(), text));
        }
        found
    }

    fn consents(&mut self, body: &Map<String, Value>) -> Vec<NewConsent> {
        let mut found = Vec::new();
        for (place, item) in self.list(body, "consents", MAX_LIST).iter().enumerate() {
            let at = place.to_string();
            let at = ["consents", at.as_str()];
            let Value::Object(item) = item else {
                self.wrong.say(&at, "Expected an object.");
                continue;
            };
            let purpose = self.text(item, &at, "purpose", MAX_PURPOSE);
            if purpose.is_none() && value(item, "purpose").is_none() {
                self.say(&at, "purpose", "This field is required.");
            }
            let given = match value(item, "given") {
                None => true,
                Some(Value::Bool(given)) => *given,
                Some(_) => {
                    self.say(&at, "given", "Must be a valid boolean.");
                    true
                }
            };
            let shown = self.text(item, &at, "text", MAX_SHOWN);
            let reason = self.text(item, &at, "reason", MAX_CONSENT_REASON);
            found.push(NewConsent {
                purpose: purpose.unwrap_or_default(),
                given,
                source: ConsentSource::Programme,
                channel: None,
                message: None,
                user: None,
                shown: shown.map(String::from),
                reason: reason.map(String::from),
                happened_on: None,
            });
        }
        found
    }

    fn subscriptions(&mut self, body: &Map<String, Value>, at: &[&str]) -> Vec<SubscribeTo> {
        let mut found = Vec::new();
        let items = match value(body, "subscriptions") {
            None => return found,
            Some(Value::Array(items)) if items.len() <= MAX_LIST => items,
            Some(_) => {
                self.say(at, "subscriptions", format!("Expected a list of at most {MAX_LIST} items."));
                return found;
            }
        };
        for (place, item) in items.iter().enumerate() {
            let number = place.to_string();
            let at: Vec<&str> = at.iter().copied().chain(["subscriptions", number.as_str()]).collect();
            let Value::Object(item) = item else {
                self.wrong.say(&at, "Expected an object.");
                continue;
            };
            let Some(name) = self.text(item, &at, "message_set", 2 * MAX_WORD) else {
                self.say(&at, "message_set", "This field is required.");
                continue;
            };
            if let Err(error) = set_named(self.ws, &name) {
                self.say(&at, "message_set", error.to_string());
                continue;
            }
            let start = self.start(item, &at);
            let language = self.language(item, &at);
            let schedule = self.text(item, &at, "schedule", MAX_WORD);
            if let Some(Err(error)) = schedule.as_ref().map(|text| text.parse::<domain::Cron>()) {
                self.say(&at, "schedule", error.to_string());
            }
            found.push(SubscribeTo { set: name, about: None, language, schedule, start });
        }
        found
    }

    fn start(&mut self, item: &Map<String, Value>, at: &[&str]) -> StartAt {
        if let Some(message) = value(item, "message") {
            match message.as_u64().and_then(|number| u32::try_from(number).ok()) {
                Some(number) => return StartAt::Message(number),
                None => self.say(at, "message", "A valid integer is required."),
            }
        }
        let day = self.text(item, at, "day", MAX_WORD).and_then(|text| {
            // What a flow gives may have a time behind it.
            let day = text.get(..10).and_then(|day| day.parse::<Date>().ok());
            if day.is_none() {
                self.say(at, "day", "Not a valid day; write it as in 2027-05-20.");
            }
            day
        });
        StartAt::Placed { day }
    }

    async fn receivers(&mut self, body: &Map<String, Value>) -> Result<Vec<Receiver>, StoreError> {
        let mut found = Vec::new();
        for (place, item) in self.list(body, "receivers", MAX_RECEIVERS).iter().enumerate() {
            let at = place.to_string();
            let at = ["receivers", at.as_str()];
            let Value::Object(item) = item else {
                self.wrong.say(&at, "Expected an object.");
                continue;
            };
            let whom = self.whom(item, &at).await?;
            if whom.is_none() && value(item, "urn").is_none() && value(item, "contact").is_none() {
                self.say(&at, "urn", "This field is required.");
            }
            found.push(Receiver {
                whom: whom.unwrap_or(Whom::New),
                edit: self.edit(item, &at),
                role: self.text(item, &at, "role", MAX_WORD).unwrap_or_default(),
                subscribe: self.subscriptions(item, &at),
            });
        }
        Ok(found)
    }

    fn draw(&mut self, body: &Map<String, Value>) -> Vec<SmolStr> {
        let mut found: Vec<SmolStr> = Vec::new();
        for (place, item) in self.list(body, "draw", MAX_LIST).iter().enumerate() {
            match item.as_str().and_then(code_kind) {
                Some(kind) if found.contains(&kind) => {}
                Some(kind) => found.push(kind),
                None => self.wrong.say(
                    &["draw", &place.to_string()],
                    "Not a kind of numbers: write a word, such as health_id.",
                ),
            }
        }
        found
    }

    fn welcome(&mut self, body: &Map<String, Value>) -> BTreeMap<SmolStr, SmolStr> {
        match value(body, "welcome") {
            Some(Value::Object(by_language)) => {
                let languages = by_language.keys().take(MAX_FIELDS);
                let each = languages.filter_map(|code| {
                    if !language::is_code(code) {
                        self.say(&["welcome"], code, "Not a valid ISO 639-3 language code.");
                        return None;
                    }
                    Some((code.into(), self.text(by_language, &["welcome"], code, MAX_WELCOME)?))
                });
                each.collect()
            }
            Some(_) => {
                let text = self.text(body, &[], "welcome", MAX_WELCOME);
                text.into_iter().map(|text| (SmolStr::default(), text)).collect()
            }
            None => BTreeMap::new(),
        }
    }

    /// Codes by kind, each of which must be known. A field of the contact with the key of the kind holds it.
    async fn codes(
        &mut self,
        body: &Map<String, Value>,
        registration: &mut Registration,
    ) -> Result<(), StoreError> {
        let codes = match value(body, "codes") {
            None => return Ok(()),
            Some(Value::Object(codes)) if codes.len() <= MAX_LIST => codes,
            Some(_) => {
                self.say(&[], "codes", "Expected a dictionary of items.");
                return Ok(());
            }
        };
        let mut found = Map::new();
        for kind in codes.keys() {
            let Some(typed) = self.text(codes, &["codes"], kind, MAX_WORD) else {
                if value(codes, kind).is_some_and(Value::is_string) {
                    self.say(&["codes"], kind, "This field may not be blank.");
                }
                continue;
            };
            match check_code(self.ctx, self.ws.row.id, kind, &typed).await? {
                Ok(row) => {
                    self.fill(registration, &row.kind, &row.code);
                    found.insert(
                        kind.clone(),
                        json!({"code": row.code, "name": row.name, "place": row.place}),
                    );
                }
                Err(wrong) => self.say(&["codes"], kind, wrong.to_string()),
            }
        }
        registration.detail.insert("codes".to_owned(), Value::Object(found));
        Ok(())
    }

    /// By what the person is known elsewhere: `{"type": "sa_id" | "passport" | "none", "number", "country"}`.
    fn identifier(&mut self, body: &Map<String, Value>, registration: &mut Registration) {
        let given = match value(body, "identifier") {
            None => return,
            Some(Value::Object(given)) => given,
            Some(_) => return self.say(&[], "identifier", "Expected an object."),
        };
        let at = ["identifier"];
        let kind = self.text(given, &at, "type", MAX_WORD).unwrap_or_default();
        let number = self.text(given, &at, "number", MAX_WORD).unwrap_or_default();
        let mut shown = json!({"type": kind, "number": plain(&number)});
        match kind.as_str() {
            "sa_id" => {
                let today = self.ctx.now().to_zoned(self.ws.zone().clone()).date();
                match south_african(&number, today) {
                    Ok(person) => {
                        shown["birth_date"] = json!(person.born.to_string());
                        shown["sex"] = json!(person.sex.word());
                    }
                    Err(error) => {
                        self.say(&at, "number", format!("Not a South African identity number: {error}."));
                    }
                }
            }
            "passport" => {
                let length = plain(&number).chars().count();
                let is_word = plain(&number).chars().all(char::is_alphanumeric);
                if !is_word || !(1..=MAX_PASSPORT).contains(&length) {
                    self.say(
                        &at,
                        "number",
                        format!("A passport has 1 to {MAX_PASSPORT} letters and digits."),
                    );
                }
                match self.text(given, &at, "country", MAX_WORD) {
                    Some(country) => shown["country"] = json!(country),
                    None => self.say(&at, "country", "This field is required."),
                }
            }
            "none" => {}
            _ => self.say(&at, "type", "One of sa_id, passport and none is required."),
        }
        for (field, member) in [
            ("id_type", "type"),
            ("id_number", "number"),
            ("id_country", "country"),
            ("birth_date", "birth_date"),
            ("sex", "sex"),
        ] {
            if let Some(text) = shown[member].as_str().map(SmolStr::from) {
                self.fill(registration, &field.into(), &text);
            }
        }
        registration.detail.insert("identifier".to_owned(), shown);
    }

    /// Sets a field of the contact if there is such a field and nothing else is said of it.
    fn fill(&self, registration: &mut Registration, key: &SmolStr, text: &SmolStr) {
        let fields = &mut registration.edit.fields;
        if self.ws.assets.field(key).is_some() && fields.iter().all(|(known, _)| known != key) {
            fields.push((key.clone(), Some(text.clone()).filter(|text| !text.is_empty())));
        }
    }
}

/// An address as people type it: one without a scheme is a phone's.
pub(super) fn given_urn(ws: &Workspace, text: &str) -> Option<Urn> {
    let text = text.trim();
    let is_number = |byte: u8| byte.is_ascii_digit() || b"+ -().".contains(&byte);
    let text = match text.contains(':') {
        true => text.to_owned(),
        false if text.bytes().all(is_number) => format!("tel:{text}"),
        false => return None,
    };
    Urn::parse(&text, ws.env.default_country.as_deref()).ok()
}

/// A registration as programs and flows are shown it, without who it is about.
pub fn shown_registration(row: &RegistrationRow) -> Map<String, Value> {
    let detail = row.detail.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut detail = match detail {
        Some(Value::Object(detail)) => detail,
        _ => Map::new(),
    };
    let mut shown = Map::new();
    shown.insert("uuid".to_owned(), json!(row.uuid));
    shown.insert("opt_in".to_owned(), json!(row.source));
    shown.insert("new".to_owned(), detail.remove("new").unwrap_or(json!(false)));
    for name in ["codes", "numbers"] {
        shown.insert(name.to_owned(), detail.remove(name).unwrap_or_else(|| json!({})));
    }
    shown.insert("identifier".to_owned(), detail.remove("identifier").unwrap_or_default());
    for name in ["subscriptions", "receivers"] {
        shown.insert(name.to_owned(), detail.remove(name).unwrap_or_else(|| json!([])));
    }
    shown
}
