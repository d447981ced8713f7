//! OpenPAYGO Metrics 1.0: what a connected device reports, signed with its key, and the signed answer with its codes.
//!
//! The signature covers parts of the report as they were written, so numbers are kept as their text.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::keycode::{DeviceKey, siphash};

/// Bytes of a report.
pub const REPORT_BYTES_MAX: usize = 256 * 1024;

/// Rows of history in a report.
pub const HISTORY_ROWS_MAX: usize = 4_096;

/// A report of a device in its short form.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// The device's serial number.
    #[serde(rename = "sn")]
    pub serial: String,
    /// When it was written: seconds since 1970, which must rise from report to report.
    #[serde(rename = "ts", default)]
    pub timestamp: Option<i64>,
    /// How many requests the device has made, which must rise where there is no clock.
    #[serde(rename = "rc", default)]
    pub request_count: Option<i64>,
    /// Which format the data has.
    #[serde(rename = "df", default)]
    pub data_format: Option<i64>,
    /// Data of now, in the order of its format.
    #[serde(rename = "d", default)]
    pub data: Option<Box<RawValue>>,
    /// Data of before, a row for each interval.
    #[serde(rename = "hd", default)]
    pub history: Option<Box<RawValue>>,
    /// The signature: two letters for what it covers, and a hash.
    #[serde(rename = "a", default)]
    pub signature: Option<String>,
}

/// A report is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Too long.
    #[error("a report has at most {REPORT_BYTES_MAX} bytes")]
    TooLong,
    /// Not what the standard says.
    #[error("the report cannot be read: {0}")]
    Malformed(String),
    /// Nothing is signed.
    #[error("the report carries no signature (a)")]
    Unsigned,
    /// Two letters that the standard does not know.
    #[error("the signature covers something unknown: {0}")]
    Method(String),
    /// The signature is of another device, or of something else.
    #[error("the signature does not fit the device's key")]
    Forged,
    /// It was sent before.
    #[error("the report is not newer than the last one")]
    Replayed,
}

/// Reads a report.
pub fn read(text: &str) -> Result<Report, ReportError> {
    if text.len() > REPORT_BYTES_MAX {
        return Err(ReportError::TooLong);
    }
    serde_json::from_str(text).map_err(|error| ReportError::Malformed(error.to_string()))
}

impl Report {
    /// Whether the device with this key wrote it.
    pub fn check(&self, key: &DeviceKey) -> Result<(), ReportError> {
        let signature = self.signature.as_deref().ok_or(ReportError::Unsigned)?;
        let (method, hash) =
            signature.split_at_checked(2).ok_or_else(|| ReportError::Method(signature.to_owned()))?;
        let expected = self.signed(key, method)?;
        if hash.eq_ignore_ascii_case(&expected) { Ok(()) } else { Err(ReportError::Forged) }
    }

    /// The hash of what a method covers.
    fn signed(&self, key: &DeviceKey, method: &str) -> Result<String, ReportError> {
        let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let (serial, ts, rc) = (&self.serial, text(self.timestamp), text(self.request_count));
        let (data, history) = (compact(self.data.as_deref()), compact(self.history.as_deref()));
        Ok(match method {
            "sa" => hashed(key, serial),
            "ta" => hashed(key, &format!("{serial}{ts}")),
            "ca" => hashed(key, &format!("{serial}{rc}")),
            // A history without rows is signed as if there were none.
            "da" if history == "[]" => hashed(key, &format!("{serial}{ts}{rc}{data}")),
            "da" => hashed(key, &format!("{serial}{ts}{rc}{data}{history}")),
            "ra" => self.signed_in_steps(key, [&ts, &rc, &data])?,
            other => return Err(ReportError::Method(other.to_owned())),
        })
    }

