//! A real PostgreSQL for tests: Debian's server, in a folder of its own, reached through a socket in that folder.
//!
//! ```no_run
//! use test_postgres::Cluster;
//!
//! let database = Cluster::shared().database();
//! let url = database.url(); // postgresql:///test_1?host=…&user=postgres
//! assert_eq!(database.psql("SELECT 1"), "1");
//! ```
//!
//! - [`Cluster::shared`] is one cluster for the test binary, started by the first test that asks; each test takes a
//!   [`Database`] of its own from it, which is dropped with the value. It does not survive a crash of the machine
//!   (`fsync = off`), which makes it fast.
//! - [`Cluster::start`] is a cluster for one test alone, which may [`crash`](Cluster::crash) it and
//!   [`start it again`](Cluster::start_again), with [`Durability::Durable`] as in production.
//! - The server refuses to run as root, so a test that runs as root starts it as `postgres` or `nobody`.
//! - Nothing is left behind: a small shell process owns the server and the folder and removes both when its input
//!   ends, which happens however the test binary ends, by a panic and by kill -9 too.
//! - Text sorts by the rules of English here, as on most servers, so that a statement that leans on the order of
//!   bytes without saying so shows it.
//!
//! If no server is installed, the test panics and says what to install; `cargo x test` installs it.

mod certificates;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use certificates::Authority;
pub use server::programs;

use server::Guardian;

/// Whether what was committed survives a crash of the server's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing waits for the disk: for tests that do not crash the server.
    Fast,
    /// As in production.
    Durable,
}

/// A server with its data. Stopped and removed when dropped, or when the test binary ends.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    guardian: Mutex<Guardian>,
    databases: AtomicU32,
    pooling: Mutex<bool>,
    port: u16,
}

impl Cluster {
    /// The cluster of this test binary.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Durability::Fast))
    }

    /// A cluster of one's own.
    ///
    /// # Panics
    /// If no PostgreSQL is installed or it does not start; the message holds its log.
    pub fn start(durability: Durability) -> Self {
        Self::launch(durability, None)
    }

    /// A cluster that also listens on a port of this machine, with TLS and a certificate that `authority` signs for
    /// `localhost`. The user `certified` is let in only with a certificate of the authority.
    ///
    /// # Panics
    /// As [`Cluster::start`].
    pub fn start_with_tls(authority: &Authority) -> Self {
        let cluster = Self::launch(Durability::Fast, Some(authority));
        run(program(&cluster.programs, "createuser", &cluster.folder, cluster.port)
            .args(["--superuser", "certified"]));
        cluster
    }

    fn launch(durability: Durability, authority: Option<&Authority>) -> Self {
        let programs = server::programs();
        let port = if authority.is_some() { server::free_port() } else { server::PORT };
        let (folder, guardian) = server::create(&programs, durability, port, authority);
        let cluster = Self {
            folder,
            programs,
            port,
            guardian: Mutex::new(guardian),
            databases: AtomicU32::new(0),
            pooling: Mutex::new(false),
        };
        cluster.obey("create");
        cluster.obey("start");
        cluster
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("test_{number}");
        let (folder, programs) = (self.folder.clone(), self.programs.clone());
        let database = Database { name, folder, programs, port: self.port, pooler: None };
        run(database.program("createdb").arg(&database.name));
        database
    }

    /// A new, empty database behind PgBouncer, which hands out connections by transaction and has fewer of them than
    /// its clients. It is started for the first database that asks.
    ///
    /// # Panics
    /// If PgBouncer is not installed or does not start; the message holds its log.
    pub fn pooled_database(&self) -> Database {
        let mut pooling = self.pooling.lock().unwrap_or_else(PoisonError::into_inner);
        if !*pooling {
            self.obey("pool");
            *pooling = true;
        }
        let mut database = self.database();
        database.pooler = Some(server::POOLER_PORT);
        database
    }

    /// Ends PgBouncer as an upgrade would, with all connections, and starts it again.
    pub fn restart_pooler(&self) {
        self.stop_pooler();
        self.start_pooler();
    }

    /// Ends PgBouncer at once, with all connections.
    pub fn stop_pooler(&self) {
        self.obey("unpool");
    }

    /// Starts PgBouncer after [`Cluster::stop_pooler`].
    pub fn start_pooler(&self) {
        self.obey("pool");
    }

    /// Kills every process of the server with SIGKILL.
    pub fn crash(&self) {
        self.obey("crash");
    }

    /// Stops the server as an administrator would, ending all connections.
    pub fn stop(&self) {
        self.obey("stop");
    }

    /// Starts the server after a [`crash`](Self::crash) or [`stop`](Self::stop) and waits until it takes
    /// connections.
    pub fn start_again(&self) {
        self.obey("start");
    }

    fn obey(&self, word: &str) {
        let mut guardian = self.guardian.lock().unwrap_or_else(PoisonError::into_inner);
        if !guardian.obey(word) {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            panic!("PostgreSQL: {word} failed (PgBouncer is Debian's package pgbouncer)\n{log}");
        }
    }
}

/// A database of one test; dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    /// Of the pooler, if clients shall go through it.
    pooler: Option<u16>,
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How clients find it, as a URL; one behind PgBouncer says `pgbouncer=true`.
    pub fn url(&self) -> String {
        let folder = self.host();
        let (port, pooled) = match self.pooler {
            Some(port) => (port, "&pgbouncer=true"),
            None => (self.port, ""),
        };
        format!("postgresql:///{}?host={folder}&port={port}&user=postgres{pooled}", self.name)
    }

    /// How clients find it over TCP under a name of this machine, of a cluster with TLS.
    pub fn url_at(&self, host: &str, user: &str) -> String {
        format!("postgresql://{user}@{host}:{}/{}", self.port, self.name)
    }

    /// Where its server has its sockets, as the value of a parameter of a URL.
    pub fn host(&self) -> String {
        self.folder.to_string_lossy().replace('/', "%2F")
    }

    /// Runs SQL with psql and returns the rows, columns separated by `|`.
    ///
    /// # Panics
    /// If the SQL fails, with what the server says.
    pub fn psql(&self, sql: &str) -> String {
        run(self
            .program("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.name, "--command", sql]))
    }

    /// Runs a file of SQL, such as a dump.
    ///
    /// # Panics
    /// If the SQL fails, with what the server says.
    pub fn restore(&self, file: &Path) {
        run(self
            .program("psql")
            .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &self.name, "--file"])
            .arg(file));
    }

    fn program(&self, name: &str) -> Command {
        program(&self.programs, name, &self.folder, self.port)
    }
}

/// One of the server's programs, as the administrator of a cluster.
fn program(programs: &Path, name: &str, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(programs.join(name));
    let port = port.to_string();
    command.arg("--host").arg(folder).args(["--port", &port, "--username", "postgres"]).current_dir("/");
    command
}

/// Runs one of the server's programs and returns what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the programs are beside the server");
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may be down at the end of a test that crashed it; then the folder takes the database along.
        let dropped = self.program("dropdb").args(["--force", "--if-exists", &self.name]).output();
        drop(dropped);
    }
}
