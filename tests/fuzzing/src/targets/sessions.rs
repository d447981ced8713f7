//! Stored sessions, and conversations that are stored at every step.

use flows::Session;

use crate::world::assets;
use crate::{Choices, conversation};

/// Any bytes: refused, or a session that is written as it was read, can be shown and gone on with.
pub fn run(input: &[u8]) {
    let assets = assets();
    let Ok(session) = Session::decode(input, assets) else { return };
    let bytes = session.encode();
    let again = Session::decode(&bytes, assets).expect("what is written can be read");
    assert_eq!(again.encode(), bytes, "what is written is written the same again");
    assert_eq!(again.to_json(), session.to_json());
    conversation::go_on_with_anything(&session);
}

/// Flows that choices make, and people who say anything.
pub fn run_conversations(input: &[u8]) {
    conversation::play(&mut Choices::new(input));
}
