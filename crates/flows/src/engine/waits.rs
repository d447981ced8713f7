//! Waits beginning and being answered.

use domain::Urn;
use jiff::SignedDuration;

use super::{ResumeReason, Wait, WaitKind, input::part_of, steps::Next, work::Work};
use crate::{
    definition::{self, FlowType},
    events::{DialWait, EventKind, Hint, MsgWait},
    program::{self, NodeIx, Program},
    resume::Resume,
    session::{RunStatus, SessionStatus},
};

/// Minutes a run waits where its definition sets no time: three days.
const DEFAULT_EXPIRE_MINUTES: u32 = 3 * 24 * 60;
/// Seconds given to a call beyond ringing and talking before the wait expires.
const DIAL_GRACE_SECONDS: i64 = 30;
/// How long after its quiet time a wait that collects may expire at the earliest.
const AFTER_QUIET: SignedDuration = SignedDuration::from_mins(5);

impl Work<'_> {
    /// The actions of a node are done: waits if it waits, else routes.
    pub(super) fn settle(&mut self, program: &Program, node: NodeIx) -> Next {
        let Some(wait) = program.node(node).wait() else { return Next::Route { timed_out: false } };
        if self.already_answered() {
            return self.answered(program, node);
        }
        match wait {
            program::Wait::Msg { timeout, hint } => {
                self.wait_for_message(program, timeout.map(|t| t.seconds), hint.as_ref())
            }
            program::Wait::Dial { phone, dial_limit_seconds, call_limit_seconds } => {
                self.wait_for_dial(phone, *dial_limit_seconds, *call_limit_seconds)
            }
        }
    }

    /// A message came: it is the answer, or one of several that are.
    pub(super) fn answered(&mut self, program: &Program, node: NodeIx) -> Next {
        let collect = program.node(node).collect.as_deref();
        match collect {
            Some(collect) if !self.collect(collect) => {
                self.session.input = None;
                let seconds = collect.quiet_seconds;
                return self.wait_for_message(program, Some(seconds), None);
            }
            Some(_) => self.close_collecting(),
            // The flow was edited meanwhile and collects no longer: what was said before is not lost.
            None if !self.session.collected.is_empty() => {
                if let Some(input) = &self.session.input {
                    let part = part_of(input);
                    self.session.collected.push(part);
                }
                self.close_collecting();
            }
            None => {}
        }
        Next::Route { timed_out: false }
    }

    /// Whether the message that started the session is the answer to this wait: it is the first of all.
    fn already_answered(&self) -> bool {
        self.session.sprints == 1
            && self.run == Some(0)
            && self.session.runs.len() == 1
            && self.current().is_some_and(|run| run.path.len() == 1)
            && self.session.input.is_some()
    }

    fn wait_for_message(
        &mut self,
        program: &Program,
        timeout_seconds: Option<u32>,
        hint: Option<&definition::Hint>,
    ) -> Next {
        let minutes = match program.expire_after_minutes {
            // A survey on a device waits as long as the device does.
            0 if program.flow_type == FlowType::MessagingOffline => 0,
            0 => DEFAULT_EXPIRE_MINUTES,
            minutes => minutes,
        };
        let now = self.now();
        let mut expires_on = now.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(now);
        if !self.session.collected.is_empty() {
            // What was said must not be lost to an expiry that comes before the quiet time is over.
            let quiet = SignedDuration::from_secs(i64::from(timeout_seconds.unwrap_or_default()));
            expires_on = expires_on.max(now + quiet + AFTER_QUIET);
        }
        self.event(EventKind::MsgWait(MsgWait { timeout_seconds, expires_on, hint: hint.map(hint_of) }));
        self.stop_at(Wait { kind: WaitKind::Msg, timeout_seconds, expires_on })
    }

    fn wait_for_dial(&mut self, phone: &program::Text, dial_limit: u32, call_limit: u32) -> Next {
        let (phone, _) = self.render(phone);
        let country = self.env().default_country.clone();
        let Some(number) = expressions::phone::parse(&phone, country.as_deref()) else {
            self.error("not a possible number");
            return Next::Route { timed_out: false };
        };
        let now = self.now();
        let seconds = i64::from(dial_limit) + i64::from(call_limit) + DIAL_GRACE_SECONDS;
        let expires_on = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        self.event(EventKind::DialWait(DialWait {
            urn: Urn::new("tel", number),
            dial_limit_seconds: dial_limit,
            call_limit_seconds: call_limit,
            expires_on,
        }));
        self.stop_at(Wait { kind: WaitKind::Dial, timeout_seconds: None, expires_on })
    }

    fn stop_at(&mut self, wait: Wait) -> Next {
        let now = self.now();
        if let Some(run) = self.current_mut() {
            run.status = RunStatus::Waiting;
            run.modified_on = now;
        }
        self.session.status = SessionStatus::Waiting;
        self.wait = Some(wait);
        Next::Stop
    }
}

/// Whether a wait, perhaps with something collected, can be answered with this.
pub(super) fn accepts(wait: &program::Wait, resume: &Resume, collected: bool) -> Result<(), ResumeReason> {
    let accepted = match (wait, resume) {
        (program::Wait::Msg { .. }, Resume::Msg(_) | Resume::WaitExpiration(_)) => true,
        (program::Wait::Msg { timeout, .. }, Resume::WaitTimeout(_)) => timeout.is_some() || collected,
        (program::Wait::Msg { .. }, Resume::Dial(_)) => false,
        (program::Wait::Dial { .. }, Resume::Dial(_) | Resume::WaitExpiration(_)) => true,
        (program::Wait::Dial { .. }, Resume::Msg(_) | Resume::WaitTimeout(_)) => false,
    };
    if accepted { Ok(()) } else { Err(ResumeReason::NotAccepted) }
}

fn hint_of(hint: &definition::Hint) -> Hint {
    let plain = |kind: &'static str| Hint { kind: kind.into(), count: None, terminated_by: None };
    match hint {
        definition::Hint::Audio => plain("audio"),
        definition::Hint::Image => plain("image"),
        definition::Hint::Location => plain("location"),
        definition::Hint::Video => plain("video"),
        definition::Hint::Digits { count, terminated_by } => {
            Hint { kind: "digits".into(), count: *count, terminated_by: terminated_by.clone() }
        }
    }
}
