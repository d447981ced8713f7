//! `set_contact_field`, `_name`, `_language`, `_timezone`, `_status` and `_channel`.

use domain::{ChannelUuid, ContactStatus};
use smol_str::SmolStr;

use super::Outcome;
use crate::{
    definition::{FieldReference, Reference},
    engine::work::Work,
    events::ErrorCode,
    program::Text,
};

pub(super) fn field(work: &mut Work<'_>, field: &FieldReference, value: &Text) -> Outcome {
    let (value, fine) = work.render(value);
    if !fine {
        return Outcome::Done;
    }
    let assets = work.assets;
    match assets.field(&field.key) {
        Some(field) => work.change(|changes| changes.set_field(field, value.trim())),
        None => work.missing("field", &field.key, &field.name),
    }
    Outcome::Done
}

pub(super) fn name(work: &mut Work<'_>, name: &Text) -> Outcome {
    let (name, fine) = work.render(name);
    if fine {
        work.change(|changes| changes.set_name(SmolStr::new(name.trim())));
    }
    Outcome::Done
}

pub(super) fn language(work: &mut Work<'_>, language: &Text) -> Outcome {
    let (language, fine) = work.render(language);
    if !fine {
        return Outcome::Done;
    }
    let language = language.trim();
    if language.is_empty() || domain::language::is_code(language) {
        work.change(|changes| changes.set_language(SmolStr::new(language)));
    } else {
        work.error(format!("unrecognized language code: {language}"));
    }
    Outcome::Done
}

pub(super) fn timezone(work: &mut Work<'_>, timezone: &Text) -> Outcome {
    let (timezone, fine) = work.render(timezone);
    if !fine {
        return Outcome::Done;
    }
    let timezone = timezone.trim();
    if timezone.is_empty() || expressions::dates::zone(timezone).is_some() {
        work.change(|changes| changes.set_timezone(SmolStr::new(timezone)));
    } else {
        work.error_code(
            ErrorCode::TimezoneInvalid,
            format!("Unrecognized timezone: '{timezone}'"),
            &[("timezone", timezone)],
        );
    }
    Outcome::Done
}

pub(super) fn status(work: &mut Work<'_>, status: ContactStatus) -> Outcome {
    work.change(|changes| changes.set_status(status));
    Outcome::Done
}

pub(super) fn channel(work: &mut Work<'_>, channel: Option<&Reference<ChannelUuid>>) -> Outcome {
    let assets = work.assets;
    let Some(reference) = channel else {
        work.change(|changes| changes.set_channel(None));
        return Outcome::Done;
    };
    match assets.channel(reference.uuid) {
        Some(channel) => work.change(|changes| changes.set_channel(Some(channel))),
        None => work.missing("channel", &reference.uuid.to_string(), &reference.name),
    }
    Outcome::Done
}
