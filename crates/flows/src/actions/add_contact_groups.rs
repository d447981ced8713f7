//! `add_contact_groups` and `remove_contact_groups`.

use domain::{Group, GroupUuid};

use super::{Outcome, recipients::find_groups};
use crate::{engine::work::Work, program::Named};

pub(super) fn add(work: &mut Work<'_>, groups: &[Named<GroupUuid>]) -> Outcome {
    let assets = work.assets;
    let groups = find_groups(work, groups);
    let groups: Vec<&Group> = groups.iter().filter_map(|group| assets.group(group.uuid)).collect();
    work.change(|changes| changes.add_groups(&groups));
    Outcome::Done
}

pub(super) fn remove(work: &mut Work<'_>, groups: &[Named<GroupUuid>], all: bool) -> Outcome {
    let assets = work.assets;
    let groups: Vec<&Group> = if all {
        assets.groups().filter(|group| group.query.is_none()).collect()
    } else {
        let found = find_groups(work, groups);
        found.iter().filter_map(|group| assets.group(group.uuid)).collect()
    };
    work.change(|changes| changes.remove_groups(&groups));
    Outcome::Done
}
