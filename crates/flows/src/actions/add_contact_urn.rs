//! `add_contact_urn`: adds an address, if no other contact has it. The local `_has_urn` is the address if the
//! contact has it afterwards, empty if not.

use domain::Urn;
use smol_str::SmolStr;

use super::Outcome;
use crate::{effect::Effect, engine::work::Work, program::Text};

/// The local that says whether the contact has the address now.
const LOCAL: &str = "_has_urn";

pub(super) fn execute(work: &mut Work<'_>, scheme: &str, path: &Text) -> Outcome {
    let (path, _) = work.render(path);
    let path = path.trim();
    if path.is_empty() {
        work.error("Can't add URN with empty path");
        return Outcome::Done;
    }
    let Some(urn) = work.change(|changes| changes.checked_urn(scheme, path)) else {
        work.set_local(LOCAL, SmolStr::default());
        return Outcome::Done;
    };
    if work.change(|changes| changes.has_urn(&urn)) {
        work.set_local(LOCAL, urn.identity());
        return Outcome::Done;
    }
    Outcome::Needs(Effect::ClaimUrn { urn })
}

pub(super) fn complete(work: &mut Work<'_>, urn: Urn, free: bool) -> Outcome {
    let identity = urn.identity();
    let added = work.change(|changes| {
        if free {
            changes.append_urn(urn)
        } else {
            changes.urn_taken(&urn);
            false
        }
    });
    work.set_local(LOCAL, if added { identity } else { SmolStr::default() });
    Outcome::Done
}
