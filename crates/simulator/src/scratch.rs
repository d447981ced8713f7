//! The real binary on a store of its own, set up through its own command line as an operator would.

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use tempfile::TempDir;
use thiserror::Error;
use uuid::Uuid;

use crate::carrier::{Carrier, Dialect};
use crate::connections::Connections;
use crate::whatsapp::PHONE_NUMBER_ID;

/// A node that is not ready by then never will be; it should take under a second.
const START_WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Lines of the node's log that an error shows.
const LOG_LINES: usize = 15;

/// Why there is no scratch node.
#[derive(Debug, Error)]
pub enum ScratchError {
    /// The folder or the process could not be made.
    #[error("cannot set up a scratch node: {0}")]
    Io(#[from] std::io::Error),
    /// One of the binary's own commands failed.
    #[error("`seedling {command}` failed: {said}")]
    Command {
        /// The command line.
        command: String,
        /// What it printed on standard error.
        said: String,
    },
    /// `channel add` did not end with a uuid.
    #[error("`seedling channel add` printed no channel uuid: {0}")]
    NoChannel(String),
    /// The node ended or stayed silent.
    #[error("the scratch node does not answer at {address}; its log ends:\n{log}")]
    NotReady {
        /// Where it should listen.
        address: SocketAddr,
        /// The end of its log.
        log: String,
    },
}

/// A store with one workspace, one channel and a flow, and the process that serves it.
pub struct ScratchNode {
    binary: PathBuf,
    /// Of the log and what is imported.
    folder: TempDir,
    /// Where the data is: the same folder, unless the store was there before.
    data: PathBuf,
    database: Option<String>,
    address: SocketAddr,
    child: Option<Child>,
}

impl ScratchNode {
    /// A node on a store that is there already, with a workspace and a flow; nothing runs yet.
    pub fn existing(
        binary: &Path,
        data: Option<&Path>,
        database: Option<&str>,
    ) -> Result<Self, ScratchError> {
        let mut node = Self::of(binary, database)?;
        if let Some(data) = data {
            node.data = data.to_path_buf();
        }
        Ok(node)
    }

    fn of(binary: &Path, database: Option<&str>) -> Result<Self, ScratchError> {
        let folder = tempfile::Builder::new().prefix("seedling-drill-").tempdir()?;
        // Taken and given up at once: the node takes it a moment later, and again after each crash.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self {
            binary: binary.to_path_buf(),
            data: folder.path().to_path_buf(),
            folder,
            database: database.map(str::to_owned),
            address,
            child: None,
        })
    }

    /// Sets up a store; nothing runs yet. Without `database` it is SQLite in a temporary folder.
    pub fn create(binary: &Path, database: Option<&str>) -> Result<Self, ScratchError> {
        let node = Self::of(binary, database)?;
        node.command(
            &["init", "--workspace", "Drill", "--admin", "drill@example.org", "--password-file", "-"],
            Some("not a secret: this store is thrown away"),
        )?;
        Ok(node)
    }

    /// Imports an export.
    pub fn import(&self, export: &str) -> Result<(), ScratchError> {
        let file = self.folder.path().join("flow.json");
        std::fs::write(&file, export)?;
        self.command(&["import", &file.to_string_lossy()], None).map(drop)
    }

    /// Adds a channel that sends to a carrier and returns its uuid.
    pub fn add_channel(&self, carrier: &Carrier) -> Result<Uuid, ScratchError> {
        let config = carrier.channel_config();
        let mut arguments = vec!["channel", "add", "EX", "--name", "Drill", "--config", &config];
        if carrier.dialect() == Dialect::WhatsApp {
            arguments[2] = "WAC";
            // The drill's own rate is the limit, not Meta's.
            arguments.extend(["--address", PHONE_NUMBER_ID, "--rate", "1000000"]);
        }
        let said = self.command(&arguments, None)?;
        let last = said.trim().lines().last().unwrap_or_default();
        last.trim().parse().map_err(|_| ScratchError::NoChannel(said.clone()))
    }

    /// Lets the store be verified, beside the nodes that serve it. Answers what is wrong, if anything is.
    pub fn verify(&self) -> Result<Option<String>, ScratchError> {
        let output = self.base("verify").stdin(Stdio::null()).output()?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok((!output.status.success()).then(|| said.concat().trim().to_owned()))
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the node.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts the process and waits until it is ready; returns how long that took.
    pub async fn start(&mut self) -> Result<Duration, ScratchError> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let mut command = self.base("serve");
        command.args(["--listen", &self.address.to_string()]);
        let started = Instant::now();
        self.child = Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        let Ok(connections) = Connections::new(&self.url(), 1) else { return Err(self.not_ready()) };
        while started.elapsed() < START_WAIT {
            if self.has_ended() {
                break;
            }
            let answer = connections.get("/health/ready").await;
            if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
                return Ok(started.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(self.not_ready())
    }

    /// Memory that the process holds, in KiB, where the system tells.
    pub fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.as_ref()?.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Kill -9: no goodbye, no flush.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// The last lines that the node wrote.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Leaves the store where it is, for looking into it, and says where.
    pub fn keep(self) -> PathBuf {
        let path = self.folder.path().to_path_buf();
        let mut this = self;
        this.kill();
        this.folder.disable_cleanup(true);
        path
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("node.log")
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    fn not_ready(&self) -> ScratchError {
        ScratchError::NotReady { address: self.address, log: self.log() }
    }

    /// The binary with its subcommand's first word and the store.
    fn base(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(subcommand);
        self.store(&mut command);
        command
    }

    fn store(&self, command: &mut Command) {
        command.arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
    }

    fn command(&self, arguments: &[&str], input: Option<&str>) -> Result<String, ScratchError> {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        self.store(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.unwrap_or_default().as_bytes()).ok();
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ScratchError::Command { command: arguments.join(" "), said })
    }
}

impl Drop for ScratchNode {
    fn drop(&mut self) {
        self.kill();
    }
}
