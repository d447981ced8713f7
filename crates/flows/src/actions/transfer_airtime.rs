//! `transfer_airtime`: sends airtime to the contact's phone. The local `_new_transfer` is the transfer, empty if
//! there was none.

use domain::{EventUuid, Urn};
use indexmap::IndexMap;
use smol_str::{SmolStr, ToSmolStr};

use super::Outcome;
use crate::{
    context::channel_of,
    definition::actions::Amount,
    effect::{AirtimeSent, Effect},
    engine::work::Work,
    events::{AirtimeCreated, EventKind, HttpLog},
};

/// The local that holds the transfer.
const LOCAL: &str = "_new_transfer";

pub(super) fn execute(work: &mut Work<'_>, amounts: &[(SmolStr, Amount)]) -> Outcome {
    let Some(urn) = work.contact.urns.iter().find(|urn| urn.urn.scheme == "tel") else {
        work.error("can't transfer airtime to contact without a phone number");
        work.set_local(LOCAL, SmolStr::default());
        return Outcome::Done;
    };
    let recipient = Urn::new("tel", urn.urn.path.clone());
    let channel = channel_of(work.assets, work.contact).map(|(_, channel)| channel);
    let sender = channel.filter(|channel| channel.schemes.iter().any(|scheme| scheme == "tel"));
    let amounts: IndexMap<SmolStr, serde_json::Number> = amounts
        .iter()
        .filter_map(|(currency, amount)| Some((currency.clone(), serde_json::from_str(&amount.0).ok()?)))
        .collect();
    Outcome::Needs(Effect::Airtime {
        transfer: EventUuid(work.host.uuid_v7()),
        sender: sender.map(|channel| Urn::new("tel", channel.address.clone())),
        recipient,
        amounts,
    })
}

pub(super) fn complete(
    work: &mut Work<'_>,
    uuid: EventUuid,
    sender: Option<Urn>,
    recipient: Urn,
    transfer: Result<AirtimeSent, String>,
    http_logs: Vec<HttpLog>,
) -> Outcome {
    match transfer {
        Ok(sent) => {
            let AirtimeSent { external_id, currency, amount } = sent;
            let created = AirtimeCreated { external_id, sender, recipient, currency, amount, http_logs };
            work.event_as(uuid, EventKind::AirtimeCreated(Box::new(created)));
            work.set_local(LOCAL, uuid.to_smolstr());
        }
        Err(why) => {
            work.error(why);
            work.set_local(LOCAL, SmolStr::default());
        }
    }
    Outcome::Done
}
