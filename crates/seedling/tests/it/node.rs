//! The real binary as a node that is started, called, killed and stopped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{complained, said, seedling};

/// Longest time that anything may take; all of it takes seconds.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A node with its own options, and what it logs in a file.
pub struct Node {
    pub address: SocketAddr,
    options: Vec<String>,
    log: std::path::PathBuf,
    child: Option<Child>,
}

impl Node {
    pub fn new(folder: &Path, options: &[&str]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { address, options, log: folder.join("node.log"), child: None }
    }

    pub fn start(&mut self) {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(&self.log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_seedling"))
            .args(["serve", "--listen", &self.address.to_string()])
            .args(&self.options)
            .env_remove("SEEDLING_DATA")
            .env_remove("SEEDLING_DATABASE")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.unwrap());
        self.until("it serves", || call(self.address, "GET /health/live", "").is_some());
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What `/health/ready` says.
    pub fn readiness(&self) -> (u16, Value) {
        let (status, body) = call(self.address, "GET /health/ready", "").unwrap_or_default();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "never came: {what}; the node says\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Status and body of the answer, if there is one.
pub fn call(address: SocketAddr, what: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let length = body.len();
    let head = format!(
        "{what} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut rest = String::new();
    reader.read_to_string(&mut rest).ok()?;
    let body = rest.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((first.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Runs a command; the last line that it printed.
pub fn on(options: &[&str], arguments: &[&str], typed: &str) -> String {
    let output = seedling(&[arguments, options].concat(), typed);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    said(&output).trim().lines().last().unwrap_or_default().to_owned()
}

/// A workspace and a line to a carrier that nobody plays; the line's identifier.
pub fn with_a_line(options: &[&str]) -> String {
    let init = ["init", "--workspace", "W", "--admin", "a@example.org", "--password-file", "-"];
    on(options, &init, "long enough\n");
    let config = r#"{"send_url":"http://127.0.0.1:9/send"}"#;
    on(options, &["channel", "add", "EX", "--name", "Line", "--config", config], "")
}

/// A person writes; whether the node took it.
pub fn write(address: SocketAddr, channel: &str, person: usize, text: &str) -> bool {
    let body = format!("from=%2B2547000000{person:02}&text={text}");
    let answer = call(address, &format!("POST /c/ex/{channel}/receive"), &body);
    answer.is_some_and(|(status, _)| status == 200)
}
