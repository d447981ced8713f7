//! The workspace's conventions with the contact's own: zone, language, and the country of the channel.

use std::sync::Arc;

use domain::Contact;
use expressions::Environment;
use jiff::tz::TimeZone;
use smol_str::SmolStr;

use crate::{assets::Assets, context::channel_of};

/// The merged conventions; `None` if the contact has none of its own that differ.
pub(crate) fn merge_environment(
    assets: &Assets,
    base: &Environment,
    contact: &Contact,
) -> Option<Box<Environment>> {
    let zone = own_zone(base, contact);
    let language = own_language(base, contact);
    let country = channel_of(assets, contact)
        .and_then(|(_, channel)| channel.country.clone())
        .or_else(|| number_country(contact))
        .filter(|country| base.default_country.as_ref() != Some(country));
    let locations = assets.locations().filter(|_| base.locations.is_none());
    if zone.is_none() && language.is_none() && country.is_none() && locations.is_none() {
        return None;
    }
    let mut env = base.clone();
    if let Some(zone) = zone {
        env.timezone = zone;
    }
    if let Some(language) = language {
        env.allowed_languages.retain(|code| code != language);
        env.allowed_languages.insert(0, language.clone());
    }
    if country.is_some() {
        env.default_country = country;
    }
    if let Some(locations) = locations {
        env.locations = Some(Arc::clone(locations));
    }
    Some(Box::new(env))
}

/// The country of the contact's first phone number.
fn number_country(contact: &Contact) -> Option<SmolStr> {
    let urn = contact.urns.iter().find(|urn| urn.urn.scheme == "tel")?;
    domain::phone::country(&urn.urn.path)
}

fn own_zone(base: &Environment, contact: &Contact) -> Option<TimeZone> {
    let name = contact.timezone.as_deref()?;
    if base.timezone.iana_name() == Some(name) {
        return None;
    }
    TimeZone::get(name).ok()
}

fn own_language<'c>(base: &Environment, contact: &'c Contact) -> Option<&'c SmolStr> {
    let language = contact.language.as_ref()?;
    let place = base.allowed_languages.iter().position(|code| code == language)?;
    (place > 0).then_some(language)
}
