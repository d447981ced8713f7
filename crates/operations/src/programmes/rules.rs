//! A message set with its rules read: from texts of the definitions to what can be asked.

use std::collections::BTreeMap;

use domain::{
    Contact, Cron,
    programme::{Placement, Plan, Rate, runs_per_week, weeks_between},
};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use store::{MessageSetRow, SubscriptionRow};

use super::{ProgrammeError, StartAt};
use crate::Workspace;

/// From which day the weeks of a set are counted: a date that the contact's field holds, or so many weeks before it.
/// Without a field it is the day of the first message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Key of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<SmolStr>,
    /// Weeks before it, as 40 for a day on which a child is due.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minus_weeks: i32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(weeks: &i32) -> bool {
    *weeks == 0
}

/// What takes the place of a set at an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchRule {
    /// The short name of the set that begins; without, the set just ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SmolStr>,
    /// Whether it begins only for who wants it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
}

/// A set, read.
pub(super) struct Rules<'r> {
    pub row: &'r MessageSetRow,
    schedule: Cron,
    zone: TimeZone,
    placement: Option<Placement>,
    anchor: Anchor,
}

impl<'r> Rules<'r> {
    /// Reads a set, for one person's clock. `schedule`: another than the set's.
    pub fn read(
        row: &'r MessageSetRow,
        schedule: Option<&SmolStr>,
        zone: TimeZone,
    ) -> Result<Self, ProgrammeError> {
        let unusable = |error: String| ProgrammeError::Unusable(row.short_name.clone(), error);
        let schedule = schedule.unwrap_or(&row.schedule);
        let schedule =
            schedule.parse::<Cron>().map_err(|error| unusable(format!("{schedule:?}: {error}")))?;
        if row.weeks.is_empty() {
            return Err(unusable("it has no messages".to_owned()));
        }
        fn json<T: serde::de::DeserializeOwned>(text: Option<&String>) -> Result<Option<T>, String> {
            text.map(|text| serde_json::from_str(text).map_err(|error| error.to_string())).transpose()
        }
        let placement = json(row.placement.as_ref()).map_err(unusable)?;
        let anchor: Option<Anchor> = json(row.anchor.as_ref()).map_err(unusable)?;
        Ok(Self { row, schedule, zone, placement, anchor: anchor.unwrap_or_default() })
    }

    /// The rules of a subscription's set.
    pub fn of(ws: &'r Workspace, row: &SubscriptionRow, contact: &Contact) -> Result<Self, ProgrammeError> {
        let set = ws.definitions().message_sets.iter().find(|set| set.id == row.set);
        let set = set.ok_or_else(|| ProgrammeError::NoSet(row.set.to_string().into()))?;
        Self::read(set, row.schedule.as_ref(), zone_of(ws, contact))
    }

    /// When it sends.
    pub fn schedule(&self) -> &Cron {
        &self.schedule
    }

    /// By which clock.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn messages(&self) -> u32 {
        u32::try_from(self.row.weeks.len()).unwrap_or(u32::MAX)
    }

    /// When messages go, with this first day of week 0.
    pub fn plan(&self, anchor: Option<Date>) -> Plan<'_> {
        Plan { schedule: &self.schedule, zone: &self.zone, anchor, weeks: &self.row.weeks }
    }

    /// How many messages a week it sends.
    pub fn rate(&self) -> Rate {
        Rate::from(runs_per_week(&self.schedule))
    }

    /// The field that holds the day from which weeks are counted.
    pub fn field(&self) -> Option<&SmolStr> {
        self.anchor.field.as_ref()
    }

    /// What happens at an event.
    pub fn switch(&self, event: &str) -> Option<SwitchRule> {
        let rules: BTreeMap<SmolStr, SwitchRule> =
            serde_json::from_str(self.row.switches.as_deref()?).ok()?;
        rules.get(event).cloned()
    }

    /// The day that is meant: the one that was given, or that of the contact's field.
    pub fn day(&self, contact: &Contact, given: Option<Date>) -> Option<Date> {
        let field = || {
            let value = contact.fields.get(self.anchor.field.as_ref()?)?;
            Some(value.datetime.as_ref()?.with_time_zone(self.zone.clone()).date())
        };
        given.or_else(field)
    }

    /// Where somebody begins: the first day of week 0, and the message. `begun`: messages go strictly after it.
    pub fn place(
        &self,
        contact: &Contact,
        start: &StartAt,
        begun: Timestamp,
    ) -> Result<(Option<Date>, u32), ProgrammeError> {
        let set = &self.row.short_name;
        let day = match start {
            StartAt::Placed { day } => self.day(contact, *day),
            StartAt::Message(_) => self.day(contact, None),
        };
        let anchor = day.map(|day| day.saturating_sub(self.anchor.minus_weeks.weeks()));
        let by_week = self.row.weeks.iter().any(Option::is_some);
        let first_run = || self.schedule.next(begun, &self.zone);
        let anchor_or_start = match anchor {
            Some(anchor) => Some(anchor),
            None if by_week => first_run().map(|run| run.to_zoned(self.zone.clone()).date()),
            None => None,
        };
        let messages = self.messages();
        match (start, anchor, &self.placement) {
            (StartAt::Message(wanted), ..) if *wanted == 0 || *wanted > messages => {
                Err(ProgrammeError::NoMessage { set: set.clone(), messages, wanted: *wanted })
            }
            (StartAt::Message(wanted), ..) => Ok((anchor_or_start, *wanted)),
            (StartAt::Placed { .. }, None, placement) => match (&self.anchor.field, placement) {
                (Some(field), Some(_)) => {
                    Err(ProgrammeError::NeedsDay { set: set.clone(), field: field.clone() })
                }
                (Some(_), None) | (None, _) => Ok((anchor_or_start, 1)),
            },
            (StartAt::Placed { .. }, Some(anchor), Some(placement)) => {
                let today = begun.to_zoned(self.zone.clone()).date();
                let number = placement.start(weeks_between(anchor, today), self.rate());
                Ok((anchor_or_start, number.min(messages)))
            }
            (StartAt::Placed { .. }, Some(_), None) if by_week => {
                let place = self.plan(anchor).place_by_week(begun);
                let number = place.ok_or_else(|| ProgrammeError::Over(set.clone()))?;
                Ok((anchor, number))
            }
            (StartAt::Placed { .. }, Some(_), None) => Ok((anchor, 1)),
        }
    }
}

/// By whose clock somebody's messages go.
pub(super) fn zone_of(ws: &Workspace, contact: &Contact) -> TimeZone {
    let own = contact.timezone.as_ref().and_then(|name| TimeZone::get(name).ok());
    own.unwrap_or_else(|| ws.env.timezone.clone())
}

/// A set by its short name, whatever its case.
pub(super) fn set_named<'w>(ws: &'w Workspace, name: &str) -> Result<&'w MessageSetRow, ProgrammeError> {
    let wanted = name.trim().to_lowercase();
    let sets = &ws.definitions().message_sets;
    let found = sets.iter().find(|set| set.short_name.to_lowercase() == wanted);
    found.ok_or_else(|| ProgrammeError::NoSet(name.into()))
}
