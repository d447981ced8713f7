//! Finding the server's programs, and the process that owns a running server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{Authority, Durability};

/// Where Debian puts a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Users that the server may run as if the tests run as root.
const UNPRIVILEGED: &[&str] = &["postgres", "nobody"];
/// Where a server has its socket, unless it listens for TCP too.
pub const PORT: u16 = 5432;
/// Where PgBouncer listens, in the folder of its cluster; the guardian knows it too.
pub const POOLER_PORT: u16 = 6432;
/// What the guardian does; see there.
const GUARDIAN: &str = include_str!("guardian.sh");

/// The folder of the newest server's programs.
///
/// # Panics
/// If there is none.
pub fn programs() -> PathBuf {
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = debian
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    if let Some((_, folder)) = newest {
        return folder;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file()).expect(
        "PostgreSQL is not installed: `apt-get install postgresql`, or run `cargo x test`, which does",
    )
}

/// A folder for a cluster and the process that owns it; the cluster itself is made by the word `create`.
pub fn create(
    programs: &Path,
    durability: Durability,
    port: u16,
    authority: Option<&Authority>,
) -> (PathBuf, Guardian) {
    let folder = tempfile::Builder::new()
        .prefix("seedling-postgres-")
        .tempdir()
        .expect("temporary files can be made")
        .keep();
    let mut settings = settings(&folder, durability, port);
    let mut own = Vec::new();
    if let Some(authority) = authority {
        settings.push_str(&tls(&folder));
        let (certificate, key) = authority.sign("localhost");
        for (from, to) in
            [(certificate, "server.pem"), (key, "server.key"), (authority.certificate(), "ca.pem")]
        {
            std::fs::copy(from, folder.join(to)).expect("the authority made it");
            own.push(folder.join(to));
        }
        std::fs::write(folder.join("hba"), HBA).expect("the folder is new");
    }
    std::fs::write(folder.join("settings"), settings).expect("the folder is new");
    std::fs::write(folder.join("pgbouncer.ini"), pooler(&folder)).expect("the folder is new");
    let mut command = Command::new("sh");
    command.args(["-c", GUARDIAN, "guardian"]).arg(programs).arg(&folder);
    // Files that were never synced would be at each recovery, which takes seconds.
    command.arg(if durability == Durability::Fast { "--no-sync" } else { "" });
    if std::fs::metadata(&folder).is_ok_and(|of| of.uid() == 0) {
        let (user, group) = unprivileged();
        for path in own.iter().chain([&folder]) {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
        command.uid(user).gid(group);
    }
    // A process group of its own: an interrupt on the terminal is for the tests, whose end ends this too.
    let child = command
        .current_dir(&folder)
        .env("LC_ALL", "C.UTF-8")
        .env("PGPORT", port.to_string())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("there is a shell");
    (folder, Guardian::new(child))
}

/// A port of this machine that nobody uses just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Who is let in over TLS.
const HBA: &str = "local all all trust\nhostssl all certified all cert\nhost all all all trust\n";

fn tls(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "listen_addresses = 'localhost'\nhba_file = '{folder}/hba'\nssl = on\nssl_cert_file = '{folder}/server.pem'\n\
         ssl_key_file = '{folder}/server.key'\nssl_ca_file = '{folder}/ca.pem'\n"
    )
}

fn settings(folder: &Path, durability: Durability, port: u16) -> String {
    let durable = match durability {
        Durability::Fast => "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n",
        Durability::Durable => "",
    };
    format!(
        "port = {port}\nlisten_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 200\nshared_buffers = 64MB\n\
         timezone = 'UTC'\nlog_timezone = 'UTC'\n{durable}",
        folder.display()
    )
}

/// PgBouncer for all databases of the cluster: by transaction, and with fewer connections than a store opens, so that
/// they are handed from one to another.
fn pooler(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[databases]\n* = host={folder} user=postgres\n[pgbouncer]\nlisten_port = {POOLER_PORT}\n\
         unix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\nmax_client_conn = 500\n\
         default_pool_size = 3\nserver_idle_timeout = 5\npidfile = {folder}/pgbouncer.pid\n"
    )
}

/// User and group of the first unprivileged user that exists.
fn unprivileged() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &&str| {
        users.lines().find_map(|line| {
            let parts: Vec<&str> = line.split(':').collect();
            match parts.as_slice() {
                [user, _, id, group, ..] if user == name => Some((id.parse().ok()?, group.parse().ok()?)),
                _ => None,
            }
        })
    };
    UNPRIVILEGED.iter().find_map(find).expect("there is a user `nobody`")
}

/// The process that owns a server. When this is dropped, or its process ends in any way, the server stops.
#[derive(Debug)]
pub struct Guardian {
    child: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guardian {
    fn new(mut child: Child) -> Self {
        let words = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped above"));
        Self { child, words, answers }
    }

    /// Has a word obeyed; whether that went well.
    pub fn obey(&mut self, word: &str) -> bool {
        let Some(words) = &mut self.words else { return false };
        let mut answer = String::new();
        writeln!(words, "{word}").is_ok()
            && self.answers.read_line(&mut answer).is_ok()
            && answer.trim_end() == "done"
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        self.words = None;
        // Waits until the folder is gone.
        drop(self.child.wait());
    }
}
