//! `seedling node list`: who is alive, as the database knows it.

use std::process::ExitCode;

use clap::Args;
use jiff::{Timestamp, Unit};
use serde_json::json;
use store::{LeaseRow, NodeRow};

use crate::options::StoreOptions;

/// Says which nodes are alive. The times are those of the nodes' own clocks.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling node list --database postgres://seedling:SECRET@db.example.org/seedling
  seedling node list --json | jq -r '.[].name'

A node that was killed is listed until the others have missed it for ten seconds. Without any, nobody serves.")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    /// Print one line of JSON: a list of nodes
    #[arg(long)]
    json: bool,
}

impl List {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let (nodes, leases) = (context.store.nodes().await?, context.store.leases().await?);
        if self.json {
            let nodes: Vec<_> = nodes.iter().map(|node| as_json(node, &leases)).collect();
            println!("{}", serde_json::Value::from(nodes));
        } else if nodes.is_empty() {
            println!("no node serves");
        } else {
            print(&nodes, &leases);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn held<'l>(node: &NodeRow, leases: &'l [LeaseRow]) -> impl Iterator<Item = &'l str> {
    let run = node.run;
    leases.iter().filter(move |lease| lease.run == run).map(|lease| lease.name.as_str())
}

fn shown(moment: Timestamp) -> String {
    moment.round(Unit::Second).unwrap_or(moment).to_string()
}

fn as_json(node: &NodeRow, leases: &[LeaseRow]) -> serde_json::Value {
    json!({
        "name": node.name, "run": node.run, "version": node.version, "schema": node.schema,
        "address": node.address, "host": node.host, "state": node.state.as_str(),
        "since": node.started_on.to_string(), "last_beat": node.beat_on.to_string(),
        "leases": held(node, leases).collect::<Vec<_>>(),
    })
}

fn print(nodes: &[NodeRow], leases: &[LeaseRow]) {
    let head = ["NAME", "VERSION", "SCHEMA", "ADDRESS", "HOST", "STATE", "SINCE", "LAST BEAT", "LEASES"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(nodes.iter().map(|node| {
        [
            node.name.to_string(),
            node.version.to_string(),
            node.schema.to_string(),
            node.address.to_string(),
            node.host.to_string(),
            node.state.as_str().to_owned(),
            shown(node.started_on),
            shown(node.beat_on),
            held(node, leases).collect::<Vec<_>>().join(", "),
        ]
    }));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
}
