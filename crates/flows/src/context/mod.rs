//! What expressions see: the live session as a [`Scope`], without maps built for each template.
//!
//! A reference such as `@contact.name` is answered straight from the state. Only a reference to a whole object,
//! or one that does not exist, makes the object.

mod contact;
mod legacy_extra;
mod related;
mod results;
mod run;
mod situation;

use domain::Contact;
use expressions::{Environment, Scope, Value};
use jiff::{Timestamp, tz::TimeZone};
use smol_str::SmolStr;

pub(crate) use contact::{channel_of, redacted_urn_text};

use crate::{
    assets::Assets,
    events::Dial,
    session::{Run, Session},
};

/// The resume that a sprint began with, as `@resume` sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    pub name: &'static str,
    pub dial: Option<Dial>,
}

/// Everything an expression of one run can refer to.
pub(crate) struct Context<'w> {
    pub assets: &'w Assets,
    pub env: &'w Environment,
    pub contact: &'w Contact,
    pub session: &'w Session,
    pub run: Option<usize>,
    pub resumed: Option<Resumed>,
}

impl<'w> Context<'w> {
    /// The run that is executing. Templates are also evaluated before the first run exists.
    fn run(&self) -> Option<&'w Run> {
        self.session.runs.get(self.run?)
    }
}

/// A moment as expressions see it.
pub(crate) fn moment(timestamp: Timestamp) -> Value {
    Value::datetime(timestamp.to_zoned(TimeZone::UTC))
}

/// A text, or null if it is absent.
pub(crate) fn optional(text: Option<&SmolStr>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

/// A UUID as text.
pub(crate) fn id(uuid: impl std::fmt::Display) -> Value {
    Value::Text(smol_str::format_smolstr!("{uuid}"))
}

impl Scope for Context<'_> {
    fn top(&self, name: &str) -> Option<Value> {
        Some(match name {
            "contact" => self.contact_value(self.contact),
            "fields" => self.fields_value(self.contact),
            "urns" => self.urns_value(self.contact),
            "locals" => self.locals_value(),
            "results" => self.results_value(),
            "input" => self.input_value(),
            "run" => self.run_value(),
            "child" => self.child_value(),
            "parent" => self.parent_value(),
            "ticket" => self.ticket_value(),
            "webhook" => self.webhook_value(),
            "node" => self.node_value(),
            "globals" => self.globals_value(),
            "trigger" => self.trigger_value(),
            "resume" => self.resume_value(),
            "legacy_extra" => self.legacy_extra_value(),
            "tables" => self.tables_value(),
            _ => return None,
        })
    }

    fn path(&self, path: &[SmolStr]) -> Option<Value> {
        match path.first()?.as_str() {
            "contact" => self.contact_path(&path[1..]),
            "fields" => self.field_path(&path[1..]),
            "urns" => self.urn_path(&path[1..]),
            "results" => self.result_path(&path[1..]),
            "locals" => self.local_path(&path[1..]),
            "globals" => match path {
                [_, key] => self.assets.global(key).map(|global| Value::Text(global.value.clone())),
                _ => None,
            },
            "input" => self.input_path(&path[1..]),
            "child" => self.child_path(&path[1..]),
            "webhook" => self.webhook_path(&path[1..]),
            "tables" => match path {
                [_, name] => self.assets.table_value(name).cloned(),
                _ => None,
            },
            // The word in `@tables.clinics[code]`.
            "named" => match path {
                [_, word] => Some(self.named(word)),
                _ => None,
            },
            _ => None,
        }
    }

    fn deprecated(&self, name: &str) -> Option<SmolStr> {
        (name == "legacy_extra").then(|| SmolStr::new_static("@legacy_extra is deprecated"))
    }
}
