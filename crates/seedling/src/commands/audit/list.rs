//! `seedling audit list`: who changed what, the latest first.

use std::process::ExitCode;

use clap::Args;
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};
use store::{AuditList, AuditOf, AuditRow, Walk};
use uuid::Uuid;

use crate::options::{StoreOptions, WorkspaceOption};

/// Rows that are read at a time.
const PAGE: usize = 1_000;

/// Shows who changed what, the latest first: when, who, what was done, and the members that are another now.
#[derive(Args)]
#[command(after_help = "\
Examples:
  seedling audit list --data ./seedling-data --kind channel
  seedling audit list --data ./seedling-data --user ann@example.org --after 2026-11-01T00:00:00Z --json")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// All workspaces, and what belongs to none
    #[arg(long, conflicts_with = "workspace")]
    all: bool,
    /// Only about things of this kind, such as contact
    #[arg(long)]
    kind: Option<String>,
    /// Only what this user did, by e-mail address, or by the name that the machine knows them by
    #[arg(long)]
    user: Option<String>,
    /// Only about the thing with this identifier
    #[arg(long)]
    uuid: Option<Uuid>,
    /// Not earlier than this moment
    #[arg(long, value_name = "MOMENT")]
    after: Option<Timestamp>,
    /// Not later than this moment
    #[arg(long, value_name = "MOMENT")]
    before: Option<Timestamp>,
    /// Rows at most
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

impl List {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = if self.all { None } else { Some(self.workspace.choose(&context).await?.id) };
        let of = AuditOf {
            workspace,
            kind: self.kind.map(Into::into),
            who: self.user.map(Into::into),
            subject: self.uuid,
            after: self.after.map(Timestamp::as_microsecond),
            before: self.before.map(Timestamp::as_microsecond),
        };
        let (mut left, mut from) = (self.limit, None);
        while left > 0 {
            let walk = Walk { from, up: false, limit: left.min(PAGE) };
            let rows = context.store.audit(AuditList { of: of.clone(), walk }).await?;
            let Some(last) = rows.last() else { break };
            (left, from) = (left - rows.len(), Some((last.id, last.place)));
            for row in &rows {
                if self.json { println!("{}", as_json(row)) } else { println!("{}", as_line(row)) }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(row: &AuditRow) -> Value {
    json!({
        "created_on": row.created_on,
        "actor": {"name": row.who, "means": row.means.as_str(), "uuid": row.proof},
        "verb": row.verb,
        "kind": row.kind,
        "uuid": row.subject_uuid,
        "name": row.subject,
        "before": row.before,
        "after": row.after,
    })
}

fn as_line(row: &AuditRow) -> String {
    let when = row.created_on.round(Unit::Second).unwrap_or(row.created_on);
    let uuid = row.subject_uuid.map(|uuid| format!(" {uuid}")).unwrap_or_default();
    let values = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    let (before, after) = (values(&row.before), values(&row.after));
    let arrow = if before.is_empty() && after.is_empty() { "" } else { "  " };
    let between = if before.is_empty() || after.is_empty() { "" } else { " -> " };
    format!(
        "{when}  {} ({})  {} {} {:?}{uuid}{arrow}{before}{between}{after}",
        row.who,
        row.means.as_str(),
        row.verb,
        row.kind,
        row.subject
    )
}
