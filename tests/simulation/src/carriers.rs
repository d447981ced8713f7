//! Carriers and the web service: what they make of the requests of nodes, and the delivery reports they give back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use channels::{DeliveryStatus, Inbound, InboundStatus};
use domain::MessageUuid;
use node::Scripted;
use node::http::{Answer, Exchange, HttpError};
use serde_json::Value;
use store::MessageStatus;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::gate::{Condition, Gate};
use crate::ledger::{Arrival, Place};
use crate::marks::Mark;
use crate::people;
use crate::world::{WINDOW, World, lock};

/// How long after somebody's opt-out was acknowledged a message to them may still arrive: the two seconds for which a node
/// does not look again, and the way of a request that had left.
const OPT_OUT_GRACE: Duration = Duration::from_secs(5);

/// What a carrier makes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    NotReached,
    Status(u16),
    TakenThen500,
    TakenThenSilent,
    Silent,
    RefusedForGood,
}

impl Verdict {
    fn takes(self) -> bool {
        matches!(self, Self::Taken | Self::TakenThen500 | Self::TakenThenSilent)
    }
}

/// The network of one run of a node.
pub fn script(
    world: Arc<World>,
    gate: Arc<Gate>,
    sends_as: Arc<AtomicU64>,
) -> Arc<dyn Fn(Exchange) -> Scripted + Send + Sync> {
    Arc::new(move |exchange| {
        let (world, gate) = (world.clone(), gate.clone());
        let run = sends_as.load(Ordering::Relaxed);
        let left = world.elapsed();
        Box::pin(async move {
            let _under_way = UnderWay::begin(&world, run, &exchange);
            gate.pass().await;
            let (tell, told) = oneshot::channel();
            let timeout = exchange.timeout;
            // The world goes on when the node does not.
            world.task(serve(world.clone(), gate.clone(), (run, left), exchange, tell));
            let answer = match tokio::time::timeout(timeout, told).await {
                Ok(Ok((answer, arrival))) => Ok((answer, arrival)),
                Ok(Err(_)) => Err(HttpError::NoAnswer("the connection broke".to_owned())),
                Err(_) => Err(HttpError::NoAnswer("it took too long".to_owned())),
            };
            gate.pass().await;
            let (answer, arrival) = answer?;
            if let (Ok(Answer { status: 200, .. }), Some(index)) = (&answer, arrival) {
                world.ledger().arrivals[index].heard = true;
            }
            answer
        })
    })
}

/// The answer, and the place in the ledger of what arrived.
type Told = oneshot::Sender<(Result<Answer, HttpError>, Option<usize>)>;

async fn serve(
    world: Arc<World>,
    gate: Arc<Gate>,
    (run, left): (u64, Duration),
    exchange: Exchange,
    tell: Told,
) {
    let chance = &world.chance.carriers;
    let place = place_of(&exchange.url);
    let index = match place {
        Place::Line(line) => line,
        Place::Service => 2,
    };
    let rates = world.weather().carriers[index];
    let verdict = verdict(&world, index);
    let slow = chance.happens(rates.slow);
    sleep(chance.millis(1, if slow { 3_000 } else { 80 })).await;
    if verdict == Verdict::NotReached {
        world.marks.hit(Mark::Refused);
        let _ = tell.send((Err(HttpError::NotReached("refused".to_owned())), None));
        return;
    }
    if gate.condition() == Condition::Dead {
        world.marks.hit(Mark::RequestOutlivedItsNode);
    }
    let arrival = arrived(place, (run, left), &exchange, verdict);
    let key = arrival.key.clone();
    world.trace.note(format_args!(
        "{place:?} gets {key} '{}' for {} from run {run}, repeated: {}, {verdict:?}",
        arrival.text, arrival.to, arrival.marked
    ));
    check_committed(&world, &arrival).await;
    let arrival = {
        let mut ledger = world.ledger();
        ledger.arrivals.push(arrival);
        ledger.arrivals.len() - 1
    };
    if verdict.takes()
        && place != Place::Service
        && let Some(message) = message_of(&key)
    {
        world.task(report(world.clone(), message, index, verdict == Verdict::Taken));
    }
    sleep(chance.millis(1, if chance.happens(rates.slow) { 3_000 } else { 50 })).await;
    let status = match verdict {
        Verdict::Taken => 200,
        Verdict::TakenThen500 => 500,
        Verdict::Status(status) => status,
        Verdict::RefusedForGood => 400,
        Verdict::NotReached | Verdict::TakenThenSilent | Verdict::Silent => {
            // Some connections break at once, some say nothing until the node gives up.
            if chance.happens(500) {
                sleep(Duration::from_secs(90)).await;
            }
            return;
        }
    };
    let _ = tell.send((Ok(Answer { status, ..Answer::default() }), Some(arrival)));
}

fn place_of(url: &str) -> Place {
    if url.contains("one.example") {
        Place::Line(0)
    } else if url.contains("two.example") {
        Place::Line(1)
    } else {
        Place::Service
    }
}

/// The identifier of our message in a key, without the number of its part.
pub fn message_of(key: &str) -> Option<MessageUuid> {
    key.get(..36)?.parse().ok()
}

