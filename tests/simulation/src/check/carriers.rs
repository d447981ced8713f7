//! Invariants 2 and 3 as carriers see them: everything arrives, in order, and twice only where an answer was lost, and
//! then it says so.

use std::collections::BTreeMap;
use std::time::Duration;

use channels::DeliveryStatus;
use domain::MessageUuid;
use store::{Direction, MessageRow, MessageStatus};

use super::Person;
use crate::carriers::message_of;
use crate::ledger::{Arrival, Ledger, Place};
use crate::marks::Mark;
use crate::world::{SLOW_RATE, World};

/// Every message of a person went where it should, in order.
pub(super) fn check_messages(world: &World, person: &Person) {
    let ledger = world.ledger().clone();
    let mut complaints = Vec::new();
    let mut last: BTreeMap<Place, (usize, String)> = BTreeMap::new();
    for row in person.messages.iter().filter(|row| row.direction == Direction::Out) {
        let arrivals: Vec<(usize, &Arrival)> = ledger
            .arrivals
            .iter()
            .enumerate()
            .filter(|(_, arrival)| message_of(&arrival.key) == Some(row.uuid))
            .collect();
        let accepted = arrivals.iter().find(|(_, arrival)| arrival.accepted);
        let fits = match row.status {
            MessageStatus::Wired | MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read => {
                accepted.is_some()
            }
            MessageStatus::Failed => {
                person.left || arrivals.iter().any(|(_, arrival)| arrival.refused_for_good)
            }
            MessageStatus::Pending
            | MessageStatus::Handled
            | MessageStatus::Queued
            | MessageStatus::Errored => false,
        };
        if !fits {
            let tries = arrivals.len();
            let (text, status) = (&row.text, row.status);
            complaints.push(format!("'{text}' is {status:?} at the end, after {tries} arrivals"));
        }
        if let Some(reported) = ledger.reported.get(&row.uuid)
            && is_behind(row.status, *reported)
        {
            complaints.push(format!("'{}' is {:?} and was reported {reported:?}", row.text, row.status));
        }
        // What was under way when somebody opted out on another node may arrive after the farewell.
        let is_farewell = row.text.starts_with("goodbye");
        if let Some((index, arrival)) = accepted.filter(|_| !is_farewell) {
            let place = last.entry(arrival.place).or_insert((*index, row.text.to_string()));
            if *index < place.0 {
                complaints.push(format!("'{}' came to the carrier before '{}'", row.text, place.1));
            }
            *place = (*index, row.text.to_string());
        }
    }
    for complaint in complaints {
        world.complain(format_args!("{complaint}"));
    }
}

fn is_behind(status: MessageStatus, reported: DeliveryStatus) -> bool {
    let reached = match status {
        MessageStatus::Read => 3,
        MessageStatus::Delivered => 2,
        MessageStatus::Sent => 1,
        MessageStatus::Wired
        | MessageStatus::Pending
        | MessageStatus::Handled
        | MessageStatus::Queued
        | MessageStatus::Errored
        | MessageStatus::Failed => 0,
    };
    let told = match reported {
        DeliveryStatus::Read => 3,
        DeliveryStatus::Delivered => 2,
        DeliveryStatus::Sent => 1,
        DeliveryStatus::Failed => 0,
    };
    // A message that failed for good after it was reported sent failed.
    reached < told && !(status == MessageStatus::Failed && told < 2)
}

/// What arrived was ours, twice only where it may, and not faster than the line allows.
pub(super) fn check_arrivals(world: &World, messages: &[MessageRow]) {
    let ledger = world.ledger().clone();
    let rows: BTreeMap<MessageUuid, &MessageRow> = messages.iter().map(|row| (row.uuid, row)).collect();
    let mut by_key: BTreeMap<(Place, &str), Vec<&Arrival>> = BTreeMap::new();
    for arrival in &ledger.arrivals {
        let is_ours = match arrival.place {
            Place::Service => true,
            Place::Line(_) => message_of(&arrival.key).is_some_and(|uuid| rows.contains_key(&uuid)),
        };
        if !is_ours {
            world.complain(format_args!("'{}' arrived and is no message", arrival.text));
        }
        by_key.entry((arrival.place, &arrival.key)).or_default().push(arrival);
    }
    for ((place, _), arrivals) in by_key {
        check_repetitions(world, &ledger, place, &arrivals);
    }
    check_rate(world, &ledger);
}

fn check_repetitions(world: &World, ledger: &Ledger, place: Place, arrivals: &[&Arrival]) {
    if arrivals.len() > 1 && arrivals.iter().filter(|arrival| arrival.accepted).count() == 1 {
        world.marks.hit(Mark::SentAgain);
    }
    let mut before: Option<&Arrival> = None;
    for arrival in arrivals.iter().filter(|arrival| arrival.accepted) {
        if let Some(before) = before {
            let ended_badly = ledger.runs.get(&before.run).is_some_and(|run| !run.clean);
            // What a run had all but sent when it stood still leaves when it wakes, after the others took it for dead and
            // sent it in its place: then theirs says so.
            let was_late = before.marked
                && before.run != arrival.run
                && ledger.runs.get(&arrival.run).is_some_and(|run| !run.clean);
            let may_repeat = !before.heard || was_late || (ended_badly && before.run != arrival.run);
            if !may_repeat {
                world.complain(format_args!("'{}' arrived twice though its answer was heard", arrival.text));
            }
            if !arrival.marked && !was_late {
                world.complain(format_args!("'{}' arrived twice and does not say so", arrival.text));
            }
            world.marks.hit(if place == Place::Service { Mark::EffectTwice } else { Mark::SentTwice });
        }
        before = Some(arrival);
    }
}

/// The second line takes so many messages a second: each run lets them go at even distances, and all together no more
/// than the line's rate, but for the moments in which a node does not know yet that there is another.
fn check_rate(world: &World, ledger: &Ledger) {
    let every = Duration::from_secs(1) / u32::try_from(SLOW_RATE).unwrap_or(1);
    let mut left: Vec<(Duration, u64)> = ledger
        .arrivals
        .iter()
        .filter(|arrival| arrival.place == Place::Line(1))
        .map(|arrival| (arrival.left, arrival.run))
        .collect();
    left.sort_unstable();
    let mut last: BTreeMap<u64, Duration> = BTreeMap::new();
    for (at, run) in &left {
        if let Some(before) = last.insert(*run, *at)
            && *at - before + Duration::from_millis(1) < every
        {
            world.complain(format_args!(
                "run {run} lets two messages go within {:?} at {before:?}",
                *at - before
            ));
            return;
        }
    }
}
