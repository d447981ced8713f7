//! The rehearsals that operators run, short: kills and restarts under load, of one node and of several.

use crate::{complained, place::Place, said, seedling};

/// Runs a drill; it must end well.
fn ends_well(arguments: &[&str], place: Option<&Place>) {
    let store = place.map(Place::arguments).unwrap_or_default();
    // Drills take only the database; what they need besides they make for themselves.
    let database = store.iter().skip_while(|argument| *argument != "--database").map(String::as_str);
    let all: Vec<&str> = ["drill"].iter().chain(arguments).copied().chain(database).collect();
    let output = seedling(&all, "");
    assert!(output.status.success(), "{all:?}\n{}\n{}", said(&output), complained(&output));
}

#[test]
fn a_node_on_postgresql_is_killed() {
    ends_well(&["crash", "--rounds", "3"], Some(&Place::postgres()));
}

#[test]
fn one_of_three_nodes_is_killed() {
    ends_well(&["crash", "--rounds", "3", "--nodes", "3"], Some(&Place::postgres()));
}

#[test]
fn a_node_on_sqlite_is_restarted() {
    ends_well(&["roll", "--nodes", "1", "--rounds", "2", "--rate", "50"], None);
}

#[test]
fn three_nodes_are_restarted_one_after_the_other() {
    ends_well(&["roll", "--nodes", "3", "--rounds", "1", "--rate", "50"], Some(&Place::postgres()));
}

#[test]
fn timers_are_due_all_at_once_while_people_write() {
    ends_well(&["timers", "--timers", "1500", "--rate", "30", "--seconds", "4"], None);
}

#[test]
fn a_launch_is_played() {
    ends_well(&["launch", "--people", "60", "--messages", "5", "--minutes", "0.1"], None);
}
