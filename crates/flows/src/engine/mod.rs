//! The engine: runs a session until it waits, ends, or needs the outside world.
//!
//! [`Engine::start`] begins a session, [`Engine::resume`] goes on with what the contact said or did not say,
//! [`Engine::complete`] goes on with the answer to an [`Effect`](crate::Effect). Each gives a [`Sprint`]: the
//! session as it stands now and the events in between. The contact is changed in memory as the events say; the
//! caller stores contact, session and events together.

mod error;
mod fill_clock;
mod host;
mod input;
mod interrupt;
mod limits;
mod routing;
mod runs;
mod sprint;
mod start;
mod steps;
mod waits;
pub(crate) mod work;

use domain::Contact;
use expressions::{Environment, Scope};

pub use error::{EngineError, ResumeError, ResumeReason};
pub(crate) use fill_clock::FillClock;
pub use host::Host;
pub use limits::Limits;
pub(crate) use routing::NewResult;
pub use sprint::{Segment, Sprint, Wait, WaitKind};

use crate::{
    assets::Assets,
    context::{Context, Resumed},
    effect::EffectResult,
    events::CallRef,
    resume::Resume,
    session::Session,
    trigger::Trigger,
};

/// The engine over one workspace's assets and conventions. Cheap to make, holds no state.
pub struct Engine<'a> {
    /// What flows may name.
    pub assets: &'a Assets,
    /// The workspace's conventions; the contact's own are merged in for each evaluation.
    pub env: &'a Environment,
    /// Clock, randomness and identifiers.
    pub host: &'a dyn Host,
    /// Bounds.
    pub limits: Limits,
    /// Whether the contact is known to be in just those query groups that they fit, by the assets as they are now:
    /// then a sprint looks only at the groups that something touches.
    pub groups_are_right: bool,
}

impl<'a> Engine<'a> {
    /// An engine with the usual limits.
    pub fn new(assets: &'a Assets, env: &'a Environment, host: &'a dyn Host) -> Self {
        Self { assets, env, host, limits: Limits::default(), groups_are_right: false }
    }

    /// Begins a session with the flow that the trigger names. Flows of type voice need the call.
    ///
    /// # Errors
    /// [`EngineError`] if the flow does not exist, or the trigger does not fit it. Nothing has happened then.
    pub fn start(
        &self,
        contact: &mut Contact,
        trigger: Trigger,
        call: Option<&CallRef>,
    ) -> Result<Sprint, EngineError> {
        start::start(self, contact, trigger, call)
    }

    /// Goes on with a waiting session.
    ///
    /// # Errors
    /// [`ResumeError`] with the session unchanged, if it does not wait or not for this.
    pub fn resume(
        &self,
        session: Session,
        contact: &mut Contact,
        resume: Resume,
    ) -> Result<Sprint, ResumeError> {
        start::resume(self, session, contact, &resume)
    }

    /// Goes on with a session that waits for the answer to an effect.
    ///
    /// # Errors
    /// [`ResumeError`] with the session unchanged, if it waits for no effect or for another kind.
    pub fn complete(
        &self,
        session: Session,
        contact: &mut Contact,
        result: EffectResult,
    ) -> Result<Sprint, ResumeError> {
        start::complete(self, session, contact, result)
    }

    /// What expressions of a run see between sprints. `run` counts from the first of the session; `resume` is
    /// what the last sprint began with.
    pub fn scope<'s>(
        &'s self,
        session: &'s Session,
        contact: &'s Contact,
        run: usize,
        resume: Option<&Resume>,
    ) -> impl Scope + 's {
        Context {
            assets: self.assets,
            env: self.env,
            contact,
            session,
            run: Some(run),
            resumed: resume.map(|resume| Resumed { name: resume.name(), dial: resume.dial() }),
        }
    }
}
