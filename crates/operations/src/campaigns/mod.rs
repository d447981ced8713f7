//! Campaigns: points in time that come for each member of a group, counted from a date of theirs.
//!
//! Each point of each person is a timer. Whatever changes a date, a group or a zone sets the timers anew in the same
//! transaction ([`Turn::plan_campaigns`]); a campaign that is itself changed does so by a job for all its members
//! ([`plan`]). When a timer fires the moment is worked out again from what is true then ([`Turn::campaign_comes`]): a
//! timer that is too early is set anew, and one whose moment has passed before it was due does nothing. So whoever
//! plans may be mistaken for a moment, and nobody is told something twice or at a wrong time.

mod fire;
pub(crate) mod plan;
mod points;

pub(crate) use points::{CampaignPoint, StartMode, points};
