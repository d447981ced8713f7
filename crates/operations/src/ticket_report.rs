//! How tickets went: by day, by user and by team, from the counts.

use std::collections::BTreeMap;

use domain::{TeamId, UserId, WorkspaceId};
use store::{Definitions, StoreError, TallyKind, TallyRow, TimeBucket};

use crate::{Context, Days, counts::Spread};

/// What was counted of tickets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TicketCounts {
    /// Opened.
    pub opened: i64,
    /// Closed.
    pub closed: i64,
    /// Opened again.
    pub reopened: i64,
    /// Answers that people wrote.
    pub replies: i64,
    /// From opening to the first answer.
    pub first_reply: BTreeMap<TimeBucket, i64>,
    /// From opening to closing.
    pub resolution: BTreeMap<TimeBucket, i64>,
}

impl TicketCounts {
    /// How long first answers took; `None` if there was none.
    pub fn first_reply(&self) -> Option<Spread> {
        Spread::of(self.first_reply.iter().map(|(bucket, count)| (*bucket, *count)))
    }

    /// How long it took until tickets were closed; `None` if none was.
    pub fn resolution(&self) -> Option<Spread> {
        Spread::of(self.resolution.iter().map(|(bucket, count)| (*bucket, *count)))
    }

    fn add(&mut self, row: &TallyRow) {
        let spans = match row.kind {
            TallyKind::FirstReplyTime => &mut self.first_reply,
            TallyKind::ResolutionTime => &mut self.resolution,
            TallyKind::TicketReply => {
                self.replies += row.count;
                return;
            }
            _ => {
                match row.name.as_str() {
                    "opened" => self.opened += row.count,
                    "closed" => self.closed += row.count,
                    "reopened" => self.reopened += row.count,
                    _ => {}
                }
                return;
            }
        };
        if let Some(bucket) = TimeBucket::parse(&row.name) {
            *spans.entry(bucket).or_default() += row.count;
        }
    }
}

/// What was counted of tickets in some days.
#[derive(Debug, Clone, Default)]
pub struct TicketReport {
    /// By day, days since 1970-01-01.
    pub days: BTreeMap<i32, TicketCounts>,
    /// By who answered first, wrote, or dealt with it when it was closed.
    pub users: BTreeMap<UserId, TicketCounts>,
    /// The same by the team in which they are now.
    pub teams: BTreeMap<TeamId, TicketCounts>,
}

/// What was counted of tickets.
///
/// # Errors
/// If the store fails.
pub async fn ticket_report(
    ctx: &Context,
    workspace: WorkspaceId,
    definitions: &Definitions,
    days: Days,
) -> Result<TicketReport, StoreError> {
    let kinds =
        vec![TallyKind::Ticket, TallyKind::TicketReply, TallyKind::FirstReplyTime, TallyKind::ResolutionTime];
    let mut report = TicketReport::default();
    let rows = ctx.store.for_reports().tallies(workspace, kinds, days.from, days.to).await?;
    for row in rows.iter().filter(|row| row.count != 0) {
        report.days.entry(row.day).or_default().add(row);
        if row.subject == 0 {
            continue;
        }
        let user = UserId(row.subject);
        report.users.entry(user).or_default().add(row);
        let team = definitions.users.iter().find(|known| known.id == user).and_then(|known| known.team);
        if let Some(team) = team {
            report.teams.entry(team).or_default().add(row);
        }
    }
    Ok(report)
}
