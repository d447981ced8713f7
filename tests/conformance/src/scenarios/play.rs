//! Plays conversations on the engine: effects are answered at once, so that each sprint is whole.

use domain::Contact;
use expressions::Environment;
use flows::{
    Assets, Engine, Limits, Resume, Session, Sprint, Trigger, events::CallRef, session::SessionStatus,
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
        Self { assets, env, outside: Outside::new(host, mocks), host, contact }
    }

    /// The same with e-mails failing.
    pub fn with_smtp_error(mut self, error: Option<String>) -> Self {
        self.outside = self.outside.with_smtp_error(error);
        self
    }

    fn engine(&self) -> Engine<'_> {
        let limits = Limits { response_bytes: outside::MAX_RESPONSE_BYTES, ..Limits::default() };
        Engine { assets: self.assets, env: &self.env, host: self.host, limits }
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
        let session =
            Session::decode(&stored, self.assets).map_err(|error| format!("stored session: {error}"))?;
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
