//! Programmes: messages in stages that a person gets one by one, placed by the weeks of a pregnancy or a child's age.
//!
//! Pure rules only: when the next message goes and which one it is ([`timetable`]), where in a set somebody begins
//! ([`placement`]), and the rules of national programmes, written as data ([`national`]).

pub mod national;
pub mod placement;
pub mod timetable;

pub use placement::{Placement, PlacementError, Rate, change_of_medium, weeks_between};
pub use timetable::{
    NEXT_SET_AFTER, Plan, Position, SetRuns, expected, expected_chain, run_of_week, runs_per_week,
};

/// Messages of one set, at most: three a week for six years.
pub const MAX_SET_MESSAGES: u32 = 1000;
