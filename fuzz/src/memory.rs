//! Memory that one input takes: counted by the allocator, because libFuzzer can only look at the whole process and
//! would notice too late, and blame the wrong input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Bytes that one input may hold at a time. Inputs are at most 16 KB.
const LIVE_BYTES_MAX: usize = 128 * 1024 * 1024;

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// An input begins.
pub fn begin() {
    LIVE_BYTES.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
}

/// An input has ended.
pub fn end() {
    COUNTING.store(false, Relaxed);
}

struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn take(bytes: usize) {
    if COUNTING.load(Relaxed) {
        // Freeing what was allocated before the input began makes the count wrap; that is then no large one.
        let live = LIVE_BYTES.fetch_add(bytes, Relaxed).wrapping_add(bytes);
        if live > LIVE_BYTES_MAX && live < usize::MAX / 2 {
            COUNTING.store(false, Relaxed);
            eprintln!("an input holds more than {LIVE_BYTES_MAX} bytes of memory");
            std::process::abort();
        }
    }
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if COUNTING.load(Relaxed) {
            LIVE_BYTES.fetch_sub(layout.size(), Relaxed);
        }
        unsafe { System.dealloc(pointer, layout) }
    }
}
