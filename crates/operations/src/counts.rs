//! Reads what was counted, in the forms that people ask for, and puts counts right that `verify` found wrong.

use std::collections::BTreeMap;

use domain::WorkspaceId;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use smol_str::SmolStr;
use store::{
    Change, Definitions, StoreError, Tally, TallyKind, TallyName, TallyRow, TimeBucket, Unit, UnitError,
    Verified,
};

use crate::Context;

/// Days from one to another, both included, as the workspace's calendar has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// Days since 1970-01-01.
    pub from: i32,
    /// Days since 1970-01-01.
    pub to: i32,
}

impl Days {
    /// Those days, or all before or after if one is left open.
    pub fn between(from: Option<Date>, to: Option<Date>) -> Self {
        Self { from: from.map_or(i32::MIN, day_number), to: to.map_or(i32::MAX, day_number) }
    }
}

/// The number of a day, days since 1970-01-01.
pub fn day_number(date: Date) -> i32 {
    let since = date.since((jiff::Unit::Day, Date::constant(1970, 1, 1)));
    since.map_or(0, |span| span.get_days())
}

/// The day of a number.
pub fn date_of(day: i32) -> Date {
    let at = jiff::Span::new().try_days(day).ok();
    at.and_then(|span| Date::constant(1970, 1, 1).checked_add(span).ok()).unwrap_or(Date::MIN)
}

/// How far spans of time spread: half of them are at most `p50`, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many spans.
    pub count: i64,
    /// Milliseconds.
    pub p50_ms: f64,
    /// Milliseconds.
    pub p95_ms: f64,
    /// Milliseconds.
    pub p99_ms: f64,
    /// Milliseconds; the longest bucket that is not empty.
    pub max_ms: f64,
}

impl Spread {
    /// Of counts in buckets; `None` if nothing was counted. Each span is taken to be as long as its bucket allows.
    pub fn of(rows: impl IntoIterator<Item = (TimeBucket, i64)>) -> Option<Self> {
        let mut buckets: BTreeMap<TimeBucket, i64> = BTreeMap::new();
        for (bucket, count) in rows {
            *buckets.entry(bucket).or_default() += count;
        }
        let count: i64 = buckets.values().sum();
        let millis = |bucket: TimeBucket| bucket.most_micros() as f64 / 1_000.0;
        let at = |share: f64| {
            let wanted = (count as f64 * share).ceil() as i64;
            let mut so_far = 0;
            let found = buckets.iter().find(|(_, count)| {
                so_far += **count;
                so_far >= wanted
            });
            found.map_or(0.0, |(bucket, _)| millis(*bucket))
        };
        (count > 0).then(|| Self {
            count,
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        })
    }
}

/// How long something took on a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineTimes {
    /// What took so long.
    pub kind: TallyKind,
    /// The line's name; empty if it has none.
    pub line: SmolStr,
    /// How long.
    #[serde(flatten)]
    pub spread: Spread,
}

/// How long replies, waiting, sending and delivery took, by line.
pub async fn line_times(
    ctx: &Context,
    workspace: WorkspaceId,
    days: Days,
) -> Result<Vec<LineTimes>, StoreError> {
    let lines = line_names(ctx, workspace).await?;
    let kinds = [TallyKind::QueueTime, TallyKind::ReplyTime, TallyKind::CarrierTime, TallyKind::DeliveryTime];
    let rows = ctx.store.tallies(workspace, kinds.to_vec(), days.from, days.to).await?;
    let mut buckets: BTreeMap<(TallyKind, i64), Vec<(TimeBucket, i64)>> = BTreeMap::new();
    for row in rows {
        if let Some(bucket) = TimeBucket::parse(&row.name) {
            buckets.entry((row.kind, row.subject)).or_default().push((bucket, row.count));
        }
    }
    let times = buckets.into_iter().filter_map(|((kind, line), rows)| {
        Some(LineTimes { kind, line: name_in(&lines, line), spread: Spread::of(rows)? })
    });
    Ok(times.collect())
}

/// Names of lines by row number.
pub async fn line_names(ctx: &Context, workspace: WorkspaceId) -> Result<BTreeMap<i64, SmolStr>, StoreError> {
    let definitions = ctx.store.definitions(workspace).await?;
    let lines = definitions.into_iter().flat_map(|definitions| definitions.channels);
    Ok(lines.map(|line| (line.id.0, line.name)).collect())
}

fn name_in(names: &BTreeMap<i64, SmolStr>, number: i64) -> SmolStr {
    names.get(&number).cloned().unwrap_or_default()
}

/// How a flow went: how many began it and how they left it, how far they came, and what they answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowFunnel {
    /// Its name; empty for a flow that is gone.
    pub flow: SmolStr,
    /// `started` and each way in which runs ended.
    pub runs: BTreeMap<SmolStr, i64>,
    /// Nodes in the order of the definition, those that are gone last.
    pub nodes: Vec<NodeReached>,
    /// `result=category`.
    pub answers: BTreeMap<SmolStr, i64>,
}

/// How often a node was entered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeReached {
    /// Its identifier.
    pub node: SmolStr,
    /// What it says, asks or does; empty if it is gone.
    pub label: String,
    /// How often.
    pub count: i64,
}

/// Characters of a node's label.
const LABEL_CHARS: usize = 48;

