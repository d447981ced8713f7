//! Moments in the future.

use domain::{ContactId, SessionId, WorkspaceId};
use jiff::Timestamp;

use crate::text_codes::text_codes;

text_codes! {
    /// What happens when a timer is due.
    TimerKind {
        /// The wait of a session times out.
        WaitTimeout = "wait_timeout",
        /// The session expires.
        Expiry = "expiry",
        /// An effect did not come back in time.
        EffectDeadline = "effect_deadline",
        /// More messages wait for their turn than one step takes: the next step.
        Parked = "parked",
        /// A reminder starts its flow.
        Reminder = "reminder",
        /// The 24-hour window after the contact's last message will close.
        WindowEnd = "window_end",
        /// The next message of a subscription goes.
        Programme = "programme",
        /// A point of a campaign comes.
        Campaign = "campaign",
    }
}

/// A moment that has come, or will. A contact has at most one of each kind; of effect deadlines, reminders, subscriptions
/// and points of campaigns, one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// What happens.
    pub kind: TimerKind,
    /// When.
    pub due: Timestamp,
    /// The session it was set for; 0 for [`TimerKind::Parked`], which is the contact's. Of a reminder the number of
    /// the reminder, of a subscription's message that of the subscription, of a campaign that of its point, of a window's
    /// end the minutes before it.
    pub session: SessionId,
}

impl TimerKind {
    /// All kinds, in the order in which a contact's are fired that are due together.
    pub const ALL: [Self; 8] = [
        Self::EffectDeadline,
        Self::WaitTimeout,
        Self::Expiry,
        Self::Parked,
        Self::Reminder,
        Self::WindowEnd,
        Self::Programme,
        Self::Campaign,
    ];

    /// Whether such timers belong to a conversation that goes on: somebody waits for what comes of them. The others
    /// may come due for very many people at once, and have time.
    pub fn is_urgent(self) -> bool {
        match self {
            Self::EffectDeadline | Self::WaitTimeout | Self::Expiry | Self::Parked => true,
            Self::Reminder | Self::WindowEnd | Self::Programme | Self::Campaign => false,
        }
    }

    /// Whether a timer that is due earlier already is left as it is: it fires, finds that it is too early, and is set
    /// anew. Who wants it later takes it away first.
    pub(crate) fn keeps_earlier(self) -> bool {
        match self {
            Self::Expiry | Self::Campaign => true,
            Self::WaitTimeout
            | Self::EffectDeadline
            | Self::Parked
            | Self::Reminder
            | Self::WindowEnd
            | Self::Programme => false,
        }
    }

    /// What tells timers of this kind of one contact apart: the session, reminder, subscription or point, 0 where there is
    /// one.
    pub(crate) fn scope(self, session: SessionId) -> i64 {
        match self {
            Self::EffectDeadline | Self::Reminder | Self::Programme | Self::Campaign => session.0,
            Self::WaitTimeout | Self::Expiry | Self::Parked | Self::WindowEnd => 0,
        }
    }
}
