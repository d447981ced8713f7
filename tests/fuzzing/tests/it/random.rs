//! Random inputs for the targets that make something valid of any bytes: random flows and random people.

use fuzzing::target;
use proptest::prelude::*;

fn check(name: &str, input: &[u8]) {
    target(name).unwrap().check(input);
}

proptest! {
    #[test]
    fn any_conversation_ends_within_limits_and_survives_being_stored(
        input in proptest::collection::vec(any::<u8>(), 0..1_500),
    ) {
        check("conversations", &input);
    }

    #[test]
    fn any_mistake_in_a_flow_is_refused_or_does_no_harm(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        check("mutated_definitions", &input);
        check("migrations", &input);
    }

    #[test]
    fn any_mistake_in_an_export_is_refused_or_does_no_harm(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        check("exports", &input);
    }

    #[test]
    fn any_line_reads_any_request(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        check("carriers", &input);
    }

    #[test]
    fn every_part_of_a_webhook_is_taken_or_noted(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        check("whatsapp", &input);
    }
}