/// The funnels of all flows that something was counted of.
pub async fn flow_funnels(
    ctx: &Context,
    workspace: WorkspaceId,
    days: Days,
) -> Result<Vec<FlowFunnel>, StoreError> {
    let kinds = vec![TallyKind::Flow, TallyKind::Node, TallyKind::Answer];
    let rows = ctx.store.tallies(workspace, kinds, days.from, days.to).await?;
    let Some(definitions) = ctx.store.definitions(workspace).await? else { return Ok(Vec::new()) };
    let mut by_flow: BTreeMap<i64, BTreeMap<(TallyKind, SmolStr), i64>> = BTreeMap::new();
    for TallyRow { kind, subject, name, count, .. } in rows {
        *by_flow.entry(subject).or_default().entry((kind, name)).or_default() += count;
    }
    Ok(by_flow.into_iter().map(|(flow, counts)| funnel(&definitions, flow, &counts)).collect())
}

fn funnel(definitions: &Definitions, flow: i64, counts: &BTreeMap<(TallyKind, SmolStr), i64>) -> FlowFunnel {
    let of = |wanted: TallyKind| {
        let counts = counts.iter().filter(move |((kind, _), count)| *kind == wanted && **count != 0);
        counts.map(|((_, name), count)| (name.clone(), *count))
    };
    let row = definitions.flows.iter().find(|row| row.id.0 == flow);
    let labels = definitions.revisions.iter().find(|row| row.flow.0 == flow).map_or_else(Vec::new, |row| {
        serde_json::from_str::<Value>(&row.definition).map_or_else(|_| Vec::new(), |flow| labels(&flow))
    });
    let mut reached: BTreeMap<SmolStr, i64> = of(TallyKind::Node).collect();
    let mut nodes: Vec<NodeReached> = Vec::new();
    for (node, label) in labels {
        let count = reached.remove(&node).unwrap_or_default();
        nodes.push(NodeReached { node, label, count });
    }
    nodes.extend(reached.into_iter().map(|(node, count)| NodeReached { node, label: String::new(), count }));
    FlowFunnel {
        flow: row.map(|row| row.name.clone()).unwrap_or_default(),
        runs: of(TallyKind::Flow).collect(),
        nodes,
        answers: of(TallyKind::Answer).collect(),
    }
}

/// The nodes of a definition in its order, with what they say, ask or do.
fn labels(flow: &Value) -> Vec<(SmolStr, String)> {
    let nodes = flow["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let label = |node: &Value| {
        let action = node["actions"].as_array().and_then(|actions| actions.first());
        let text = action.and_then(|action| action["text"].as_str().or_else(|| action["type"].as_str()));
        let asks = node["router"]["result_name"].as_str().filter(|name| !name.is_empty());
        let told = match (text, asks) {
            (Some(text), _) => text.to_owned(),
            (None, Some(result)) => format!("asks: {result}"),
            (None, None) => node["router"]["type"].as_str().unwrap_or_default().to_owned(),
        };
        let told = told.replace(['\n', '\r', '\t'], " ");
        (node["uuid"].as_str().unwrap_or_default().into(), told.chars().take(LABEL_CHARS).collect())
    };
    nodes.iter().map(label).collect()
}

/// Puts counts right that were found wrong, as corrections of the same kind. Sums over all days are corrected on the
/// workspace's present day. Answers how many. What is wrong with other rows is left to people.
pub async fn repair_counts(ctx: &Context, found: &Verified) -> Result<usize, StoreError> {
    let mut zones = BTreeMap::new();
    for workspace in ctx.store.workspaces().await? {
        zones.insert(workspace.id.0, store::zone_named(&workspace.timezone));
    }
    let mut tallies = Vec::new();
    for wrong in found.differences.iter().filter(|wrong| wrong.kind != TallyKind::Outcome) {
        let today = zones.get(&wrong.workspace).map_or(0, |zone| store::local_day(zone, ctx.now()));
        let tally = Tally {
            workspace: WorkspaceId(wrong.workspace),
            day: wrong.day.unwrap_or(today),
            kind: wrong.kind,
            subject: wrong.subject,
            name: TallyName::text(&wrong.name),
        };
        tallies.push((tally, wrong.found - wrong.kept));
    }
    let corrected = tallies.len();
    match ctx.write_one(Unit::new(vec![Change::Tallies(tallies)])).await {
        Ok(_) => Ok(corrected),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_numbers_and_numbers_days() {
        for (date, number) in
            [("1970-01-01", 0), ("1969-12-31", -1), ("2024-02-29", 19_782), ("2027-01-15", 20_833)]
        {
            let date: Date = date.parse().expect("a date");
            assert_eq!((day_number(date), date_of(number)), (number, date));
        }
    }

    #[test]
    fn percentiles_of_days_and_lines_add_up() {
        let bucket = |millis: i64| TimeBucket::of(millis * 1_000);
        assert_eq!(Spread::of([]), None);
        let spread = Spread::of([(bucket(4), 90), (bucket(4), 5), (bucket(64), 4), (bucket(4_000), 1)]);
        let expected = Spread { count: 100, p50_ms: 4.0, p95_ms: 4.0, p99_ms: 64.0, max_ms: 4_096.0 };
        assert_eq!(spread, Some(expected));
    }
}
