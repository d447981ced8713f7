//! What must hold at the end of a run, by the invariants of ARCHITECTURE.md: what was acknowledged took effect exactly
//! once and in order, what reached carriers was committed, once but where an answer was lost, and nothing is left over.

mod carriers;
mod people;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::MessageId;
use store::{JobStatus, MessageRow};

use crate::ledger::{Input, Kind};
use crate::marks::Mark;
use crate::world::World;

/// Messages of a person by row number.
pub(crate) struct Person {
    /// Who.
    pub(crate) number: usize,
    /// Their messages, in order.
    pub(crate) messages: Vec<MessageRow>,
    /// Whether they opted out.
    pub(crate) left: bool,
}

/// Checks all of it.
pub async fn all(world: &Arc<World>) {
    let (store, workspace) = (&world.store, world.workspace.id);
    let Ok(messages) = store.messages(workspace, MessageId(0), 100_000).await else {
        world.complain(format_args!("messages cannot be read at the end"));
        return;
    };
    let mut by_contact: BTreeMap<i64, Vec<MessageRow>> = BTreeMap::new();
    for message in messages.iter().cloned() {
        by_contact.entry(message.contact.0).or_default().push(message);
    }
    for number in 0..world.scenario.people {
        let owner = store.address_owner(workspace, world.urn(number)).await.ok().flatten();
        let messages = owner.and_then(|(contact, _)| by_contact.remove(&contact.0)).unwrap_or_default();
        let left = has_left(world, number, &messages.iter().collect::<Vec<_>>());
        let person = Person { number, messages, left };
        people::check(world, &person);
        carriers::check_messages(world, &person);
    }
    if !by_contact.is_empty() {
        world.complain(format_args!("there are messages of {} people whom nobody knows", by_contact.len()));
    }
    carriers::check_arrivals(world, &messages);
    let counted = (store.daily_counts(workspace).await, store.recount(workspace).await);
    match counted {
        (Ok(kept), Ok(counted)) => {
            let kept: Vec<_> = kept.into_iter().filter(|count| count.count != 0).collect();
            if kept != counted {
                world.complain(format_args!("counts are kept as {kept:?} and are {counted:?}"));
            }
        }
        _ => world.complain(format_args!("counts cannot be read at the end")),
    }
    check_jobs(world, &messages).await;
}

/// Whether somebody opted out, whether their carrier was told so or not.
fn has_left(world: &World, person: usize, messages: &[&MessageRow]) -> bool {
    let ledger = world.ledger();
    let asked = |input: &Input| input.person == person && input.kind == Kind::OptOut;
    ledger.opted_out.contains_key(&person)
        || messages.iter().any(|row| row.text.starts_with("goodbye"))
        || ledger.inputs.iter().any(asked)
}

async fn check_jobs(world: &World, messages: &[MessageRow]) {
    let jobs = world.ledger().jobs.clone();
    for job in jobs {
        let status = world.store.job(world.workspace.id, job.id).await.ok().flatten().map(|row| row.status);
        if status == Some(JobStatus::Done) {
            world.marks.hit(Mark::JobDone);
        } else {
            world.complain(format_args!("the job '{}' ended as {status:?}", job.text));
        }
        for number in 0..world.scenario.people {
            let owner = world.store.address_owner(world.workspace.id, world.urn(number)).await;
            let contact = owner.ok().flatten().map(|(contact, _)| contact);
            let of_them: Vec<&MessageRow> =
                messages.iter().filter(|row| Some(row.contact) == contact).collect();
            let told = of_them.iter().filter(|row| row.text == job.text.as_str()).count();
            let left = has_left(world, number, &of_them);
            if told > 1 || (told == 0 && !left) {
                world.complain(format_args!("person {number} was told '{}' {told} times", job.text));
            }
        }
    }
}
