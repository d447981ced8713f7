//! People and the carriers that hand in what they write: while things are broken, again when it is not acknowledged,
//! and sometimes again though it was.

use std::sync::Arc;
use std::time::Duration;

use channels::{Inbound, InboundEvent, InboundMessage};
use domain::{ChannelUuid, ContactStatus, MessageUuid};
use node::{IntakeError, Taken};
use store::ConversationKey;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::ledger::{Input, Kind};
use crate::marks::Mark;
use crate::world::{Running, World};

/// How long a carrier waits for an acknowledgement.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Words that start a flow; `answer` starts none.
const WORDS: &[&str] =
    &["tally", "ask", "ask", "pair", "hook", "hook", "remind", "join", "answer", "answer", "27"];
/// How often a carrier gives an input up while it is stormy, in a thousand tries.
const GIVE_UP: u64 = 15;

/// What a person does in a run.
pub async fn write(world: Arc<World>, person: usize) {
    let chance = &world.chance.people;
    let pace = chance.millis(0, 8_000).as_millis().try_into().unwrap_or(8_000);
    for number in 0..world.scenario.inputs {
        sleep(chance.millis(0, pace)).await;
        // Who opted out writes no more.
        let leaves = number + 1 == world.scenario.inputs && chance.happens(300);
        if leaves && world.ledger().waits_for_acknowledgement(person) {
            // What they wrote before would let them come back.
            return;
        }
        let word = if leaves { "stop" } else { chance.pick(WORDS) };
        let by_carrier = leaves && chance.happens(400);
        let kind = if by_carrier { Kind::OptOut } else { Kind::Message };
        let text = format!("{word} p{person}k{number}");
        let index = {
            let mut ledger = world.ledger();
            ledger.inputs.push(Input {
                person,
                kind,
                text,
                external_id: format!("x{person}-{number}"),
                first_given: world.next_sequence(),
                acknowledged: None,
                uuid: None,
                given: 0,
            });
            ledger.inputs.len() - 1
        };
        let going = hand_in(world.clone(), index);
        // Most wait until their phone says that it was sent; some do not.
        if leaves || chance.happens(800) {
            if leaves {
                note_queue(&world, person).await;
            }
            going.await;
        } else {
            world.task(going);
        }
    }
}

/// Marks that somebody leaves while messages to them are queued.
async fn note_queue(world: &World, person: usize) {
    let owner = world.store.address_owner(world.workspace.id, world.urn(person)).await.ok().flatten();
    let Some((contact, _)) = owner else { return };
    let messages =
        world.store.contact_messages(world.workspace.id, contact, domain::MessageId(0), 10_000).await;
    let queued = messages.is_ok_and(|messages| {
        messages
            .iter()
            .any(|row| matches!(row.status, store::MessageStatus::Queued | store::MessageStatus::Errored))
    });
    if queued {
        world.marks.hit(Mark::OptedOut);
    }
}

/// Gives an input until it is acknowledged.
async fn hand_in(world: Arc<World>, index: usize) {
    let chance = &world.chance.people;
    let input = world.ledger().inputs[index].clone();
    let item = match input.kind {
        Kind::Message => Inbound::Message(InboundMessage {
            urn: world.urn(input.person),
            other_urns: Vec::new(),
            text: input.text.clone(),
            attachments: Vec::new(),
            sent_on: None,
            external_id: Some(input.external_id.as_str().into()),
            name: None,
            payload: None,
        }),
        Kind::OptOut => Inbound::Event(InboundEvent::StopContact { urn: world.urn(input.person) }),
    };
    let line = world.line_of(input.person);
    let mut last = None;
    loop {
        let tries = {
            let mut ledger = world.ledger();
            ledger.inputs[index].given += 1;
            ledger.inputs[index].given
        };
        if tries > 1 {
            world.marks.hit(Mark::InputGivenAgain);
        }
        let (slot, answer) = give(&world, line, item.clone()).await;
        if slot.is_some() && last.is_some() && last != slot {
            world.marks.hit(Mark::InputToAnother);
        }
        last = slot.or(last);
        world.trace.note(format_args!("'{}' given, try {tries}: {answer:?}", input.text));
        if let Some(taken) = answer {
            acknowledged(&world, index, taken, tries);
            break;
        }
        if input.kind == Kind::Message && world.is_stormy() && chance.happens(GIVE_UP) {
            world.marks.hit(Mark::InputGivenUp);
            return;
        }
        sleep(chance.millis(200, 4_000)).await;
    }
    // Some carriers give again what was acknowledged.
    if input.kind == Kind::Message && chance.happens(200) {
        world.task(repeat(world.clone(), index, line, item));
    }
}

