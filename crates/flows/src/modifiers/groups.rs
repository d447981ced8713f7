//! Groups joined and left, by hand and by query.

use domain::{ContactStatus, Group, Reference};

use super::Changes;
use crate::{
    events::{ContactGroupsChanged, EventKind, GroupRef},
    group_index::Touched,
};

fn reference(group: &Group) -> GroupRef {
    Reference { uuid: group.uuid, name: group.name.clone() }
}

impl Changes<'_> {
    /// Joins groups that are filled by hand.
    pub fn add_groups(&mut self, groups: &[&Group]) {
        if self.is_out_of_groups() {
            return;
        }
        let mut added = Vec::new();
        for group in groups {
            if group.query.is_some() {
                self.error(format!("Can't add contacts to the query based group '{}'", group.name));
            } else if !self.contact.groups.contains(&group.uuid) {
                self.contact.groups.push(group.uuid);
                added.push(reference(group));
            }
        }
        self.groups_changed(added, Vec::new());
    }

    /// Leaves groups that are filled by hand.
    pub fn remove_groups(&mut self, groups: &[&Group]) {
        if self.is_out_of_groups() {
            return;
        }
        let mut removed = Vec::new();
        for group in groups {
            if group.query.is_some() {
                self.error(format!("Can't remove contacts from the query based group '{}'", group.name));
            } else if let Some(place) = self.contact.groups.iter().position(|uuid| *uuid == group.uuid) {
                self.contact.groups.remove(place);
                removed.push(reference(group));
            }
        }
        self.groups_changed(Vec::new(), removed);
    }

    /// Whether the contact's status keeps them out of all groups; says so.
    fn is_out_of_groups(&mut self) -> bool {
        let out = self.contact.status != ContactStatus::Active;
        if out {
            self.error("Can't add blocked or stopped contacts to groups");
        }
        out
    }

    /// Leaves every group.
    pub(super) fn leave_all_groups(&mut self) {
        let groups = std::mem::take(&mut self.contact.groups);
        let groups: Vec<&Group> = groups.iter().filter_map(|uuid| self.assets.group(*uuid)).collect();
        let by_query = groups.iter().filter(|group| group.query.is_some());
        let by_hand = groups.iter().filter(|group| group.query.is_none());
        let removed = by_query.chain(by_hand).map(|group| reference(group)).collect();
        self.groups_changed(Vec::new(), removed);
    }

    /// Brings the membership of all query groups up to date.
    pub fn reevaluate_groups(&mut self) {
        self.reevaluate_touched(Touched::Anything);
    }

    /// Brings the membership of those query groups up to date whose query a change may have touched.
    pub(super) fn reevaluate_touched(&mut self, by: Touched<'_>) {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let active = self.contact.status == ContactStatus::Active;
        for (group, query) in self.assets.groups_touched(by) {
            let belongs = active && query.is_some_and(|query| query.matches(&*self.contact));
            let place = self.contact.groups.iter().position(|uuid| *uuid == group.uuid);
            match (belongs, place) {
                (true, None) => {
                    self.contact.groups.push(group.uuid);
                    added.push(reference(group));
                }
                (false, Some(place)) => {
                    self.contact.groups.remove(place);
                    removed.push(reference(group));
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        self.groups_changed(added, removed);
    }

    fn groups_changed(&mut self, added: Vec<GroupRef>, removed: Vec<GroupRef>) {
        if !added.is_empty() || !removed.is_empty() {
            self.event(EventKind::ContactGroupsChanged(ContactGroupsChanged {
                groups_added: added,
                groups_removed: removed,
            }));
        }
    }
}
