//! `seedling report …`: what was counted.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use operations::{
    Context, Days, Spread, TicketCounts, allow_report, date_of, flow_funnels, line_names, line_times,
    ticket_report,
};
use serde_json::json;
use smol_str::SmolStr;
use store::{TallyKind, TallyRow, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};

/// What was counted, by day of the workspace's calendar. Reading it costs the same however long the history is.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling report messages --data ./seedling-data --from 2026-11-01 --to 2026-11-30
  seedling report flows --from 2026-11-21
  seedling report latency --json")]
pub struct Report {
    #[command(subcommand)]
    about: About,
}

#[derive(Subcommand)]
enum About {
    /// Messages by day, line, direction and where they stand now
    Messages(Range),
    /// People: new, there on the day, opting in and out; how many by status and language
    Contacts(Range),
    /// Flows: who began, how far they came, how they ended, what they answered
    Flows(Range),
    /// How long replies, sending and delivery took
    Latency(Range),
    /// Tickets by day, and how long answers took, by user and team
    Tickets(Range),
    /// Jobs, tickets, and what flows asked of others
    Work(Range),
}

/// Which days, and of whom.
#[derive(Args)]
struct Range {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// The first day
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Date>,
    /// The last day
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Date>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Range {
    async fn open(&self) -> anyhow::Result<(Context, WorkspaceRow, Days)> {
        let context = self.store.open().await?;
        allow_report(&context).await?;
        let workspace = self.workspace.choose(&context).await?;
        Ok((context, workspace, Days::between(self.from, self.to)))
    }

    fn show(&self, object: &serde_json::Value, line: &str) {
        if self.json { println!("{object}") } else { println!("{line}") }
    }

    async fn rows(&self, kinds: &[TallyKind]) -> anyhow::Result<(Vec<TallyRow>, BTreeMap<i64, SmolStr>)> {
        let (context, workspace, days) = self.open().await?;
        let rows = context.store.tallies(workspace.id, kinds.to_vec(), days.from, days.to).await?;
        Ok((rows, line_names(&context, workspace.id).await?))
    }
}

impl Report {
    /// Prints the report.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.about {
            About::Messages(range) => messages(&range).await?,
            About::Contacts(range) => contacts(&range).await?,
            About::Flows(range) => flows(&range).await?,
            About::Latency(range) => latency(&range).await?,
            About::Tickets(range) => tickets(&range).await?,
            About::Work(range) => work(&range).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn messages(range: &Range) -> anyhow::Result<()> {
    let (rows, lines) = range.rows(&[TallyKind::Message]).await?;
    for row in rows {
        let (direction, status) = row.name.split_once('/').unwrap_or((&row.name, ""));
        let (day, line) = (date_of(row.day), lines.get(&row.subject).cloned().unwrap_or_default());
        let object =
            json!({"day": day, "line": line, "direction": direction, "status": status, "count": row.count});
        range.show(&object, &format!("{day}  {line:<24} {direction:<4} {status:<10} {:>12}", row.count));
    }
    Ok(())
}

/// Rows as they are, for what has no line or flow.
fn plain(range: &Range, rows: Vec<TallyRow>) {
    for row in rows {
        let (day, kind) = (date_of(row.day), row.kind.as_str());
        let object = json!({"day": day, "kind": kind, "name": row.name, "count": row.count});
        range.show(&object, &format!("{day}  {kind:<18} {:<28} {:>12}", row.name, row.count));
    }
}

async fn contacts(range: &Range) -> anyhow::Result<()> {
    let (context, workspace, days) = range.open().await?;
    let kinds = vec![TallyKind::NewContact, TallyKind::ActiveContact, TallyKind::Consent];
    plain(range, context.store.tallies(workspace.id, kinds, days.from, days.to).await?);
    let active = context.store.active_contacts(workspace.id, days.from, days.to).await?;
    range.show(
        &json!({"kind": "different_people", "count": active}),
        &format!("different people {active:>47}"),
    );
    // How many there are at the end of the last day: all changes until then.
    let kinds = vec![TallyKind::ContactStatus, TallyKind::ContactLanguage];
    let mut stock: BTreeMap<(TallyKind, SmolStr), i64> = BTreeMap::new();
    for row in context.store.tallies(workspace.id, kinds, i32::MIN, days.to).await? {
        *stock.entry((row.kind, row.name)).or_default() += row.count;
    }
    for ((kind, name), count) in stock.into_iter().filter(|(_, count)| *count != 0) {
        let kind = kind.as_str();
        let object = json!({"kind": kind, "name": name, "count": count});
        range.show(&object, &format!("in all      {kind:<18} {name:<28} {count:>12}"));
    }
    Ok(())
}

async fn flows(range: &Range) -> anyhow::Result<()> {
    let (context, workspace, days) = range.open().await?;
    for funnel in flow_funnels(&context, workspace.id, days).await? {
        if range.json {
            println!("{}", serde_json::to_string(&funnel)?);
            continue;
        }
        let runs: Vec<String> = funnel.runs.iter().map(|(word, count)| format!("{word} {count}")).collect();
        println!("{}: {}", funnel.flow, runs.join(", "));
        let started = funnel.runs.get("started").copied().unwrap_or_default().max(1);
        for node in &funnel.nodes {
            let percent = node.count * 100 / started;
            println!("  {:>10} {percent:>4} %  {}", node.count, node.label);
        }
        for (answer, count) in &funnel.answers {
            println!("  {count:>10}  {answer}");
        }
    }
    Ok(())
}

async fn latency(range: &Range) -> anyhow::Result<()> {
    let (context, workspace, days) = range.open().await?;
    for times in line_times(&context, workspace.id, days).await? {
        let (kind, line, spread) = (times.kind.as_str(), &times.line, times.spread);
        let text = format!(
            "{kind:<14} {line:<24} {:>10}  half {:>8.1} ms  95 % {:>8.1} ms  99 % {:>8.1} ms  all {:>9.1} ms",
            spread.count, spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms
        );
        range.show(&serde_json::to_value(&times)?, &text);
    }
    Ok(())
}

async fn tickets(range: &Range) -> anyhow::Result<()> {
    let (context, workspace, days) = range.open().await?;
    let Some(all) = context.store.definitions(workspace.id).await? else { return Ok(()) };
    let report = ticket_report(&context, workspace.id, &all, days).await?;
    let show = |what: &str, name: &str, counts: &TicketCounts| {
        let (first, resolution) = (counts.first_reply(), counts.resolution());
        let half = |spread: Option<Spread>| {
            spread.map_or_else(String::new, |spread| format!("{:.0} min", spread.p50_ms / 60_000.0))
        };
        let object = json!({
            what: name, "opened": counts.opened, "closed": counts.closed, "reopened": counts.reopened,
            "replies": counts.replies, "first_reply": first, "resolution": resolution,
        });
        let line = format!(
            "{name:<32} opened {:>6}  closed {:>6}  replies {:>6}  half answered in {:>9}, closed in {:>9}",
            counts.opened,
            counts.closed,
            counts.replies,
            half(first),
            half(resolution)
        );
        range.show(&object, &line);
    };
    for (day, counts) in &report.days {
        show("day", &date_of(*day).to_string(), counts);
    }
    for (id, counts) in &report.users {
        let user = all.users.iter().find(|user| user.id == *id);
        show("user", user.map_or("", |user| user.email.as_str()), counts);
    }
    for (id, counts) in &report.teams {
        let team = all.teams.iter().find(|team| team.id == *id);
        show("team", team.map_or("", |team| team.name.as_str()), counts);
    }
    Ok(())
}

async fn work(range: &Range) -> anyhow::Result<()> {
    let (rows, _) =
        range.rows(&[TallyKind::Job, TallyKind::JobItems, TallyKind::Ticket, TallyKind::Effect]).await?;
    plain(range, rows);
    Ok(())
}
