//! The conversations of given scenarios, prepared so that a benchmark can play them again and again.

use std::path::Path;

use domain::Contact;
use expressions::Environment;
use flows::{
    Assets, Engine, Limits, Resume, Session, Sprint, Trigger, events::CallRef, session::SessionStatus,
};
use serde_json::Value as Json;

use crate::{
    assets,
    cases::{contact, environment},
    discover::{entries, stem},
    host::TestHost,
    scenarios::outside::{MAX_RESPONSE_BYTES, Outside},
};

/// Most effects that one sprint may ask for.
const MAX_EFFECTS: usize = 200;

/// A conversation: everything read and compiled, nothing played.
pub struct Conversation {
    /// The file's name without its endings.
    pub name: String,
    assets: Assets,
    env: Environment,
    contact: Contact,
    trigger: Trigger,
    call: Option<CallRef>,
    resumes: Vec<Resume>,
    mocks: Json,
}

/// The conversations of a folder of `NAME.json` and `NAME.TEST.json`; those that cannot be read are left out, which
/// the conformance run tells about.
pub fn conversations(dir: &Path) -> Vec<Conversation> {
    let tests = entries(dir).into_iter().filter(|entry| stem(entry).contains('.'));
    tests.filter_map(|test| Conversation::read(&test).ok()).collect()
}

impl Conversation {
    fn read(test: &Path) -> Result<Self, String> {
        let name = stem(test);
        let base = name.split_once('.').map_or(name.as_str(), |(base, _)| base);
        let read = |path: &Path| -> Result<Json, String> {
            let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
            serde_json::from_slice(&bytes).map_err(|error| error.to_string())
        };
        let json = read(test)?;
        let env = environment(&json["environment"]);
        let assets = assets::load(&read(&test.with_file_name(format!("{base}.json")))?, &env)?.assets;
        let env = Environment { locations: assets.locations().cloned(), ..env };
        let resumes = json["resumes"].as_array().into_iter().flatten();
        let text = |error: serde_json::Error| error.to_string();
        Ok(Self {
            contact: contact(&json["contact"])?,
            trigger: Trigger::from_json(json["trigger"].to_string().as_bytes())
                .map_err(|error| error.to_string())?,
            call: serde_json::from_value(json["call"].clone()).map_err(text)?,
            resumes: resumes
                .map(|resume| serde_json::from_value(resume.clone()).map_err(text))
                .collect::<Result<_, _>>()?,
            mocks: json["http_mocks"].clone(),
            name,
            assets,
            env,
        })
    }

    /// Plays it and tells how many sprints that took; 0 if the engine refuses. With `stored` the session goes through
    /// its bytes between two sprints, and the contact stays in memory, as it does in a node.
    pub fn play(&self, stored: bool) -> usize {
        let host = TestHost::new();
        let limits = Limits { response_bytes: MAX_RESPONSE_BYTES, ..Limits::default() };
        let engine = Engine { limits, ..Engine::new(&self.assets, &self.env, &host) };
        let outside = Outside::new(&host, &self.mocks);
        let mut contact = self.contact.clone();
        let settle = |contact: &mut Contact, mut sprint: Sprint| {
            for _ in 0..MAX_EFFECTS {
                let Some(effect) = &sprint.effect else { return Some(sprint.session) };
                sprint = engine.complete(sprint.session, contact, outside.answer(effect)).ok()?;
            }
            None
        };
        let Ok(first) = engine.start(&mut contact, self.trigger.clone(), self.call.as_ref()) else {
            return 0;
        };
        let mut sprints = 1;
        let Some(mut session) = settle(&mut contact, first) else { return sprints };
        for resume in &self.resumes {
            if session.status != SessionStatus::Waiting {
                break;
            }
            if stored {
                match Session::decode(&session.encode(), &self.assets) {
                    Ok(read) => session = read,
                    Err(_) => return sprints,
                }
            }
            let Ok(sprint) = engine.resume(session, &mut contact, resume.clone()) else { return sprints };
            sprints += 1;
            match settle(&mut contact, sprint) {
                Some(next) => session = next,
                None => return sprints,
            }
        }
        sprints
    }
}
