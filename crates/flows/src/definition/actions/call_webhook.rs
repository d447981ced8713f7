//! Calls a web service.

use indexmap::IndexMap;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::{
    MAX_HEADER_NAME, MAX_HEADER_VALUE, MAX_HEADERS, MAX_WEBHOOK_BODY, MAX_WEBHOOK_URL,
};
use crate::definition::nullable::nullable;

/// The methods a webhook may use.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A call to a web service; `@webhook` holds its answer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CallWebhook {
    /// HTTP method.
    #[serde(default, deserialize_with = "nullable")]
    pub method: SmolStr,
    /// Template of the address.
    #[serde(default, deserialize_with = "nullable")]
    pub url: SmolStr,
    /// Templates of headers.
    #[serde(default, deserialize_with = "nullable")]
    pub headers: IndexMap<SmolStr, SmolStr>,
    /// Template of the body.
    #[serde(default, deserialize_with = "nullable")]
    pub body: SmolStr,
    /// Name under which the outcome is kept; empty if it is not.
    #[serde(default, deserialize_with = "nullable")]
    pub result_name: SmolStr,
}

impl CallWebhook {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("method", &self.method);
        if !self.method.is_empty() && !METHODS.contains(&&*self.method) {
            problems.add("field 'method' is not a valid HTTP method");
        }
        problems.required("url", &self.url);
        problems.max_text("url", &self.url, MAX_WEBHOOK_URL);
        if self.headers.len() > MAX_HEADERS {
            problems.add(format!("field 'headers' must be less than or equal to {MAX_HEADERS}"));
        }
        for (name, value) in &self.headers {
            problems.max_text(&format!("headers[{name}]"), name, MAX_HEADER_NAME);
            problems.max_text(&format!("headers[{name}]"), value, MAX_HEADER_VALUE);
        }
        problems.max_text("body", &self.body, MAX_WEBHOOK_BODY);
        problems.result_name("result_name", &self.result_name);
    }
}
