//! Listens to what the product logs while a run goes on: its own words for ways back are marks, an error that no fault
//! explains is a complaint.

use std::cell::Cell;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::world::World;

/// What may be said at the level of errors while the database or a carrier misbehaves, beside the marks.
const EXPLAINED: &[&str] = &[
    "a group was not committed",
    "an effect's answer is dropped; its flow goes on at the deadline",
    "the services of a workspace could not be read",
    "timers that failed could not be put off",
    "a dead node could not be ended",
    "a lease could not be taken",
    "a lease was not given back; it is free when this run ends",
    "this run is not signed off in time; the others will end it",
    "this run is not signed off; the others will end it",
    "what was still in hand goes out again",
];

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts panics by thread from now on; a run takes place on one thread.
pub fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.with(|count| count.set(count.get() + 1));
        before(panic);
    }));
}

/// How many panics there were on this thread since this was last asked.
pub fn panics() -> u32 {
    PANICS.with(|count| count.replace(0))
}

/// The subscriber of one run.
pub struct Listener(pub Arc<World>);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.is_event()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let Message(text) = message;
        self.0.trace.note(format_args!("log: {text}"));
        // What is tried again is a way back by its own words.
        let known = self.0.marks.hit_log(&text)
            || text.ends_with("trying again")
            || EXPLAINED.contains(&text.as_str());
        if !known && *event.metadata().level() == Level::ERROR {
            self.0.complain(format_args!("the product says an error that no fault explains: {text}"));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
