//! `subscription_actions.json`: something happens in a life, and what somebody gets goes on accordingly.

use node::limits;
use operations::{OptOut, OptOutKind, Switch, opt_out, resend_last, switch};

use super::subscriptions::{day, refused};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::shape::{Prop, Shape, prop};

/// Characters of a word that says why.
const MAX_REASON: usize = 64;
/// Characters of a name.
const MAX_NAME: usize = 100;

pub(crate) static RESOURCE: Resource = Resource {
    name: "subscription_actions",
    alias: None,
    about: "Something that changes what a contact gets.",
    limit: &limits::API,
    endpoints: &[Endpoint::act(Roles::WORKERS, "Does it", BODY, |call| Box::pin(act(call)))],
};

const ACTIONS: [&str; 7] = ["event", "language", "address", "medium", "day", "opt_out", "resend"];
const KINDS: [&str; 3] = ["stop", "forget", "loss"];

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "Who, by identifier or address"),
    prop("action", Shape::Word(&ACTIONS), "What is done"),
    prop("event", Shape::Text, "What happened, such as `birth` (`event`)"),
    prop("day", Shape::Day, "The day from which a set counts (`event`, `day`)"),
    prop("reason", Shape::Text, "Why, as a word that can be counted (`event`, `opt_out`)"),
    prop("wanted", Shape::Bool, "Whether they want the messages of a set that asks first (`event`)"),
    prop("language", Shape::Text, "ISO 639-3 code (`language`)"),
    prop("urn", Shape::Text, "The new address (`address`)"),
    prop("from", Shape::Text, "Name of the set that they get (`medium`, `day`)"),
    prop("to", Shape::Text, "Name of the set that they shall get (`medium`)"),
    prop("kind", Shape::Word(&KINDS), "What shall become of them (`opt_out`); without it `stop`"),
];

/// What a body asks for.
enum Wanted {
    Switch(Switch),
    OptOut(OptOut),
    Resend,
}

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contact", "action"] {
        if given.value(name).is_none() {
            given.wrong(name, "This field is required.");
        }
    }
    let contact = named::contact(call, &mut given, "contact").await?;
    let wanted = wanted(call, &mut given);
    given.done()?;
    let (Some(contact), Some(wanted)) = (contact, wanted) else { return Err(ApiError::not_found()) };
    let (ctx, workspace) = (call.ctx(), call.workspace());
    match wanted {
        Wanted::Switch(wanted) => {
            let done = switch(ctx, workspace, contact.id, wanted).await.map_err(refused)?;
            call.node.hand_over(done);
        }
        Wanted::OptOut(out) => {
            let done = opt_out(ctx, workspace, contact.id, out).await.map_err(refused)?;
            call.node.hand_over(done);
        }
        Wanted::Resend => {
            let done = resend_last(ctx, workspace, contact.id).await.map_err(refused)?;
            call.node.hand_over(done);
        }
    }
    Ok(Reply::Done)
}

fn wanted(call: &Call, given: &mut Given<'_>) -> Option<Wanted> {
    let day = day(given);
    let reason = given.text("reason", MAX_REASON);
    Some(match given.word("action", &ACTIONS)? {
        "event" => {
            let wanted = given.flag("wanted").unwrap_or(true);
            let event = given.needed_text("event", MAX_NAME)?;
            Wanted::Switch(Switch::Event { event, day, reason, wanted })
        }
        "language" => Wanted::Switch(Switch::Language(given.needed_text("language", 3)?)),
        "address" => {
            let text = given.needed_text("urn", MAX_NAME)?;
            let urn = named::urn(call, &text);
            if urn.is_none() {
                given.wrong("urn", format!("Not a valid URN: {text}."));
            }
            Wanted::Switch(Switch::Address(urn?))
        }
        "medium" => {
            let (from, to) = (given.needed_text("from", MAX_NAME), given.needed_text("to", MAX_NAME));
            Wanted::Switch(Switch::Medium { from: from?, to: to? })
        }
        "day" => {
            let set = given.needed_text("from", MAX_NAME);
            if day.is_none() && given.value("day").is_none() {
                given.wrong("day", "This field is required.");
            }
            Wanted::Switch(Switch::Day { set: set?, day: day? })
        }
        "opt_out" => {
            let kind = match given.word("kind", &KINDS) {
                Some("forget") => OptOutKind::Forget,
                Some("loss") => OptOutKind::Loss,
                Some(_) | None => OptOutKind::Stop,
            };
            if reason.is_none() && given.value("reason").is_none() {
                given.wrong("reason", "This field is required.");
            }
            Wanted::OptOut(OptOut { kind, reason: reason? })
        }
        _ => Wanted::Resend,
    })
}
