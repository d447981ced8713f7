//! How moments and references are written.

use jiff::Timestamp;
use serde_json::{Value, json};
use store::IdSource;

/// A moment as clients of the API read it: UTC with six digits of the second.
pub(crate) fn moment(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

/// The same of one that may not have come.
pub(crate) fn moment_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, moment)
}

/// When a row was made whose row number this is, for rows that do not say it themselves.
pub(crate) fn made_on(id: i64) -> Timestamp {
    IdSource::made_on(id)
}

/// `{"uuid", "name"}`.
pub(crate) fn reference(uuid: impl serde::Serialize, name: &str) -> Value {
    json!({"uuid": uuid, "name": name})
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_have_six_digits() {
        let check = |given: &str, expected: &str| {
            assert_eq!(moment(given.parse().unwrap()), expected);
        };
        check("2026-05-01T08:30:00Z", "2026-05-01T08:30:00.000000Z");
        check("2026-05-01T08:30:00.123456789Z", "2026-05-01T08:30:00.123456Z");
        check("2026-05-01T08:30:00+03:00", "2026-05-01T05:30:00.000000Z");
    }
}
