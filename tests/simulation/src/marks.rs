//! What must have happened at least once in a run of many seeds: every fault, and every way back from one. A simulation
//! that never did what it is for proves nothing.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! marks {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// Something that must have happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mark {$($(#[$doc])* #[doc = $text] $name,)+}

        impl Mark {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What it says.
            pub fn text(self) -> &'static str {
                match self {$(Self::$name => $text,)+}
            }
        }
    };
}

marks! {
    Killed = "a node was killed",
    KilledInACall = "a node was killed just before or after a call",
    Stopped = "a node stopped cleanly and started again",
    Paused = "a node stood still and went on",
    PausedInACall = "a node stood still just before or after a call",
    Renewed = "a node that was taken for dead began anew",
    LeftDead = "a node stayed away and the others did its work",
    ClockJumped = "a node's clock jumped",
    ClockSkewed = "a node's clock was wrong from the start",
    StartFailed = "a node did not start and was started again",
    DatabaseAway = "the database was away for a node",
    ReadFailed = "a read failed",
    WriteFailed = "a write failed before its commit",
    CommitUnknown = "a write was committed and its answer was lost",
    StoreSlow = "the store took its time",
    Refused = "a carrier or service was not reached",
    Throttled = "a carrier or service answered 429",
    Unavailable = "a carrier or service answered 503",
    FailedAfterAccepting = "a carrier or service took it and answered 500",
    AnswerLost = "a carrier or service took it and did not answer",
    Silent = "a carrier or service neither took it nor answered",
    RefusedForGood = "a carrier refused a message for good",
    RequestOutlivedItsNode = "a request arrived whose node was gone",
    InputRepeated = "an acknowledged input was given again",
    InputGivenAgain = "an input without acknowledgement was given again",
    InputGivenUp = "a carrier gave an input up",
    InputRecognised = "an input given again was recognised",
    InputKeptAfterLostAnswer = "an input was kept though the first answer to it was lost",
    InputToAnother = "an input was given again to another node",
    ReportRepeated = "a delivery report was given twice",
    ReportOvertook = "a later delivery report came before an earlier one",
    ReportBeforeAnswer = "a delivery report came though the carrier's answer was lost",
    SentAgain = "a message was sent again and arrived",
    SentTwice = "a carrier got a message twice, and the second said so",
    EffectTwice = "a service was called twice for one effect, and the second said so",
    TimedOut = "a wait timed out",
    Answered = "a wait was answered",
    ReminderFired = "a reminder fired",
    EffectAnswered = "a flow went on with a service's answer",
    WaitedBehindEffect = "a message waited until an effect was answered",
    OptedOut = "somebody opted out while messages to them were queued",
    LeaseTakenOver = "a lease went to another node after the end of the one that had it",
    WindowFull = "a node had as many requests under way on a line as it may",
    JobDone = "a job reached everybody",
    /// Of the product's own log from here on.
    LinePaused = "log: a line pauses because its carrier is away",
    RecordedLater = "log: carriers' answers could not be recorded; trying again",
    OutboxUnread = "log: the outbox could not be read; trying again",
    TimersUnread = "log: timers could not be read; trying again",
    JobsUnread = "log: jobs could not be read; trying again",
    JobHeld = "log: a job cannot go on; trying again",
    JobPutOff = "log: a slice of a job failed; it is tried again later",
    EffectHeld = "log: an effect's answer could not be taken; trying again",
    ItemNotTaken = "log: an item could not be taken",
    ReportsNotTaken = "log: delivery reports could not be recorded",
    InHandFound = "log: the answer to a commit was lost; what it left in hand goes out now",
    InHandUnread = "log: it could not be read what is in hand; trying again",
    DeadNodeEnded = "log: a node is gone; what it had in hand goes out again",
    TakenForDead = "log: the other nodes took this one for dead and go on with its work; it starts anew",
    BeatFailed = "log: this node could not say that it is alive; trying again",
    StopCutOff = "log: the clean stop took too long; the next start takes over what is left",
}

/// How often each mark was met.
#[derive(Debug)]
pub struct Marks(Vec<AtomicU64>);

impl Default for Marks {
    fn default() -> Self {
        Self(Mark::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl Marks {
    /// Met.
    pub fn hit(&self, mark: Mark) {
        self.0[mark as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Met if it is one of the product's log lines. Answers whether it is.
    pub fn hit_log(&self, message: &str) -> bool {
        let known = |mark: &&Mark| mark.text().strip_prefix("log: ") == Some(message);
        let found = Mark::ALL.iter().find(known);
        if let Some(mark) = found {
            self.hit(*mark);
        }
        found.is_some()
    }

    /// How often.
    pub fn count(&self, mark: Mark) -> u64 {
        self.0[mark as usize].load(Ordering::Relaxed)
    }

    /// Adds what another run met.
    pub fn add(&self, other: &Self) {
        for (mine, theirs) in self.0.iter().zip(&other.0) {
            mine.fetch_add(theirs.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Those that were never met.
    pub fn missing(&self) -> Vec<Mark> {
        Mark::ALL.iter().copied().filter(|mark| self.count(*mark) == 0).collect()
    }
}
