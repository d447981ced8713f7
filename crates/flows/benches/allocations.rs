//! What a sprint asks of the allocator, and what a waiting session keeps of it, in the conversation of `sprint`.
//! Prints one JSON object a line, `{"name","value","unit"}`.

mod conversation;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use conversation::{SPRINTS, Still, answer, assets, contact, converse, waiting};
use expressions::Environment;
use flows::Engine;
use serde_json::json;

/// Conversations that are counted, after as many that fill what is kept for all.
const TIMES: usize = 1_000;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

// SAFETY: each call goes to the system's allocator as it came.
#[allow(unsafe_code, reason = "an allocator is unsafe by definition; this one only counts")]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is ours.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is ours.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn main() {
    let (assets, env, host) = (assets(), Environment::default(), Still(Cell::new(0x9e37_79b9_7f4a_7c15)));
    let engine = Engine::new(&assets, &env, &host);
    let (answers, start) = ([answer("Yes I did"), answer("about 14")], contact());
    let mut people: Vec<_> = (0..TIMES).map(|_| start.clone()).collect();
    let rounds = |people: &mut [domain::Contact], stored| {
        for person in people {
            black_box(converse(&engine, &assets, person, &answers, stored));
        }
    };
    rounds(&mut people, true);
    for (ending, stored) in [("memory", false), ("encoded", true)] {
        let before = (ALLOCATIONS.load(Ordering::Relaxed), ALLOCATED.load(Ordering::Relaxed));
        rounds(&mut people, stored);
        let after = (ALLOCATIONS.load(Ordering::Relaxed), ALLOCATED.load(Ordering::Relaxed));
        let each = |sum: usize| (sum as f64 / (TIMES * SPRINTS as usize) as f64).round();
        print(&format!("sprint_allocations_{ending}"), each(after.0 - before.0), "allocations");
        print(&format!("sprint_allocated_{ending}"), each(after.1 - before.1), "bytes");
    }
    let mut sessions = Vec::with_capacity(TIMES);
    let live = || ALLOCATED.load(Ordering::Relaxed) - FREED.load(Ordering::Relaxed);
    let before = live();
    for person in &mut people {
        sessions.push(waiting(&engine, person, &answers));
    }
    let size = size_of::<flows::Session>();
    print("session_live", ((live() - before) / TIMES + size) as f64, "bytes");
    black_box(&sessions);
}

fn print(name: &str, value: f64, unit: &str) {
    println!("{}", json!({"name": name, "value": value, "unit": unit}));
}