    /// The hash that goes on with each part, so that a small device need not hold the whole report.
    fn signed_in_steps(&self, key: &DeviceKey, parts: [&String; 3]) -> Result<String, ReportError> {
        let malformed = |error: serde_json::Error| ReportError::Malformed(error.to_string());
        let rows: Vec<Box<RawValue>> = self
            .history
            .as_deref()
            .map_or(Ok(Vec::new()), |rows| serde_json::from_str(rows.get()))
            .map_err(malformed)?;
        let mut hash = hashed(key, &self.serial);
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            hash = hashed(key, &format!("{hash}{part}"));
        }
        for row in rows.iter().take(HISTORY_ROWS_MAX) {
            hash = hashed(key, &format!("{hash}{}", compact(Some(row))));
        }
        Ok(hash)
    }

    /// Whether it is newer than the last one: by its clock, or by its count.
    pub fn is_newer(&self, last_timestamp: Option<i64>, last_count: Option<i64>) -> Result<(), ReportError> {
        let rises = |now: Option<i64>, last: Option<i64>| now.is_some() && now > last;
        let is_timed = self.timestamp.is_some() || self.request_count.is_some();
        if !is_timed || rises(self.timestamp, last_timestamp) || rises(self.request_count, last_count) {
            return Ok(());
        }
        Err(ReportError::Replayed)
    }
}

/// What the server says to a report. Members that are not set are left out.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Reply {
    /// Codes that the device has not taken.
    #[serde(rename = "tkl", skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<String>>,
    /// Lit until then: seconds since 1970.
    #[serde(rename = "auts", skip_serializing_if = "Option::is_none")]
    pub active_until: Option<i64>,
    /// Seconds that are left.
    #[serde(rename = "asl", skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<i64>,
    /// Settings for the device.
    #[serde(rename = "st", skip_serializing_if = "Option::is_none")]
    pub settings: Option<serde_json::Value>,
    /// Whatever else the product understands.
    #[serde(rename = "ed", skip_serializing_if = "Option::is_none")]
    pub extra: Option<serde_json::Value>,
    /// The signature.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl Reply {
    /// Signs the reply to a report: serial number, its moment and count, and all that is said.
    pub fn sign(mut self, key: &DeviceKey, to: &Report) -> Self {
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let json =
            |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let tokens = self.tokens.as_ref().map(|tokens| serde_json::json!(tokens));
        let said = [
            to.serial.clone(),
            number(to.timestamp),
            number(to.request_count),
            number(self.active_until),
            number(self.seconds_left),
            json(&tokens),
            json(&self.settings),
            json(&self.extra),
        ];
        self.signature = Some(format!("da{}", hashed(key, &said.concat())));
        self
    }
}

/// A hash as small hexadecimal digits without leading zeros.
fn hashed(key: &DeviceKey, text: &str) -> String {
    format!("{:x}", siphash(key, text.as_bytes()))
}

/// JSON without blanks between its parts; numbers and texts as they were written.
fn compact(value: Option<&RawValue>) -> String {
    let Some(value) = value else { return String::new() };
    let (mut is_text, mut is_escaped) = (false, false);
    let keep = |character: &char| {
        if is_text {
            is_text = is_escaped || *character != '"';
            is_escaped = !is_escaped && *character == '\\';
            return true;
        }
        is_text = *character == '"';
        !character.is_ascii_whitespace()
    };
    value.get().chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_between_parts_do_not_count() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(
            compact(Some(&raw(r#"[ 1.50, "a \" b" , {"c" : null} ]"#))),
            r#"[1.50,"a \" b",{"c":null}]"#
        );
        assert_eq!(compact(None), "");
    }

    #[test]
    fn a_report_is_signed_and_newer() {
        let key = DeviceKey::new([7; 16]);
        let text = |signature: &str| format!(r#"{{"sn":"A1","ts":10,"d":[1, 2.50],"a":"{signature}"}}"#);
        let hash = hashed(&key, "A110[1,2.50]");
        let report = read(&text(&format!("da{hash}"))).unwrap();
        assert_eq!(report.check(&key), Ok(()));
        assert_eq!(report.check(&DeviceKey::new([8; 16])), Err(ReportError::Forged));
        assert_eq!(read(&text("xx1")).unwrap().check(&key), Err(ReportError::Method("xx".to_owned())));
        assert_eq!(read(&text("é")).unwrap().check(&key).unwrap_err(), ReportError::Method("é".to_owned()));
        assert_eq!(
            (report.is_newer(Some(9), None), report.is_newer(Some(10), None)),
            (Ok(()), Err(ReportError::Replayed))
        );
    }
}
