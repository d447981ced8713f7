//! The clock by which a day that somebody names without a time gets one.

use expressions::{Ambient, Environment};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Host;

/// A clock that shows in the contact's zone what the time of day is in the workspace's: a day that somebody names
/// without a time gets the workspace's present time of day, wherever the contact is.
pub(crate) struct FillClock<'h> {
    host: &'h dyn Host,
    zones: Option<(TimeZone, TimeZone)>,
}

impl<'h> FillClock<'h> {
    /// The clock for evaluations under `merged`, the contact's conventions over the workspace's.
    pub fn new(host: &'h dyn Host, workspace: &Environment, merged: Option<&Environment>) -> Self {
        let zones = merged
            .map(|merged| (workspace.timezone.clone(), merged.timezone.clone()))
            .filter(|(workspace, contact)| workspace != contact);
        Self { host, zones }
    }
}

impl Ambient for FillClock<'_> {
    fn now(&self) -> Timestamp {
        let now = self.host.now();
        let Some((workspace, contact)) = &self.zones else { return now };
        let ahead = workspace.to_offset(now).seconds() - contact.to_offset(now).seconds();
        now.checked_add(SignedDuration::from_secs(i64::from(ahead))).unwrap_or(now)
    }

    fn random(&self) -> u64 {
        self.host.random()
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        self.host.prompt(name, argument)
    }
}
