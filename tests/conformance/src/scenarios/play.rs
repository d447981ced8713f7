//! Plays conversations on the engine: effects are answered at once, so that each sprint is whole.

use domain::Contact;
use expressions::Environment;
use flows::{
    Assets, Engine, Limits, RawJson, Resume, Session, Sprint, Trigger, events::CallRef,
    session::SessionStatus,
};
use serde_json::Value as Json;

use super::outside::{self, Outside};
use crate::host::TestHost;

/// Most effects that one sprint may ask for.
const MAX_EFFECTS: usize = 200;

/// One conversation.
pub struct Play<'a> {
    assets: &'a Assets,
    env: Environment,
    outside: Outside<'a>,
    host: &'a TestHost,
    /// Whether the session is written with indentation between sprints.
    indents: bool,
    /// The contact, as the sprints so far have changed it.
    pub contact: Contact,
}

impl<'a> Play<'a> {
    /// A conversation with that contact; `mocks` are the answers of web services.
    pub fn new(
        assets: &'a Assets,
        env: Environment,
        host: &'a TestHost,
        contact: Contact,
        mocks: &Json,
    ) -> Self {
        let env = Environment { locations: assets.locations().cloned(), ..env };
        Self { assets, env, outside: Outside::new(host, mocks), host, indents: false, contact }
    }

    /// The same with e-mails failing.
    pub fn with_smtp_error(mut self, error: Option<String>) -> Self {
        self.outside = self.outside.with_smtp_error(error);
        self
    }

    /// The same with sessions kept as indented JSON, which shows in what results hold beside their value.
    pub fn indenting(mut self, indents: bool) -> Self {
        self.indents = indents;
        self
    }

    /// The engine that the conversation is played on.
    pub fn engine(&self) -> Engine<'_> {
        let limits = Limits { response_bytes: outside::MAX_RESPONSE_BYTES, ..Limits::default() };
        Engine { limits, ..Engine::new(self.assets, &self.env, self.host) }
    }

    /// The first sprint.
    pub fn start(&mut self, trigger: Trigger, call: Option<&CallRef>) -> Result<Sprint, String> {
        let mut contact = self.contact.clone();
        let engine = self.engine();
        let sprint = engine.start(&mut contact, trigger, call).map_err(|error| error.to_string())?;
        let sprint = self.settle(&mut contact, sprint)?;
        self.contact = contact;
        Ok(sprint)
    }

    /// The next sprint, with the session as it was stored; `None` if it does not wait.
    pub fn resume(&mut self, session: &Session, resume: Resume) -> Result<Option<Sprint>, String> {
        if session.status != SessionStatus::Waiting {
            return Ok(None);
        }
        let stored = session.encode();
        let mut session =
            Session::decode(&stored, self.assets).map_err(|error| format!("stored session: {error}"))?;
        if self.indents {
            indent_extras(&mut session);
        }
        let mut contact = self.contact.clone();
        let sprint =
            self.engine().resume(session, &mut contact, resume).map_err(|error| error.to_string())?;
        let sprint = self.settle(&mut contact, sprint)?;
        self.contact = contact;
        Ok(Some(sprint))
    }

    /// Answers the effects of a sprint; its events and segments are those of all parts.
    fn settle(&self, contact: &mut Contact, mut sprint: Sprint) -> Result<Sprint, String> {
        let (mut events, mut segments) =
            (std::mem::take(&mut sprint.events), std::mem::take(&mut sprint.segments));
        for _ in 0..MAX_EFFECTS {
            let Some(effect) = &sprint.effect else {
                sprint.events = events;
                sprint.segments = segments;
                return Ok(sprint);
            };
            let result = self.outside.answer(effect);
            sprint =
                self.engine().complete(sprint.session, contact, result).map_err(|error| error.to_string())?;
            events.append(&mut sprint.events);
            segments.append(&mut sprint.segments);
        }
        Err(format!("a sprint asked for more than {MAX_EFFECTS} effects"))
    }
}

/// Writes what results hold beside their value as it stands in a session of four spaces a level.
fn indent_extras(session: &mut Session) {
    /// `session.runs[0].results.name.extra`
    const LEVEL: usize = 5;
    let step = b"    ";
    for extra in
        session.runs.iter_mut().flat_map(|run| run.results.values_mut()).filter_map(|r| r.extra.as_mut())
    {
        let Ok(value) = serde_json::from_str::<Json>(extra.as_str()) else { continue };
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(step);
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        if serde::Serialize::serialize(&value, &mut serializer).is_err() {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes).replace('\n', &format!("\n{}", "    ".repeat(LEVEL)));
        if let Some(indented) = RawJson::from_bytes(text.as_bytes()) {
            *extra = indented;
        }
    }
}
