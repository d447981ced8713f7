//! One process of the real binary that serves a store, and the socket it listens on.
//!
//! The socket can be held here and handed down, as systemd does with socket activation: then it outlives the process,
//! and connections wait in it while one process ends and the next begins.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use crate::connections::Connections;
use crate::scratch::ScratchError;

/// A node that is not ready by then never will be; it should take under a second.
const START_WAIT: Duration = Duration::from_secs(20);
/// A clean stop may take as long as the node gives its requests and its carriers.
const STOP_WAIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Connections that may wait in a socket while its node is away, as the documented unit of systemd says.
const BACKLOG: i32 = 4_096;
/// Lines of the node's log that an error shows.
const LOG_LINES: usize = 15;

/// Who holds the socket that a node listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// The node: while it is away, nobody accepts connections.
    OfTheNode,
    /// Whoever starts the node: connections wait while it is away.
    HandedDown,
}

/// A node as a process.
pub struct NodeProcess {
    binary: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    address: SocketAddr,
    /// `None` if the node makes it.
    socket: Option<TcpListener>,
    child: Option<Child>,
}

impl NodeProcess {
    /// A node that `binary serve` with these arguments will be, on a free port; nothing runs yet.
    pub fn new(
        binary: &Path,
        arguments: Vec<String>,
        log: PathBuf,
        socket: Socket,
    ) -> Result<Self, ScratchError> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        rustix::net::listen(&listener, BACKLOG).map_err(std::io::Error::from)?;
        let address = listener.local_addr()?;
        // Else it was taken only to find a free port, and is given up for the node to take.
        let socket = (socket == Socket::HandedDown).then_some(listener);
        Ok(Self { binary: binary.to_path_buf(), arguments, log, address, socket, child: None })
    }

    /// The address of the node.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts the process and waits until it is ready; returns how long that took.
    pub async fn start(&mut self) -> Result<Duration, ScratchError> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.command()?;
        let started = Instant::now();
        self.child = Some(command.stdout(log.try_clone()?).stderr(log).spawn()?);
        let Ok(connections) = Connections::new(&self.url(), 1) else { return Err(self.not_ready()) };
        while started.elapsed() < START_WAIT {
            if self.has_ended() {
                break;
            }
            let answer = tokio::time::timeout(START_WAIT, connections.get("/health/ready")).await;
            if answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == StatusCode::OK)) {
                return Ok(started.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(self.not_ready())
    }

    /// The command line.
    fn command(&self) -> Result<Command, ScratchError> {
        let listen = ["serve".to_owned(), "--listen".to_owned(), self.address.to_string()];
        let Some(socket) = &self.socket else {
            let mut command = Command::new(&self.binary);
            command.args(listen).args(&self.arguments).stdin(Stdio::null());
            return Ok(command);
        };
        // Standard input is what a child can be given; the shell puts it where a program looks for the first
        // descriptor that it inherits.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 </dev/null"]);
        command.arg(&self.binary).args(listen).args(&self.arguments);
        command.env("LISTEN_FDS", "1").env_remove("LISTEN_PID");
        command.stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)));
        Ok(command)
    }

    /// Asks the process to stop cleanly and waits until it has.
    pub async fn stop(&mut self) -> Result<Duration, ScratchError> {
        let Some(mut child) = self.child.take() else { return Ok(Duration::ZERO) };
        let started = Instant::now();
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .map_err(std::io::Error::from)?;
        }
        while started.elapsed() < STOP_WAIT {
            if child.try_wait()?.is_some() {
                return Ok(started.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.child = Some(child);
        Err(self.not_ready())
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
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    fn not_ready(&self) -> ScratchError {
        ScratchError::NotReady { address: self.address, log: self.log() }
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
