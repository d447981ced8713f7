//! `seedling serve`: the node with its web server, from the first connection to a clean stop.

use std::fs::{File, TryLockError};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use channels::CarrierType;
use clap::Args;
use node::{Config, Layer, Node, StartError, Surroundings};
use store::{Store, StoreUrl};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::listener::listen;
use crate::options::reports_database;

/// Channels whose addresses are printed at the start.
const CHANNELS_SHOWN: usize = 20;
/// How often it is checked that all workers of the node are alive.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// Name of the file that a serving node holds locked.
const LOCK_FILE: &str = "serving.lock";

/// Serves: takes messages from carriers and browsers, and answers them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling serve --data ./seedling-data --listen 0.0.0.0:7333

Every option can also be set as SEEDLING_DATA, SEEDLING_DATABASE, SEEDLING_LISTEN … or in the file of --config.
Flags win over the environment, which wins over the file. SEEDLING_LOG sets what is logged (info).
A socket handed down as systemd does (LISTEN_FDS) is used instead of --listen: then no connection is refused
while the node restarts.")]
pub struct Serve {
    /// Folder of the data [default: ./seedling-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Database; without it SQLite in the data folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Standby of a PostgreSQL database, for lists and reports
    #[arg(long, value_name = "URL")]
    reports_database: Option<String>,
    /// Folder in which messages wait while the database is away, or none [default: spool in the data folder]
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
    /// Folder of files that people sent, s3, or none; nodes that share a database share it too [default: media in the data
    /// folder]
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// Where files are read that have not been moved to the place of media yet: a folder, or s3
    #[arg(long, value_name = "DIR")]
    media_before: Option<PathBuf>,
    /// Folder of archives of old messages and runs, s3, or none [default: archives in the data folder]
    #[arg(long, value_name = "DIR")]
    archives: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7333]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// What this node is called among those that share the database [default: the machine's name and the port]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        start_log();
        let flags = Layer {
            data: self.data,
            database: self.database,
            reports_database: self.reports_database,
            spool: self.spool,
            media: self.media,
            media_before: self.media_before,
            archives: self.archives,
            listen: self.listen,
            name: self.name,
            ..Layer::default()
        };
        let config = Config::load(flags, self.config.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        runtime.block_on(async {
            let running = Running::start(config).await?;
            running.print_addresses().await?;
            running.until_signal().await
        })
    }
}

/// A node that serves.
pub struct Running {
    /// The node.
    pub node: Node,
    /// Where it listens.
    pub address: SocketAddr,
    /// The socket stays open while a run of the node takes the place of another.
    socket: std::net::TcpListener,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
    signals: [Signal; 2],
    /// Held as long as the node runs.
    _lock: Option<File>,
}

