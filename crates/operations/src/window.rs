//! The 24-hour window after a contact's last message: flows that start before it closes.

use domain::{ContactStatus, FlowId, GroupId, SessionId};
use flows::definition::extensions::WindowTrigger;
use jiff::SignedDuration;
use store::{Change, DueTimer, StoreError, TimerKind};

use crate::{Workspace, turn::Turn};

/// How long carriers let us write freely after a contact's last message.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// A flow that starts before the window closes.
#[derive(Debug, Clone)]
pub(crate) struct BeforeWindowEnd {
    pub flow: FlowId,
    pub minutes: u32,
    pub include_groups: Vec<GroupId>,
    pub exclude_groups: Vec<GroupId>,
}

impl BeforeWindowEnd {
    pub(crate) fn new(
        flow: FlowId,
        trigger: &WindowTrigger,
        group: impl Fn(domain::GroupUuid) -> Option<GroupId>,
    ) -> Self {
        let ids = |references: &[flows::definition::Reference<domain::GroupUuid>]| {
            // A group that is not there has no members.
            references.iter().map(|named| group(named.uuid).unwrap_or_default()).collect()
        };
        Self {
            flow,
            minutes: trigger.minutes_before,
            include_groups: ids(&trigger.groups),
            exclude_groups: ids(&trigger.exclude_groups),
        }
    }

    fn is_for(&self, groups: &[GroupId]) -> bool {
        let in_any = |wanted: &[GroupId]| wanted.iter().any(|group| groups.contains(group));
        (self.include_groups.is_empty() || in_any(&self.include_groups)) && !in_any(&self.exclude_groups)
    }
}

/// The most minutes before the end that any trigger asks for, below a bound: the next moment.
fn next_minutes(ws: &Workspace, below: u32) -> Option<u32> {
    ws.before_window_end().iter().map(|trigger| trigger.minutes).filter(|minutes| *minutes < below).max()
}

impl Turn<'_> {
    /// They wrote, so the window is open for 24 hours from then.
    pub(crate) fn plan_window_end(&mut self, wrote: jiff::Timestamp) {
        let ends = wrote + WINDOW;
        if self.person.contact.status == ContactStatus::Active
            && let Some(minutes) = next_minutes(&self.ws, u32::MAX)
        {
            self.set_window_timer(ends, minutes);
        }
    }

    fn set_window_timer(&mut self, ends: jiff::Timestamp, minutes: u32) {
        self.changes.push(Change::SetTimer(DueTimer {
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            kind: TimerKind::WindowEnd,
            due: ends - SignedDuration::from_mins(i64::from(minutes)),
            session: SessionId(i64::from(minutes)),
        }));
    }

    /// The window will close; the timer, which is taken already, says in how many minutes.
    pub(crate) async fn window_ends(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let minutes = u32::try_from(timer.session.0).unwrap_or_default();
        // A timer that was put off no longer says when the window closes, but what they wrote last does.
        let planned = timer.due + SignedDuration::from_mins(i64::from(minutes));
        let ends = self.person.contact.last_seen_on.map_or(planned, |seen| planned.min(seen + WINDOW));
        if self.person.contact.status != ContactStatus::Active || self.now >= ends {
            return Ok(false);
        }
        if self.waits_for_effect() {
            self.try_later(timer);
            return Ok(false);
        }
        if let Some(next) = next_minutes(&self.ws, minutes) {
            self.set_window_timer(ends, next);
        }
        let groups = self.person.groups().to_vec();
        let ws = self.ws.clone();
        let fitting = ws.before_window_end().iter();
        let fitting = fitting.filter(|trigger| trigger.minutes == minutes && trigger.is_for(&groups));
        // The most specific wins, and of those the newest flow, as with other triggers.
        let best = fitting
            .max_by_key(|t| (!t.include_groups.is_empty(), !t.exclude_groups.is_empty(), t.flow))
            .map(|trigger| trigger.flow);
        match best {
            Some(flow) => self.start_unasked(flow, "window_end", None).await,
            None => Ok(false),
        }
    }
}
