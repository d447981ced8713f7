//! Changes to a contact, made by flows and by people alike. Each change that changes nothing says nothing;
//! every other adds its event and then re-evaluates the groups that are defined by a query.

mod fields;
mod groups;
mod merge;
mod modifier;
mod tickets;
mod urns;

use domain::{Contact, EventUuid, query::Attribute};
use expressions::Environment;
use smol_str::SmolStr;

pub(crate) use merge::merge_environment;
pub use modifier::{GroupsModification, Modifier, Route, UrnsModification};

use crate::{
    assets::Assets,
    engine::{FillClock, Host, Limits, work::Work},
    events::{ErrorCode, Event, EventKind, EventOrigin, Problem},
    group_index::Touched,
};

/// A contact about to be changed, and where the events go.
pub(crate) struct Changes<'x> {
    pub assets: &'x Assets,
    pub env: &'x Environment,
    pub clock: FillClock<'x>,
    pub host: &'x dyn Host,
    pub limits: &'x Limits,
    pub contact: &'x mut Contact,
    pub events: &'x mut Vec<Event>,
    pub origin: Option<EventOrigin>,
}

impl Changes<'_> {
    pub fn event(&mut self, kind: EventKind) {
        let uuid = EventUuid(self.host.uuid_v7());
        let created_on = self.host.now();
        self.events.push(Event { origin: self.origin, ..Event::new(uuid, created_on, kind) });
    }

    pub fn error(&mut self, text: impl Into<String>) {
        self.event(EventKind::Error(Problem { text: text.into(), code: None, extra: None }));
    }

    pub fn error_code(&mut self, code: ErrorCode, text: impl Into<String>, key: &str, value: &str) {
        let extra = [(SmolStr::new(key), value.to_owned())].into_iter().collect();
        let extra = Some(Box::new(extra));
        self.event(EventKind::Error(Problem { text: text.into(), code: Some(code), extra }));
    }
}

impl Work<'_> {
    /// Runs a change of the contact, then merges its conventions again if it changed anything.
    pub fn change<R>(&mut self, change: impl FnOnce(&mut Changes<'_>) -> R) -> R {
        let before = self.events.len();
        let origin = self.origin();
        let result = change(&mut Changes {
            assets: self.assets,
            env: self.merged.as_deref().unwrap_or(self.base),
            clock: FillClock::new(self.host, self.base, self.merged.as_deref()),
            host: self.host,
            limits: &self.limits,
            contact: self.contact,
            events: &mut self.events,
            origin,
        });
        if self.events.len() > before {
            self.refresh_env();
        }
        result
    }

    /// Brings the membership of query groups up to date at the beginning of a sprint. If it was right before, only
    /// what the contact's writing touches can have changed.
    pub fn check_groups(&mut self) {
        let were_right = std::mem::replace(&mut self.groups_are_right, true);
        let by = if were_right { Touched::Attribute(Attribute::LastSeenOn) } else { Touched::Anything };
        if self.assets.groups_touched(by).next().is_some() {
            self.change(|changes| changes.reevaluate_touched(by));
        }
    }
}
