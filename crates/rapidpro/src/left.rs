//! What has no place here yet: counted and named, so that nobody misses it unawares. And archives, which stay where
//! they are.

use crate::{ListedArchive, MigrateError, migration::Migration};

/// Areas, the statement that counts their rows, and why they are left out.
const LEFT: &[(&str, &str, &str)] = &[
    (
        "templates",
        "SELECT count(*) AS n FROM templates_template WHERE org_id = $1",
        "carriers give them again when the channel is set up",
    ),
    (
        "opt-ins",
        "SELECT count(*) AS n FROM msgs_optin WHERE org_id = $1 AND is_active",
        "they have no place here yet",
    ),
    (
        "classifiers",
        "SELECT count(*) AS n FROM classifiers_classifier WHERE org_id = $1 AND is_active",
        "they have no place here; add a model with `seedling service add model`",
    ),
    (
        "flow labels",
        "SELECT count(*) AS n FROM flows_flowlabel WHERE org_id = $1 AND is_active",
        "flows are not sorted by labels here",
    ),
    (
        "flow starts",
        "SELECT count(*) AS n FROM flows_flowstart WHERE org_id = $1",
        "done; the runs that they began are brought",
    ),
    ("calls", "SELECT count(*) AS n FROM ivr_call WHERE org_id = $1", "they have no place here yet"),
    (
        "airtime transfers",
        "SELECT count(*) AS n FROM airtime_airtimetransfer WHERE org_id = $1",
        "they have no place here yet",
    ),
    (
        "channel events",
        "SELECT count(*) AS n FROM channels_channelevent WHERE org_id = $1",
        "done; what they began is brought",
    ),
    (
        "invitations",
        "SELECT count(*) AS n FROM orgs_invitation WHERE org_id = $1 AND is_active",
        "invite those people again",
    ),
    (
        "uploaded files",
        "SELECT count(*) AS n FROM msgs_media WHERE org_id = $1",
        "they stay in the storage of RapidPro, where messages name them",
    ),
];

const UNFINISHED: &str =
    "SELECT count(*) AS n FROM flows_flowstart WHERE org_id = $1 AND status IN ('P', 'S')";
const ARCHIVES: &str = "SELECT archive_type, period, start_date, record_count, size, hash, url,
    rollup_id IS NOT NULL AS rolled_up, needs_deletion FROM archives_archive WHERE org_id = $1
    ORDER BY archive_type, start_date, id";

impl Migration<'_> {
    /// Counts what is left, and lists archives.
    pub fn left(&mut self) -> Result<(), MigrateError> {
        for (area, statement, reason) in LEFT {
            let rows = self.source.count(statement, &[self.org.id])?;
            let area = self.count(area);
            area.there = rows;
            area.leave_many(*reason, rows);
        }
        let unfinished = self.source.count(UNFINISHED, &[self.org.id])?;
        if unfinished > 0 {
            self.note(format!(
                "{unfinished} flow starts were not finished there; start them again for whom they missed"
            ));
        }
        let archives: Vec<ListedArchive> = self.source.rows("an archive", ARCHIVES, &[self.org.id])?;
        let area = self.count("archives");
        area.there = archives.len() as u64;
        area.leave_many("listed in this report; the files stay where they are", archives.len() as u64);
        self.report.archives = archives;
        Ok(())
    }
}
