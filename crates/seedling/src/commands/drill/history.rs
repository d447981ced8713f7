//! `seedling drill history`: a store as full as after years of service.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::NodeUuid;
use jiff::Timestamp;
use operations::{Context, NewChannel, NewWorkspace, add_channel, create_workspace, import_export};
use serde_json::{Value, json};
use simulator::{TWO_QUESTIONS, ledger::FIRST_NUMBER};
use store::{History, HistoryReport, make_history};

use crate::options::StoreOptions;

/// Messages that each person has, unless --contacts says otherwise.
const MESSAGES_PER_PERSON: u64 = 20;
/// Messages between two lines of progress.
const LINE_EVERY: u64 = 1_000_000;
/// Nodes of the drill's flow that a conversation without mistakes passes.
const PASSED: [usize; 5] = [0, 1, 2, 3, 6];

/// Fills an empty store with conversations of the past, so that drills can be held on it: people, messages, sessions,
/// runs, histories and all that is counted of them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill history --data ./full --messages 20000000 --contacts 1000000
  seedling drill load --data ./full --existing --rate 1800 --seconds 60
  seedling drill history --database postgres://seedling@localhost/full --messages 1000000

A message takes about half a kilobyte on the disk with all that belongs to it. What breaks off is of no use: begin again
with an empty folder or database.")]
pub struct MakeHistory {
    #[command(flatten)]
    store: StoreOptions,
    /// How many messages
    #[arg(long)]
    messages: u64,
    /// How many people; without it one for each twenty messages
    #[arg(long)]
    contacts: Option<u64>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

impl MakeHistory {
    /// Makes it up.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.create().await?;
        if let Some(row) = context.store.workspaces().await?.first() {
            bail!("there is a workspace {:?} already; give an empty folder or database", row.name);
        }
        let history = self.plan(&context).await?;
        // The store is closed: it is filled by another way.
        drop(context);
        let url = self.store.url()?;
        let begun = Instant::now();
        let filling = std::thread::spawn(move || {
            let mut told = 0;
            make_history(&url, &history, |messages| {
                if messages / LINE_EVERY > told {
                    told = messages / LINE_EVERY;
                    eprintln!("{messages} messages after {:.0} s", begun.elapsed().as_secs_f64());
                }
            })
        });
        let report = filling.join().map_err(|_| anyhow::anyhow!("filling the store broke off"))??;
        self.print(report, begun.elapsed().as_secs_f64());
        Ok(ExitCode::SUCCESS)
    }

    async fn plan(&self, context: &Context) -> anyhow::Result<History> {
        let new = NewWorkspace {
            name: "Drill".into(),
            timezone: "Africa/Kampala".into(),
            country: Some("UG".into()),
            languages: vec!["eng".into()],
            date_format: "DD-MM-YYYY".into(),
        };
        let workspace = create_workspace(context, new).await?;
        import_export(context, workspace.id, TWO_QUESTIONS.as_bytes().to_vec()).await?;
        let new = NewChannel {
            workspace: workspace.id,
            uuid: None,
            channel_type: "EX".into(),
            name: "History".into(),
            address: "2020".into(),
            schemes: vec!["tel".into()],
            country: None,
            config: json!({"send_url": "http://127.0.0.1:9/nobody-listens-here"}),
            rate: None,
        };
        let channel = add_channel(context, new).await?;
        let definitions = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let flow = definitions.flows.first().context("the drill's flow is gone")?;
        let revision = definitions.revisions.first().context("the drill's flow is gone")?;
        let definition: Value = serde_json::from_str(&revision.definition)?;
        let node =
            |place: usize| definition["nodes"][place]["uuid"].as_str().and_then(|uuid| uuid.parse().ok());
        let nodes: Option<Vec<NodeUuid>> = PASSED.into_iter().map(node).collect();
        let nodes =
            nodes.and_then(|nodes| nodes.try_into().ok()).context("the drill's flow has other nodes")?;
        Ok(History {
            workspace: workspace.id,
            timezone: workspace.timezone,
            channel: channel.id,
            flow: flow.id,
            nodes,
            messages: self.messages,
            contacts: self.contacts.unwrap_or(self.messages / MESSAGES_PER_PERSON).max(1),
            first_number: FIRST_NUMBER,
            until: Timestamp::now(),
        })
    }

    fn print(&self, report: HistoryReport, seconds: f64) {
        let rate = report.messages as f64 / seconds.max(0.001);
        if self.json {
            let HistoryReport { messages, contacts, conversations } = report;
            println!(
                "{}",
                json!({"messages": messages, "contacts": contacts, "conversations": conversations,
                    "seconds": seconds, "messages_per_second": rate})
            );
        } else {
            println!("messages       {:>12}", report.messages);
            println!("people         {:>12}", report.contacts);
            println!("conversations  {:>12}", report.conversations);
            println!("took           {seconds:>10.1} s, {rate:.0} messages a second");
        }
    }
}