impl Running {
    /// Opens the store, starts the node and listens.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let url: StoreUrl = config.database.parse()?;
        let lock = match &url {
            StoreUrl::Sqlite(path) => Some(lock(&config, path)?),
            StoreUrl::Memory | StoreUrl::Postgres(_) => None,
        };
        // From here on a signal stops the node cleanly, also while it starts.
        let signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let listener = listen(config.listen)?;
        let address = listener.local_addr()?;
        // What the others are told of this node: the socket may have been handed down.
        let config = Config { listen: address, ..config };
        let reports = reports_database(config.reports_database.as_deref())?;
        let options =
            store::StoreOptions { create: false, listens: true, reports, ..store::StoreOptions::default() };
        let store = Store::open(&url, options).context("cannot open the database")?;
        let surroundings = Surroundings::system(config.allow_private_webhooks)?;
        let node = Node::start(config, store, surroundings).await?;
        let socket = listener.into_std()?;
        let (stop, served) = open(&socket, &node)?;
        Ok(Self { node, address, socket, stop, served, signals, _lock: lock })
    }

    /// Prints where the node and its channels are reached.
    pub async fn print_addresses(&self) -> anyhow::Result<()> {
        let base = format!("http://{}", self.address);
        println!("Seedling {} serves {base}", env!("CARGO_PKG_VERSION"));
        let context = self.node.context();
        let mut shown = 0;
        for row in context.store.workspaces().await? {
            let Some(workspace) = context.registry.workspace(context, row.id).await? else { continue };
            for channel in workspace.channels() {
                let Some(kind) = CarrierType::from_code(&channel.channel_type) else { continue };
                shown += 1;
                if shown > CHANNELS_SHOWN {
                    println!("  … and more");
                    return Ok(());
                }
                let address = match kind {
                    CarrierType::WebChat => format!("{base}/chat/{}", channel.uuid),
                    CarrierType::External | CarrierType::WhatsAppCloud => {
                        format!("{base}/c/{}/{}/receive", kind.slug(), channel.uuid)
                    }
                };
                println!("  {}: {address}", channel.name);
            }
        }
        if shown == 0 {
            println!("  no channels yet; add one with `seedling channel add`");
        }
        Ok(())
    }

    /// Serves until SIGTERM or SIGINT, then stops cleanly; a second signal ends at once.
    pub async fn until_signal(mut self) -> anyhow::Result<ExitCode> {
        loop {
            let watched = self.node.clone();
            let lost = tokio::select! {
                biased;
                signalled = self.signalled() => (!signalled).then_some("the web server"),
                () = watched.membership().until_lost() => {
                    if self.begin_anew().await? { continue } else { None }
                }
                () = lost_a_worker(watched.clone()) => Some("a worker of the node"),
            };
            if let Some(lost) = lost {
                self.node.stop().await;
                bail!("{lost} ended by itself; the log says why");
            }
            break;
        }
        tracing::info!("stopping: no new requests, finishing what has begun");
        let Self { node, stop, served, mut signals, .. } = self;
        let [terminate, interrupt] = &mut signals;
        let stopped = async {
            node.announce_stop();
            stop.cancel();
            let _ = served.await;
            node.stop().await
        };
        let in_time = tokio::select! {
            biased;
            in_time = stopped => in_time,
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
        };
        Ok(if in_time { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Others took this node for dead: another run takes its place, behind the same socket, in which connections wait
    /// meanwhile. False if a signal came in between.
    async fn begin_anew(&mut self) -> anyhow::Result<bool> {
        self.stop.cancel();
        let [terminate, interrupt] = &mut self.signals;
        let node = tokio::select! {
            biased;
            _ = terminate.recv() => return Ok(false),
            _ = interrupt.recv() => return Ok(false),
            node = another_run(&self.node) => node?,
        };
        // Requests that were under way have been told to come again.
        let _ = (&mut self.served).await;
        (self.stop, self.served) = open(&self.socket, &node)?;
        self.node = node;
        tracing::warn!(run = self.node.membership().run_number(), "this node has begun anew");
        Ok(true)
    }

    /// Waits for SIGTERM or SIGINT; false if the web server ends before.
    async fn signalled(&mut self) -> bool {
        let [terminate, interrupt] = &mut self.signals;
        tokio::select! {
            biased;
            _ = terminate.recv() => true,
            _ = interrupt.recv() => true,
            _ = &mut self.served => false,
        }
    }
}

/// Accepts connections for a node.
fn open(
    socket: &std::net::TcpListener,
    node: &Node,
) -> anyhow::Result<(CancellationToken, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::from_std(socket.try_clone()?).context("cannot listen on the socket")?;
    let stop = CancellationToken::new();
    let served = tokio::spawn(web::serve(listener, node.clone(), stop.clone()));
    Ok((stop, served))
}

/// Begins another run in the place of one that is lost; again as long as only the database is in the way.
async fn another_run(node: &Node) -> Result<Node, StartError> {
    loop {
        match node.restart().await {
            Err(StartError::Store(error) | StartError::Recovery(error)) if error.is_passing() => {
                tracing::error!(%error, "this node cannot begin anew yet; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
            done => return done,
        }
    }
}

/// Ends when a worker of the node has broken off: then a fresh start is better than half a node.
async fn lost_a_worker(node: Node) {
    while !node.has_lost_a_worker() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tracing::error!("a worker of the node broke off; the node ends so that it can be started again");
}

/// Makes sure that this is the only node on a SQLite database: a second one would take over what the first has in
/// hand.
fn lock(config: &Config, database: &Path) -> anyhow::Result<File> {
    if !database.is_file() {
        let data = config.data.display();
        bail!(
            "there is no data in {data}; run `seedling init --data {data} …` first, or give another --data"
        );
    }
    let path = database.with_file_name(LOCK_FILE);
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another node serves {}; stop it first", database.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Logs to standard error; `SEEDLING_LOG` sets what, as in `info,node=debug`.
pub fn start_log() {
    let filter = EnvFilter::try_from_env("SEEDLING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Who has set a log already keeps it.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
