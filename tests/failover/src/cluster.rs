//! Three PostgreSQL servers under Patroni, with etcd, as processes of this machine.

use std::fs::File;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, getuid, kill_process};
use simulator::connections::Connections;
use tempfile::TempDir;

/// Members of the cluster.
const MEMBERS: usize = 3;
/// A cluster that is not whole by then never will be.
const WHOLE_WAIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Lines of each log that an error shows.
const LOG_LINES: usize = 15;

struct Member {
    folder: PathBuf,
    postgres: u16,
    rest: u16,
    patroni: Option<Child>,
}

/// The cluster. Everything is killed and removed when it is dropped, and when this process ends in whatever way.
pub struct PatroniCluster {
    folder: TempDir,
    etcd: Child,
    etcd_port: u16,
    members: Vec<Member>,
    programs: PathBuf,
}

impl PatroniCluster {
    /// Starts etcd and all members and waits until one is the primary and the others follow it.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = test_postgres::programs();
        let folder = tempfile::Builder::new().prefix("seedling-failover-").tempdir()?;
        give(folder.path())?;
        let (etcd_port, peer) = (free_port()?, free_port()?);
        let etcd = start_etcd(folder.path(), etcd_port, peer)?;
        let mut cluster = Self { folder, etcd, etcd_port, members: Vec::new(), programs };
        for number in 0..MEMBERS {
            let folder = cluster.folder.path().join(format!("member-{number}"));
            std::fs::create_dir(&folder)?;
            give(&folder)?;
            let member = Member { folder, postgres: free_port()?, rest: free_port()?, patroni: None };
            cluster.members.push(member);
            cluster.write_settings(number)?;
            cluster.start_member(number)?;
            // The first makes the database; the others copy it.
            if number == 0 {
                cluster.wait_for("a primary", async |cluster| cluster.primary().await.is_some()).await?;
            }
        }
        cluster.wait_for("two standbys", async |cluster| cluster.are_all_well().await).await?;
        Ok(cluster)
    }

    /// How clients find the primary, whichever member it is.
    pub fn url(&self, database: &str) -> String {
        let hosts: Vec<String> =
            self.members.iter().map(|member| format!("127.0.0.1:{}", member.postgres)).collect();
        format!("postgresql://postgres:secret@{}/{database}?target_session_attrs=read-write", hosts.join(","))
    }

    /// Makes a database.
    pub fn create_database(&self, name: &str) -> anyhow::Result<()> {
        let made = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--command", &format!("CREATE DATABASE {name}")])
            .args(["--dbname", &self.url("postgres")])
            .status()?;
        if !made.success() {
            bail!("the database could not be made");
        }
        Ok(())
    }

    /// The number of the member that is the primary.
    pub async fn primary(&self) -> Option<usize> {
        for number in 0..self.members.len() {
            if self.says_yes(number, "/primary").await {
                return Some(number);
            }
        }
        None
    }

    /// Kills a member's Patroni and its server.
    pub fn kill(&mut self, number: usize) -> anyhow::Result<()> {
        let member = &mut self.members[number];
        if let Some(mut patroni) = member.patroni.take() {
            patroni.kill()?;
            patroni.wait()?;
        }
        let pid = std::fs::read_to_string(member.folder.join("data/postmaster.pid"))?;
        let pid = pid.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
        kill_process(pid.context("the server has no process")?, Signal::KILL)?;
        Ok(())
    }

    /// Starts a killed member again and waits until the cluster is whole.
    pub async fn revive(&mut self, number: usize) -> anyhow::Result<()> {
        self.start_member(number)?;
        self.wait_for("the killed member as a standby", async |cluster| cluster.are_all_well().await).await
    }

    /// The ends of all logs.
    pub fn logs(&self) -> String {
        let mut logs = String::new();
        for member in &self.members {
            let text = std::fs::read_to_string(member.folder.join("patroni.log")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            logs.push_str(&format!("── {}\n", member.folder.display()));
            logs.push_str(&lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"));
            logs.push('\n');
        }
        logs
    }

    /// Whether one is the primary and at least one of the others is its synchronous standby, and all run.
    async fn are_all_well(&self) -> bool {
        let (mut replicas, mut synchronous) = (0, 0);
        for number in 0..self.members.len() {
            replicas += usize::from(self.says_yes(number, "/replica").await);
            synchronous += usize::from(self.says_yes(number, "/synchronous").await);
        }
        replicas == MEMBERS - 1 && synchronous >= 1 && self.primary().await.is_some()
    }

    async fn says_yes(&self, number: usize, path: &str) -> bool {
        let url = format!("http://127.0.0.1:{}", self.members[number].rest);
        let Ok(connections) = Connections::new(&url, 1) else { return false };
        let answer = tokio::time::timeout(Duration::from_secs(3), connections.get(path)).await;
        answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status.as_u16() == 200))
    }

    async fn wait_for(&self, what: &str, there: impl AsyncFn(&Self) -> bool) -> anyhow::Result<()> {
        let since = Instant::now();
        while !there(self).await {
            if since.elapsed() > WHOLE_WAIT {
                bail!("waited {WHOLE_WAIT:?} for {what} in vain\n{}", self.logs());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn start_member(&mut self, number: usize) -> anyhow::Result<()> {
        let member = &mut self.members[number];
        let log = File::options().create(true).append(true).open(member.folder.join("patroni.log"))?;
        let settings = member.folder.join("patroni.yml");
        let mut command = unprivileged("patroni");
        command.arg(settings).current_dir(&member.folder).env("LC_ALL", "C.UTF-8");
        let started = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        member.patroni = Some(started.context("`patroni` cannot be started")?);
        Ok(())
    }

    fn write_settings(&self, number: usize) -> anyhow::Result<()> {
        let Member { folder, postgres, rest, .. } = &self.members[number];
        let (programs, etcd, folder_text) = (self.programs.display(), self.etcd_port, folder.display());
        let settings = format!(
            "scope: seedling
name: member-{number}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{host: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:
    ttl: 10
    loop_wait: 2
    retry_timeout: 3
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 200
        shared_buffers: 64MB
        wal_log_hints: 'on'
  initdb: [{{encoding: UTF8}}, data-checksums]
postgresql:
  listen: '127.0.0.1:{postgres}'
  connect_address: '127.0.0.1:{postgres}'
  data_dir: '{folder_text}/data'
  bin_dir: '{programs}'
  pgpass: '{folder_text}/pgpass'
  authentication:
    superuser: {{username: postgres, password: secret}}
    replication: {{username: replicator, password: secret}}
    rewind: {{username: rewinder, password: secret}}
  parameters: {{unix_socket_directories: '{folder_text}'}}
  pg_hba:
    - host all all 127.0.0.1/32 md5
    - host replication replicator 127.0.0.1/32 md5
    - local all all trust
"
        );
        std::fs::write(folder.join("patroni.yml"), settings)?;
        Ok(())
    }
}

impl Drop for PatroniCluster {
    fn drop(&mut self) {
        for number in 0..self.members.len() {
            self.kill(number).ok();
        }
        self.etcd.kill().ok();
        self.etcd.wait().ok();
    }
}

fn start_etcd(folder: &Path, port: u16, peer: u16) -> anyhow::Result<Child> {
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    let log = File::create(folder.join("etcd.log"))?;
    let data = folder.join("etcd");
    std::fs::create_dir(&data)?;
    give(&data)?;
    // The folder is thrown away: nothing of it needs to survive the machine.
    unprivileged("etcd")
        .args(["--unsafe-no-fsync", "--enable-v2=false", "--name", "etcd", "--data-dir"])
        .arg(&data)
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("etcd={peer}")])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("`etcd` cannot be started: install etcd-server")
}

/// A command that ends with this process, and that does not run as root: PostgreSQL refuses to.
fn unprivileged(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if getuid().is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    command.arg(program);
    command
}

/// Gives a folder to the user of [`unprivileged`].
fn give(folder: &Path) -> anyhow::Result<()> {
    if getuid().is_root() {
        let passwd = std::fs::read_to_string("/etc/passwd")?;
        let user = passwd.lines().find(|line| line.starts_with("postgres:")).context("no user postgres")?;
        let number = |place: usize| user.split(':').nth(place).and_then(|text| text.parse().ok());
        chown(folder, number(2), number(3))?;
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
