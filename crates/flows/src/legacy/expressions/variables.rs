//! What the names of the old language stand for.

use super::Days;
use super::part::{Kind, Part};

/// Attributes of a contact; every other name is a scheme or a field.
const ATTRIBUTES: [&str; 6] = ["uuid", "id", "name", "first_name", "language", "created_on"];

/// Schemes of addresses that a contact may have.
pub(in crate::legacy) const SCHEMES: [&str; 20] = [
    "discord",
    "ext",
    "facebook",
    "fcm",
    "freshchat",
    "instagram",
    "jiochat",
    "line",
    "mailto",
    "rocketchat",
    "slack",
    "tel",
    "telegram",
    "twitter",
    "twitterid",
    "viber",
    "vk",
    "webchat",
    "wechat",
    "whatsapp",
];

/// The expression for a path in lower case; `None` if its first name is unknown.
pub(super) fn migrate(path: &str, days: Days) -> Option<Part> {
    let names: Vec<&str> = path.split('.').collect();
    let (top, rest) = names.split_first()?;
    Some(match *top {
        "contact" => contact("", rest),
        "flow" => run("", rest),
        "child" => run("child.", rest),
        "parent" => run("parent.", rest),
        "extra" => extra(rest),
        "step" => step(rest),
        "date" => date(rest, days)?,
        "channel" => channel(rest),
        _ => return None,
    })
}

/// A contact, that of the run named by `of` (`child.`, `parent.` or nothing).
fn contact(of: &str, names: &[&str]) -> Part {
    let Some((name, rest)) = names.split_first() else { return Part::atom(format!("{of}contact")) };
    if *name == "groups" && rest.is_empty() {
        return Part::call("join", &[Part::atom(format!("{of}contact.groups")), Part::text(",")]);
    }
    if ATTRIBUTES.contains(name) {
        return Part::atom(joined(format!("{of}contact.{name}"), rest));
    }
    if *name == "tel_e164" {
        return path_or_nothing(&format!("{of}urns.tel"));
    }
    if SCHEMES.contains(name) {
        return urn(name, &format!("{of}urns.{name}"), rest);
    }
    Part::atom(joined(format!("{of}fields"), names))
}

fn urn(scheme: &str, urn: &str, rest: &[&str]) -> Part {
    match rest {
        [] if scheme != "tel" => path_or_nothing(urn),
        [] | ["display"] => Part::call("format_urn", &[Part::atom(urn)]),
        ["urn"] => Part::atom(urn),
        _ => Part::atom(joined(format!("urn_parts({urn})"), rest)),
    }
}

fn path_or_nothing(urn: &str) -> Part {
    Part::call("default", &[Part::atom(format!("urn_parts({urn}).path")), Part::text("")])
}

/// The results of a run, or its contact.
fn run(of: &str, names: &[&str]) -> Part {
    match names {
        ["contact", rest @ ..] => contact(of, rest),
        [key, property, rest @ ..] => {
            let property = match *property {
                "text" => "input",
                "category" => "category_localized",
                "time" => "created_on",
                other => other,
            };
            let names: Vec<&str> = [*key, property].into_iter().chain(rest.iter().copied()).collect();
            Part::atom(joined(format!("{of}results"), &names))
        }
        names => Part::atom(joined(format!("{of}results"), names)),
    }
}

/// What a webhook or the parent flow left.
fn extra(names: &[&str]) -> Part {
    match names {
        ["flow", rest @ ..] => run("parent.", rest),
        ["contact", rest @ ..] => contact("parent.", rest),
        names => Part::atom(joined("legacy_extra".to_owned(), names)),
    }
}

/// The message.
fn step(names: &[&str]) -> Part {
    match names {
        [] | ["value"] => Part::atom("input"),
        ["time"] => Part::atom("input.created_on"),
        ["contact", rest @ ..] => contact("", rest),
        ["attachments"] => {
            Part::atom("foreach(foreach(input.attachments, attachment_parts), extract, \"url\")")
        }
        ["attachments", index] if index.bytes().all(|b| b.is_ascii_digit()) => {
            Part::atom(format!("attachment_parts(input.attachments[{index}]).url"))
        }
        names => Part::atom(joined("input".to_owned(), names)),
    }
}

fn date(names: &[&str], days: Days) -> Option<Part> {
    Some(match names {
        [] | ["now"] => Part::atom("now()").of(Kind::DateTime),
        ["today"] => day(Part::atom("today()"), days),
        ["tomorrow"] => day(Part::atom("datetime_add(now(), 1, \"D\")"), days),
        ["yesterday"] => day(Part::atom("datetime_add(now(), -1, \"D\")"), days),
        _ => return None,
    })
}

/// A day, as text unless it stays a moment.
pub(super) fn day(moment: Part, days: Days) -> Part {
    match days {
        Days::AsText => Part::call("format_date", &[moment]).of(Kind::Date),
        Days::AsMoments => moment.of(Kind::Date),
    }
}

fn channel(names: &[&str]) -> Part {
    match names {
        [] | ["address" | "tel" | "tel_e164"] => Part::atom("contact.channel.address"),
        names => Part::atom(joined("contact.channel".to_owned(), names)),
    }
}

/// A path; names that begin with a digit go into brackets.
fn joined(mut path: String, names: &[&str]) -> String {
    for name in names {
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            path.push_str(&format!("[\"{name}\"]"));
        } else {
            path.push('.');
            path.push_str(name);
        }
    }
    path
}