fn verdict(world: &World, index: usize) -> Verdict {
    if !world.is_stormy() {
        return Verdict::Taken;
    }
    let rates = world.weather().carriers[index];
    let chance = &world.chance.carriers;
    let hit = |rate: u64, mark: Mark, verdict: Verdict| {
        let met = chance.happens(rate);
        if met {
            world.marks.hit(mark);
        }
        met.then_some(verdict)
    };
    hit(rates.refused, Mark::Refused, Verdict::NotReached)
        .or_else(|| hit(rates.throttled, Mark::Throttled, Verdict::Status(429)))
        .or_else(|| hit(rates.unavailable, Mark::Unavailable, Verdict::Status(503)))
        .or_else(|| hit(rates.fails_after, Mark::FailedAfterAccepting, Verdict::TakenThen500))
        .or_else(|| hit(rates.answer_lost, Mark::AnswerLost, Verdict::TakenThenSilent))
        .or_else(|| hit(rates.silent, Mark::Silent, Verdict::Silent))
        .or_else(|| {
            let rate = if index == 2 { 0 } else { rates.refused_for_good };
            hit(rate, Mark::RefusedForGood, Verdict::RefusedForGood)
        })
        .unwrap_or(Verdict::Taken)
}

/// A request that a run has under way: never two of one person on one line, and no more of a line than its window.
struct UnderWay {
    world: Arc<World>,
    run: u64,
    place: Place,
    to: String,
}

impl UnderWay {
    fn begin(world: &Arc<World>, run: u64, exchange: &Exchange) -> Self {
        let place = place_of(&exchange.url);
        let body: Value =
            serde_json::from_str(exchange.body.as_deref().unwrap_or_default()).unwrap_or_default();
        let to = body["to"].as_str().unwrap_or_default().to_owned();
        let mut under_way = lock(&world.under_way);
        let of_line = under_way.iter().filter(|(other, line, _)| (*other, *line) == (run, place)).count();
        if place != Place::Service && under_way.contains(&(run, place, to.clone())) {
            world.complain(format_args!("run {run} sends two messages to {to} at once"));
        }
        if place != Place::Service && of_line >= WINDOW {
            world.complain(format_args!("run {run} has more than {WINDOW} requests under way at {place:?}"));
        }
        if place != Place::Service && of_line + 1 == WINDOW {
            world.marks.hit(Mark::WindowFull);
        }
        under_way.push((run, place, to.clone()));
        drop(under_way);
        Self { world: world.clone(), run, place, to }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = lock(&self.world.under_way);
        let mine = (self.run, self.place, std::mem::take(&mut self.to));
        if let Some(at) = under_way.iter().position(|other| *other == mine) {
            under_way.swap_remove(at);
        }
    }
}

fn arrived(place: Place, (run, left): (u64, Duration), exchange: &Exchange, verdict: Verdict) -> Arrival {
    let headers: HashMap<&str, &str> =
        exchange.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = exchange.body.clone().unwrap_or_default();
    let (to, text) = match place {
        Place::Service => (String::new(), body),
        Place::Line(_) => {
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            let word = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            (word("to"), word("text"))
        }
    };
    Arrival {
        place,
        key: headers.get("Idempotency-Key").copied().unwrap_or_default().to_owned(),
        to,
        text,
        left,
        run,
        marked: headers.contains_key("X-Possibly-Repeated"),
        accepted: verdict.takes(),
        refused_for_good: verdict == Verdict::RefusedForGood,
        heard: false,
    }
}

/// Invariant 2: what reaches a carrier is a committed message.
async fn check_committed(world: &World, arrival: &Arrival) {
    let Place::Line(_) = arrival.place else { return };
    let urn = domain::Urn::new("tel", arrival.to.clone());
    let owner = world.store.address_owner(world.workspace.id, urn).await.ok().flatten();
    let messages = match owner {
        Some((contact, _)) => {
            world.store.contact_messages(world.workspace.id, contact, domain::MessageId(0), 10_000).await
        }
        None => Ok(Vec::new()),
    };
    let message = message_of(&arrival.key);
    let messages = messages.unwrap_or_default();
    if messages.iter().any(|row| row.status == MessageStatus::Pending) {
        world.marks.hit(Mark::WaitedBehindEffect);
    }
    let row = messages.iter().find(|row| Some(row.uuid) == message && row.text == arrival.text.as_str());
    if row.is_some() {
        check_opt_out(world, arrival);
    } else {
        world.complain(format_args!(
            "a carrier got '{}' to {}, which is not committed",
            arrival.text, arrival.to
        ));
    }
}

/// Who opted out gets nothing more, but for what the flow says that let them, and what a node had all but sent when it
/// stood still.
fn check_opt_out(world: &World, arrival: &Arrival) {
    if arrival.text.starts_with("goodbye") {
        return;
    }
    let late = (0..world.scenario.people).find(|person| {
        let since = world.ledger().opted_out.get(person).copied();
        world.urn(*person).path == arrival.to.as_str()
            && since.is_some_and(|since| arrival.left > since + OPT_OUT_GRACE)
    });
    if let Some(person) = late {
        world.complain(format_args!("person {person} opted out and got '{}'", arrival.text));
    }
}

/// Gives delivery reports on a message that was taken: perhaps twice, perhaps in the wrong order.
async fn report(world: Arc<World>, message: MessageUuid, line: usize, answered: bool) {
    let chance = &world.chance.carriers;
    let mut reports = vec![DeliveryStatus::Sent, DeliveryStatus::Delivered];
    if chance.happens(300) {
        reports.push(DeliveryStatus::Read);
    }
    if chance.happens(200) {
        reports.push(*chance.pick(&reports));
        world.marks.hit(Mark::ReportRepeated);
    }
    if chance.happens(200) {
        reports.reverse();
        world.marks.hit(Mark::ReportOvertook);
    }
    for status in reports {
        sleep(chance.millis(0, 6_000)).await;
        let item = InboundStatus { message: Some(message), external_id: None, status, reason: None };
        if people::give_report(&world, world.lines[line].uuid, Inbound::Status(item)).await {
            let mut ledger = world.ledger();
            let best = ledger.reported.entry(message).or_insert(status);
            *best = (*best).max(status);
            drop(ledger);
            if !answered {
                world.marks.hit(Mark::ReportBeforeAnswer);
            }
        }
    }
}
