//! Invariants 1 and 3 as a person sees them: each input that was acknowledged is there once, was answered once, and the
//! answers are in the order of the inputs.

use store::{Direction, MessageRow, MessageStatus};

use super::Person;
use crate::ledger::{Input, Kind};
use crate::marks::Mark;
use crate::world::World;

/// Replies that follow at once, each with the number of the input.
const NUMBERED: &[&str] = &["tally", "asked", "answered", "first", "calling", "noted", "goodbye"];

/// Checks one person's messages.
pub(super) fn check(world: &World, person: &Person) {
    let rows = &person.messages;
    let inbound: Vec<&MessageRow> = rows.iter().filter(|row| row.direction == Direction::In).collect();
    let outbound: Vec<&MessageRow> = rows.iter().filter(|row| row.direction == Direction::Out).collect();
    let inputs: Vec<Input> = {
        let ledger = world.ledger();
        ledger.inputs.iter().filter(|input| input.person == person.number).cloned().collect()
    };
    check_inputs(world, &inputs, &inbound);
    check_order(world, &inputs, &inbound);
    check_replies(world, person, &inbound, &outbound);
    check_late(world, person, &inbound, &outbound);
}

fn check_inputs(world: &World, inputs: &[Input], inbound: &[&MessageRow]) {
    for row in inbound {
        if !inputs.iter().any(|input| row.external_id.as_deref() == Some(&*input.external_id)) {
            world.complain(format_args!("'{}' was kept and nobody wrote it", row.text));
        }
        if row.status != MessageStatus::Handled {
            world.complain(format_args!("'{}' is {:?} at the end", row.text, row.status));
        }
    }
    for input in inputs.iter().filter(|input| input.kind == Kind::Message) {
        let kept: Vec<_> =
            inbound.iter().filter(|row| row.external_id.as_deref() == Some(&*input.external_id)).collect();
        let fits = match (input.acknowledged, kept.as_slice()) {
            (Some(_), [row]) => Some(row.uuid) == input.uuid && row.text == input.text.as_str(),
            (None, []) => true,
            (None, [row]) => row.text == input.text.as_str(),
            _ => false,
        };
        if !fits {
            world.complain(format_args!(
                "'{}' was {} and is kept {} times",
                input.text,
                if input.acknowledged.is_some() { "acknowledged" } else { "not acknowledged" },
                kept.len()
            ));
        }
    }
}

/// What was acknowledged before another input was first given comes before it.
fn check_order(world: &World, inputs: &[Input], inbound: &[&MessageRow]) {
    let place = |input: &Input| {
        inbound.iter().position(|row| row.external_id.as_deref() == Some(&*input.external_id))
    };
    for earlier in inputs {
        for later in inputs {
            let is_before = earlier.acknowledged.is_some_and(|told| told < later.first_given);
            if let (true, Some(first), Some(second)) = (is_before, place(earlier), place(later))
                && first > second
            {
                world.complain(format_args!("'{}' took effect after '{}'", earlier.text, later.text));
            }
        }
    }
}

/// The input that a direct reply answers, and its number if it has one.
fn answers(reply: &str) -> Option<(&str, Option<u64>)> {
    if let Some(text) = reply.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        return Some((text.1, None));
    }
    let (kind, rest) = reply.split_once(" #")?;
    let (number, text) = rest.split_once(' ')?;
    NUMBERED.contains(&kind).then_some((text, number.parse().ok()))
}

fn check_replies(world: &World, person: &Person, inbound: &[&MessageRow], outbound: &[&MessageRow]) {
    let who = person.number;
    let direct: Vec<(&str, Option<u64>)> = outbound.iter().filter_map(|row| answers(&row.text)).collect();
    let unheard = "the contact opted out";
    let asked: Vec<&str> = inbound
        .iter()
        .filter(|row| row.reason.as_deref() != Some(unheard))
        .map(|row| row.text.as_str())
        .collect();
    let answered: Vec<&str> = direct.iter().map(|(text, _)| *text).collect();
    if asked != answered {
        world.complain(format_args!("person {who} wrote {asked:?} and was answered to {answered:?}"));
    }
    let numbers: Vec<u64> = direct.iter().filter_map(|(_, number)| *number).collect();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    if numbers != expected {
        world.complain(format_args!("the inputs of person {who} were counted {numbers:?}"));
    }
    let told = |text: String| outbound.iter().filter(|row| row.text == text.as_str()).count();
    for row in inbound {
        let word = row.text.split(' ').next().unwrap_or_default();
        let (text, mark) = match word {
            "pair" => (format!("second {}", row.text), None),
            "hook" => (format!("hooked {}", row.text), Some(Mark::EffectAnswered)),
            "remind" => (format!("reminder {}", row.text), Some(Mark::ReminderFired)),
            _ => continue,
        };
        match (told(text.clone()), person.left) {
            (1, _) => mark.into_iter().for_each(|mark| world.marks.hit(mark)),
            (0, true) => {}
            (count, _) => world.complain(format_args!("'{text}' was said {count} times")),
        }
    }
}

/// A wait is answered or times out, once: never both, never neither.
fn check_late(world: &World, person: &Person, inbound: &[&MessageRow], outbound: &[&MessageRow]) {
    let reply_to = |row: &MessageRow| {
        outbound
            .iter()
            .find(|reply| answers(&reply.text).is_some_and(|(text, _)| text == row.text))
            .map_or("", |reply| reply.text.as_str())
    };
    for (place, row) in inbound.iter().enumerate() {
        if !reply_to(row).starts_with("asked") {
            continue;
        }
        let late =
            outbound.iter().filter(|reply| reply.text == format!("late {}", row.text).as_str()).count();
        let fits = match inbound.get(place + 1).map(|next| (next, reply_to(next))) {
            Some((_, reply)) if reply.starts_with("answered") => {
                world.marks.hit(Mark::Answered);
                late == 0
            }
            Some((next, _)) if next.text.starts_with("answer") || next.text.starts_with("27") => late == 1,
            // A keyword may have come before the moment or after it.
            Some(_) => late <= 1,
            None => late == 1 || (person.left && late == 0),
        };
        if late > 0 {
            world.marks.hit(Mark::TimedOut);
        }
        if !fits {
            world.complain(format_args!("the wait of '{}' timed out {late} times", row.text));
        }
    }
}
