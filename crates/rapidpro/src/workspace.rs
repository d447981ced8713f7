//! Workspaces and their conventions.

use domain::{WorkspaceId, WorkspaceUuid};
use expressions::Location;
use jiff::Timestamp;
use serde::Deserialize;
use smol_str::SmolStr;
use store::{DefinitionChange, WorkspaceRow};
use uuid::Uuid;

use crate::{MigrateError, Source, countries::country_code, migration::Migration};

/// A workspace of the source.
#[derive(Debug, Deserialize)]
pub(crate) struct Org {
    pub id: i64,
    pub uuid: Uuid,
    pub name: String,
    pub timezone: SmolStr,
    pub date_format: String,
    pub flow_languages: Vec<SmolStr>,
    pub input_collation: SmolStr,
    pub is_anon: bool,
    pub is_flagged: bool,
    pub is_suspended: bool,
    pub has_smtp: bool,
    pub has_airtime: bool,
    pub country: Option<String>,
    pub country_id: Option<i64>,
    /// The country that most channels name.
    pub channels_country: Option<SmolStr>,
    pub created_on: Timestamp,
}

const ORGS: &str = "SELECT o.id, o.uuid, o.name, o.timezone, o.date_format, o.flow_languages, o.input_collation,
    o.is_anon, o.is_flagged, o.is_suspended, coalesce(o.config ->> 'smtp_server', '') <> '' AS has_smtp,
    coalesce(o.config ->> 'dtone_key', '') <> '' AS has_airtime,
    b.name AS country, o.country_id, o.created_on,
    (SELECT c.country FROM channels_channel c WHERE c.org_id = o.id AND c.is_active AND coalesce(c.country, '') <> ''
     GROUP BY c.country ORDER BY count(*) DESC, c.country LIMIT 1) AS channels_country
    FROM orgs_org o LEFT JOIN locations_adminboundary b ON b.id = o.country_id
    WHERE o.is_active AND o.released_on IS NULL ORDER BY o.id";

#[derive(Deserialize)]
struct Boundary {
    id: i64,
    name: SmolStr,
    level: i64,
    parent_id: Option<i64>,
    aliases: Vec<SmolStr>,
}

const BOUNDARIES: &str = "SELECT b.id, b.name, b.level, b.parent_id,
    ARRAY(SELECT a.name FROM locations_boundaryalias a WHERE a.boundary_id = b.id AND a.org_id = $1 AND a.is_active
          ORDER BY a.id) AS aliases
    FROM locations_adminboundary b
    WHERE b.tree_id = (SELECT tree_id FROM locations_adminboundary WHERE id = $2) AND b.level <= 3
    ORDER BY b.level, b.id";

impl Org {
    /// All that are in use, parents first.
    pub fn all(source: &Source) -> Result<Vec<Self>, MigrateError> {
        source.rows("a workspace", ORGS, &[])
    }

    fn country_code(&self) -> Option<SmolStr> {
        let named = self.country.as_deref().and_then(country_code).map(SmolStr::new_static);
        named.or_else(|| self.channels_country.clone())
    }

    fn row(&self, id: WorkspaceId, chance: [u64; 2]) -> WorkspaceRow {
        let [high, low] = chance;
        WorkspaceRow {
            id,
            uuid: WorkspaceUuid(self.uuid),
            name: self.name.as_str().into(),
            timezone: self.timezone.clone(),
            country: self.country_code(),
            languages: self.flow_languages.clone(),
            date_format: match self.date_format.as_str() {
                "M" => "MM-DD-YYYY",
                "Y" => "YYYY-MM-DD",
                _ => "DD-MM-YYYY",
            }
            .into(),
            time_format: "tt:mm".into(),
            input_collation: self.input_collation.clone(),
            anonymous: self.is_anon,
            obfuscation_key: [high as u32, (high >> 32) as u32, low as u32, (low >> 32) as u32],
            definitions_version: 0,
            created_on: self.created_on,
        }
    }
}

impl Migration<'_> {
    /// The workspace itself, and the places of its country.
    pub fn workspace(&mut self) -> Result<(), MigrateError> {
        let org = self.org;
        let is_new = self.before.is_none();
        let area = self.count("workspace");
        area.there = 1;
        area.take(is_new);
        if org.is_suspended {
            self.note("it is suspended there; nothing suspends it here");
        }
        if org.is_flagged {
            self.note("it is flagged there, so that nothing is sent; nothing holds it back here");
        }
        if org.has_smtp {
            self.note("it sends e-mail by a server of its own; add it with `seedling service add email`");
        }
        if org.has_airtime {
            self.note("it transfers airtime by DT One; add it with `seedling service add airtime`");
        }
        if org.country.is_some() && org.country_code().is_none() {
            self.note("its country is not known by name; local numbers are not completed");
        }
        if is_new {
            let chance = [self.sink.host().random(), self.sink.host().random()];
            let row = org.row(self.workspace, chance);
            self.define(DefinitionChange::NewWorkspace(Box::new(row)));
        }
        self.places(is_new)
    }

    fn places(&mut self, is_new: bool) -> Result<(), MigrateError> {
        let Some(country) = self.org.country_id else { return Ok(()) };
        let rows: Vec<Boundary> = self.source.rows("a place", BOUNDARIES, &[self.org.id, country])?;
        let area = self.count("places");
        area.there = rows.len() as u64;
        for row in &rows {
            area.take(is_new);
            area.kind(
                ["country", "state", "district", "ward"][usize::try_from(row.level).unwrap_or(3).min(3)],
            );
        }
        let Some(root) = rows.iter().find(|row| row.level == 0) else { return Ok(()) };
        let tree = place(root, &rows);
        if is_new && let Ok(json) = serde_json::to_string(&tree) {
            self.define(DefinitionChange::Locations(json.into()));
        }
        Ok(())
    }
}

/// A place with those in it. Levels end, so this does.
fn place(row: &Boundary, rows: &[Boundary]) -> Location {
    let within = rows.iter().filter(|other| other.parent_id == Some(row.id) && other.level == row.level + 1);
    Location {
        name: row.name.clone(),
        aliases: row.aliases.clone(),
        children: within.map(|child| place(child, rows)).collect(),
    }
}