fn acknowledged(world: &Arc<World>, index: usize, taken: Taken, tries: u32) {
    let now = world.next_sequence();
    let mut ledger = world.ledger();
    let input = &mut ledger.inputs[index];
    input.acknowledged = Some(now);
    input.uuid = taken.message();
    let (person, kind, text) = (input.person, input.kind, input.text.clone());
    match (kind, taken) {
        (Kind::Message, Taken::Message(_)) | (Kind::OptOut, Taken::Noted | Taken::Ignored(_)) => {}
        (Kind::Message, Taken::Again(_)) if tries > 1 => {
            world.marks.hit(Mark::InputRecognised);
            world.marks.hit(Mark::InputKeptAfterLostAnswer);
        }
        (Kind::Message | Kind::OptOut, other) => {
            world.complain(format_args!("'{text}' was given and answered with {other:?}"));
        }
    }
    if kind == Kind::OptOut && taken == Taken::Noted {
        ledger.opted_out.insert(person, world.elapsed());
    }
    if text.starts_with("stop") {
        // The word is heeded when its turn comes: it may stand behind an effect.
        world.task(watch_leaving(world.clone(), person));
    }
}

/// Notes when a person counts as one who opted out.
async fn watch_leaving(world: Arc<World>, person: usize) {
    let (store, workspace) = (&world.store, world.workspace.id);
    loop {
        let key = ConversationKey::Urn(workspace, world.urn(person));
        let loaded = store.load_conversations(vec![key]).await.map(|loaded| loaded.conversations);
        let status = loaded.ok().and_then(|mut loaded| loaded.pop()?).map(|known| known.contact.status);
        if status == Some(ContactStatus::Stopped) {
            world.ledger().opted_out.insert(person, world.elapsed());
            return;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn repeat(world: Arc<World>, index: usize, line: ChannelUuid, item: Inbound) {
    let chance = &world.chance.people;
    sleep(chance.millis(0, 15_000)).await;
    let known: Option<MessageUuid> = world.ledger().inputs[index].uuid;
    world.marks.hit(Mark::InputRepeated);
    let (_, answer) = give(&world, line, item).await;
    match answer {
        Some(Taken::Again(uuid)) if Some(uuid) == known => world.marks.hit(Mark::InputRecognised),
        None => {}
        Some(other) => {
            let text = world.ledger().inputs[index].text.clone();
            world.complain(format_args!("'{text}' was given again and answered with {other:?}"));
        }
    }
}

/// Gives a delivery report until it is acknowledged; whether it was, for some carriers give up.
pub async fn give_report(world: &Arc<World>, line: ChannelUuid, item: Inbound) -> bool {
    let chance = &world.chance.people;
    loop {
        let (_, answer) = give(world, line, item.clone()).await;
        match answer {
            Some(Taken::Noted) => return true,
            Some(other) => {
                world.complain(format_args!("a report was answered with {other:?}"));
                return false;
            }
            None if world.is_stormy() && chance.happens(100) => return false,
            None => sleep(chance.millis(200, 4_000)).await,
        }
    }
}

/// Gives one item to one node; to whom it came, and the acknowledgement if there was one.
async fn give(world: &Arc<World>, line: ChannelUuid, item: Inbound) -> (Option<usize>, Option<Taken>) {
    let running = world.running();
    let place = world.chance.people.below(running.len().max(1) as u64);
    let Some(running) = running.get(usize::try_from(place).unwrap_or_default()) else {
        return (None, None);
    };
    let slot = Some(running.slot);
    let (tell, told) = oneshot::channel();
    // The node handles a request to its end though the carrier no longer waits.
    tokio::spawn(handle(running.clone(), line, item, tell));
    match timeout(ANSWER_WITHIN, told).await {
        Ok(Ok(answer)) => (slot, answer),
        Ok(Err(_)) | Err(_) => (slot, None),
    }
}

async fn handle(
    running: Arc<Running>,
    line: ChannelUuid,
    item: Inbound,
    tell: oneshot::Sender<Option<Taken>>,
) {
    let work = async {
        running.gate.pass().await;
        let node = &running.node;
        let channel = match node.lines().find(node.context(), line).await {
            Ok(Some(channel)) => channel,
            Ok(None) => return Err(IntakeError::UnknownChannel),
            Err(_) => return Err(IntakeError::Failed),
        };
        let taken = node.receive(&channel, vec![item]).await;
        running.gate.pass().await;
        taken
    };
    let answer = tokio::select! {
        biased;
        () = running.gate.dead() => return,
        answer = work => answer,
    };
    let answer = answer.ok().and_then(|taken| taken.first().copied());
    let _ = tell.send(answer);
}
