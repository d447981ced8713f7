//! 13.2: the language of a flow that never said is `und`, no longer `base`.

use serde_json::Value;

use super::walk::{Object, object, text};

/// ISO 639-3: the language is not determined.
const UNDETERMINED: &str = "und";

pub(super) fn migrate(flow: &mut Object) {
    if is_language(text(flow, "language")) {
        return;
    }
    flow.insert("language".into(), UNDETERMINED.into());
    if let Some(languages) = object(flow, "localization") {
        languages.shift_remove(UNDETERMINED);
    }
}

/// Whether a text has the form of an ISO 639-3 code.
pub(super) fn is_language(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// 14.2: translations into what is no language go away.
pub(super) fn drop_invalid_languages(flow: &mut Object) {
    if let Some(languages) = object(flow, "localization") {
        languages.retain(|code, _: &mut Value| is_language(code));
    }
}
