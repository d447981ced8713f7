//! `seedling demo`: a programme to talk to, with everything around it, without any setting up.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use domain::WorkspaceId;
use node::{Config, Layer};
use operations::{Context, NewChannel, NewWorkspace, add_channel, create_workspace, import_export};
use simulator::carrier::{Carrier, Delivery, Dialect};
use simulator::connections::Connections;
use store::ChannelRow;

use crate::options::StoreOptions;
use crate::serve::{Running, start_log};

/// The demonstration programme: registration, questions, messages by stage, leaving; English and Kiswahili.
const PROGRAMME: &str = include_str!("../../../../testdata/demo/safe_steps.json");
/// Where the demo listens unless said otherwise; if that is taken, at any free port.
const LISTEN: &str = "127.0.0.1:7333";
/// Connections for the carrier's delivery reports.
const REPORT_CONNECTIONS: usize = 4;

/// Starts Seedling with a programme for mothers in English and Kiswahili, a chat page and a carrier that it plays
/// itself. Without --data everything lies in a temporary folder and is gone at the end.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling demo
  seedling demo --data ./demo-data --listen 127.0.0.1:8000")]
pub struct Demo {
    /// Keep the data in this folder
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7333, or a free port]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Print the addresses, then each message that the carrier gets, as lines of JSON
    #[arg(long)]
    json: bool,
}

/// The lines of the demo.
struct Lines {
    chat: ChannelRow,
    carrier: ChannelRow,
}

impl Demo {
    /// Serves until it is told to stop.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        start_log();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        // Dropped last, when nothing writes into it any more.
        let scratch = tempfile::Builder::new().prefix("seedling-demo-").tempdir()?;
        let data = self.data.clone().unwrap_or_else(|| scratch.path().join("data"));
        runtime.block_on(self.serve(&data))
    }

    async fn serve(&self, data: &Path) -> anyhow::Result<ExitCode> {
        let (lines, carrier) = {
            let context = StoreOptions { data: data.to_path_buf(), database: None, reports_database: None }
                .create()
                .await?;
            prepare(&context).await?
        };
        let layer = Layer {
            data: Some(data.to_path_buf()),
            listen: Some(self.listen.clone().unwrap_or_else(free_address)),
            ..Layer::default()
        };
        let running = Running::start(Config::new(layer)?).await?;
        let base = format!("http://{}", running.address);
        self.introduce(&base, data, &lines)?;
        let json = self.json;
        let print = move |delivery: &Delivery| print_delivery(delivery, json);
        let reports = Connections::new(&base, REPORT_CONNECTIONS)?;
        tokio::spawn(carrier.serve(reports, lines.carrier.uuid.0, Arc::new(print), Arc::new(|| {})));
        running.until_signal().await
    }

    fn introduce(&self, base: &str, data: &Path, lines: &Lines) -> anyhow::Result<()> {
        let chat = format!("{base}/chat/{}", lines.chat.uuid);
        let receive = format!("{base}/c/ex/{}/receive", lines.carrier.uuid);
        if self.json {
            let addresses = serde_json::json!({"chat": chat, "carrier": receive, "data": data});
            println!("{}", serde_json::to_string(&addresses)?);
            return Ok(());
        }
        let kept = match &self.data {
            Some(data) => format!("The data stays in {}.", data.display()),
            None => "The data is in a temporary folder and goes with it.".to_owned(),
        };
        println!(
            "\
Safe Steps is running: messages for mothers, in English and Kiswahili. {kept}

  Chat page, for a browser:   {chat}
  Carrier, for phones:        {receive}

Be a phone:
  curl -d from=+256799000001 -d text=hello {receive}

What Seedling sends to phones goes to a carrier that this demo plays: it appears below.
Write hello to join, then MENU, BABY, STOP, START (or MENYU, MTOTO, ACHA, ANZA). Ctrl-C ends the demo.
"
        );
        Ok(())
    }
}

fn print_delivery(delivery: &Delivery, json: bool) {
    let Delivery { to, text, message, .. } = delivery;
    if json {
        println!("{}", serde_json::json!({"to": to, "text": text, "message": message}));
    } else {
        println!("to {to}: {}", text.replace('\n', "\n    "));
    }
}

/// Makes the workspace with its flows and lines, unless an earlier demo left them here, and the carrier that its
/// line sends to.
async fn prepare(context: &Context) -> anyhow::Result<(Lines, Carrier)> {
    if let Some(workspace) = context.store.workspaces().await?.first() {
        return found(context, workspace.id).await;
    }
    let carrier = Carrier::bind(([127, 0, 0, 1], 0).into(), Dialect::Ex)
        .await
        .context("the demo's carrier cannot listen")?;
    let workspace = NewWorkspace {
        name: "Safe Steps".into(),
        timezone: "Africa/Nairobi".into(),
        country: Some("KE".into()),
        languages: vec!["eng".into(), "swa".into()],
        date_format: "DD-MM-YYYY".into(),
    };
    let workspace = create_workspace(context, workspace).await?.id;
    import_export(context, workspace, PROGRAMME.as_bytes().to_vec()).await?;
    let chat = serde_json::json!({
        "title": "Safe Steps · Hatua Salama",
        "introduction": "Messages for mothers. Ujumbe kwa akina mama.",
        "color": "#1b7f5c",
    });
    let chat = add_channel(context, line(workspace, "WCH", "Safe Steps chat", chat)).await?;
    let settings = serde_json::from_str(&carrier.channel_config())?;
    let phones = add_channel(context, line(workspace, "EX", "Safe Steps phones", settings)).await?;
    Ok((Lines { chat, carrier: phones }, carrier))
}

fn line(workspace: WorkspaceId, channel_type: &str, name: &str, config: serde_json::Value) -> NewChannel {
    NewChannel {
        workspace,
        uuid: None,
        channel_type: channel_type.into(),
        name: name.into(),
        address: "".into(),
        schemes: Vec::new(),
        country: None,
        config,
        rate: None,
    }
}

/// The lines of an earlier demo, with a carrier at the address that the line sends to.
async fn found(context: &Context, workspace: WorkspaceId) -> anyhow::Result<(Lines, Carrier)> {
    let definitions = context.store.definitions(workspace).await?;
    let channels = definitions.map(|definitions| definitions.channels).unwrap_or_default();
    let of_type =
        |code: &str| channels.iter().find(|row| row.channel_type.eq_ignore_ascii_case(code)).cloned();
    let foreign = || anyhow!("this folder holds something else than a demo; give another --data");
    let (chat, phones) = (of_type("WCH").ok_or_else(foreign)?, of_type("EX").ok_or_else(foreign)?);
    let url = phones.config["send_url"].as_str().unwrap_or_default();
    let address = url.trim_start_matches("http://").trim_end_matches("/send");
    let address: SocketAddr = address.parse().map_err(|_| foreign())?;
    let carrier = Carrier::bind(address, Dialect::Ex)
        .await
        .with_context(|| format!("the demo's carrier cannot listen at {address}; does another demo run?"))?;
    Ok((Lines { chat, carrier: phones }, carrier))
}

/// The usual address, or any free port if somebody has it.
fn free_address() -> String {
    let is_free = TcpListener::bind(LISTEN).is_ok();
    if is_free { LISTEN.to_owned() } else { "127.0.0.1:0".to_owned() }
}
