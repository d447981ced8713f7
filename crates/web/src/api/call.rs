//! A call as endpoints see it, and what they answer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use domain::WorkspaceId;
use jiff::Timestamp;
use node::Node;
use operations::{Context, Role, Workspace};
use serde_json::{Map, Value};
use store::{Definitions, UserRow};
use uuid::Uuid;

use super::auth::Proof;
use super::error::ApiError;
use super::multipart::File;
use super::page::Cursor;
use super::upload::Upload;

/// A call that may be done.
pub(crate) struct Call {
    /// Where.
    pub node: Node,
    /// What operations are given.
    pub ctx: Context,
    /// The caller's workspace as it is now.
    pub ws: Arc<Workspace>,
    /// The caller.
    pub user: UserRow,
    /// What they may do.
    pub role: Role,
    /// By what they are known.
    pub proof: Proof,
    /// Parameters of the address.
    pub query: Query,
    /// Members of the body.
    pub body: Map<String, Value>,
    /// The file in the body, where one is asked for.
    pub file: Option<File>,
    /// The body where it is a form with a large file, to be taken once.
    pub upload: Mutex<Option<Upload>>,
    /// How this node is reached, such as `https://example.org`.
    pub base: String,
}

impl Call {
    /// The large file in the body, if there is one and nobody took it.
    pub fn take_upload(&self) -> Option<Upload> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What operations are given.
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The caller's workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.ws.row.id
    }

    /// The identifier of what the call is about, if the address names one. What nothing can be is not found.
    pub fn wanted(&self, name: &str) -> Result<Option<Uuid>, ApiError> {
        match self.query.uuid(name) {
            Asked::Nothing => Ok(None),
            Asked::This(uuid) => Ok(Some(uuid)),
            Asked::Unreadable => Err(ApiError::not_found()),
        }
    }

    /// Everything that the workspace is made of.
    pub fn definitions(&self) -> &Definitions {
        self.ws.definitions()
    }
}

/// What comes back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A page of a list.
    Page {
        /// What is on it.
        results: Vec<Value>,
        /// Where the next one begins.
        next: Option<Cursor>,
        /// Where the one before ends.
        previous: Option<Cursor>,
    },
    /// All of a list that is counted.
    Counted {
        /// How many there are.
        count: usize,
        /// How many stand before what is shown.
        from: usize,
        /// How many are shown at once.
        limit: usize,
        /// What is shown of them.
        results: Vec<Value>,
    },
    /// One object.
    One(Value),
    /// An object that was made.
    Made(Value),
    /// It is done.
    Done,
    /// It is done except for these.
    Failures(Vec<Value>),
    /// A file: its name, media type and bytes.
    File {
        /// Name under which it is kept.
        name: String,
        /// Media type.
        media_type: &'static str,
        /// Its bytes, as they come.
        body: Body,
    },
}

impl Reply {
    /// An object that was saved.
    pub fn saved(made: bool, value: Value) -> Self {
        if made { Self::Made(value) } else { Self::One(value) }
    }
}

/// Parameters of an address. Of one that is given several times the last counts, unless all are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

/// A moment that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<T> {
    /// Nothing was asked for.
    Nothing,
    /// This.
    This(T),
    /// Something that nothing can be.
    Unreadable,
}

impl Query {
    /// Reads what stands behind the question mark.
    pub fn read(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// All names and values as given.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// A parameter that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A truth value, such as `1`; `None` if it is not given or is none.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)?.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
            _ => None,
        }
    }

    /// An identifier.
    pub fn uuid(&self, name: &str) -> Asked<Uuid> {
        self.asked(name, |text| text.parse().ok())
    }

    /// A number.
    pub fn int(&self, name: &str) -> Asked<i64> {
        self.asked(name, |text| text.parse().ok())
    }

    /// A moment.
    pub fn moment(&self, name: &str) -> Asked<Timestamp> {
        self.asked(name, read_moment)
    }

    fn asked<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Asked<T> {
        match self.text(name) {
            None => Asked::Nothing,
            Some(text) => read(text).map_or(Asked::Unreadable, Asked::This),
        }
    }

    /// The span of time that is asked for; `None` if nothing can be in it.
    pub fn span(&self) -> Option<Span> {
        let bound = |name, open: i64| match self.moment(name) {
            Asked::Nothing => Some(open),
            Asked::This(at) => Some(at.as_microsecond()),
            Asked::Unreadable => None,
        };
        Some(Span { after: bound("after", i64::MIN)?, before: bound("before", i64::MAX)? })
    }
}

/// A span of time in microseconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub after: i64,
    pub before: i64,
}

impl Span {
    /// Whether a moment is in it.
    pub fn holds(self, at: Timestamp) -> bool {
        (self.after..=self.before).contains(&at.as_microsecond())
    }
}

/// A moment as clients write it: with an offset, or in UTC, or a day alone.
fn read_moment(text: &str) -> Option<Timestamp> {
    // A plus sign that was not escaped arrives as a blank.
    let text = text.trim().replace(' ', "+");
    let utc = |civil: jiff::civil::DateTime| civil.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| Some(utc(text.replacen('+', "T", 1).parse().ok()?)?.timestamp()))
        .or_else(|| Some(utc(text.parse::<jiff::civil::DateTime>().ok()?)?.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::{Asked, Query};

    #[test]
    fn reads_moments_as_people_write_them() {
        let check = |given: &str, expected: &str| {
            let found = Query::read(&format!("after={given}")).moment("after");
            assert_eq!(found, Asked::This(expected.parse().unwrap()), "{given}");
        };
        check("2026-05-01T08:30:00.5Z", "2026-05-01T08:30:00.5Z");
        check("2026-05-01T08:30:00%2B02:00", "2026-05-01T06:30:00Z");
        check("2026-05-01T08:30:00+02:00", "2026-05-01T06:30:00Z");
        check("2026-05-01T08:30:00", "2026-05-01T08:30:00Z");
        check("2026-05-01%2008:30:00", "2026-05-01T08:30:00Z");
        check("2026-05-01", "2026-05-01T00:00:00Z");
        for bad in ["yesterday", "2026-13-01", "1", "2026"] {
            assert_eq!(Query::read(&format!("after={bad}")).moment("after"), Asked::Unreadable, "{bad}");
            assert_eq!(Query::read(&format!("after={bad}")).span(), None, "{bad}");
        }
    }

    #[test]
    fn reads_flags_and_lists() {
        let query = Query::read("reverse=1&paths=False&flow=a&flow=b&deleted=x&empty=");
        assert_eq!((query.flag("reverse"), query.flag("paths")), (Some(true), Some(false)));
        assert_eq!((query.flag("deleted"), query.flag("empty")), (None, None));
        assert_eq!(query.all("flow").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((query.text("flow"), query.text("empty")), (Some("b"), None));
    }
}
