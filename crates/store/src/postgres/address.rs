//! Where a PostgreSQL is.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::Config;

use crate::StoreError;

/// What our connections are called in `pg_stat_activity`, unless the address names them.
const APPLICATION: &str = "seedling";
/// How long to wait for one host to take a connection, unless the address says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent data may stay without an answer of the other machine before the connection counts as lost.
const UNANSWERED: Duration = Duration::from_secs(15);
/// How long a statement may take at the server, milliseconds.
const STATEMENT_TIMEOUT_MS: u32 = 60_000;
/// How long a statement may wait for a row that another transaction holds, milliseconds.
const LOCK_TIMEOUT_MS: u32 = 10_000;
/// How long a transaction may lie idle, as that of a node that was paused, milliseconds: as long as it lies there,
/// nobody can take over what the node had in hand.
const IDLE_TIMEOUT_MS: u32 = 5_000;

/// The address of a PostgreSQL database, with the settings of the connections to it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    config: Config,
    pooled: bool,
}

impl PostgresUrl {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a pooler in between hands connections out by transaction.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Begins a transaction that writes. Statements see what others commit in between.
    pub(super) fn begin(&self) -> String {
        self.with_settings("BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    /// Begins a transaction that reads, and sees one state in all its statements.
    pub(super) fn begin_reading(&self) -> String {
        self.with_settings("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn with_settings(&self, begin: &str) -> String {
        if !self.pooled {
            return begin.to_owned();
        }
        settings()
            .into_iter()
            .fold(begin.to_owned(), |text, (name, value)| format!("{text}; SET LOCAL {name} = '{value}'"))
    }
}

/// What holds in each of our transactions. Plans must follow the size of the tables: those made while they were empty
/// would stay.
fn settings() -> [(&'static str, String); 4] {
    [
        ("statement_timeout", STATEMENT_TIMEOUT_MS.to_string()),
        ("lock_timeout", LOCK_TIMEOUT_MS.to_string()),
        ("idle_in_transaction_session_timeout", IDLE_TIMEOUT_MS.to_string()),
        ("plan_cache_mode", "force_custom_plan".to_owned()),
    ]
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for PostgresUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use tokio_postgres::config::Host;
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        write!(f, "postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

impl FromStr for PostgresUrl {
    type Err = StoreError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`, with the parameters of libpq and `pgbouncer=true`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut pooled = false;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("pgbouncer", value @ ("true" | "false"))) => pooled = value == "true",
                Some(("pgbouncer", _)) => return Err(bad(text, "pgbouncer is true or false")),
                _ => kept.push(pair),
            }
        }
        let joint = if kept.is_empty() { "" } else { "?" };
        let mut config: Config = format!("{base}{joint}{}", kept.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| bad(text, &crate::sql::words(&error)))?;
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(bad(text, "it names no host"));
        }
        if !pooled {
            let ours = settings().into_iter().map(|(name, value)| format!("-c {name}={value}"));
            let given = config.get_options().map(str::to_owned);
            config.options(ours.chain(given).collect::<Vec<_>>().join(" "));
        }
        Ok(Self { config, pooled })
    }
}

/// An address that is not understood, shown without what may be a password.
fn bad(text: &str, reason: &str) -> StoreError {
    let shown = text.split('@').next_back().unwrap_or_default();
    StoreError::BadUrl(format!("{shown} ({reason})"))
}
