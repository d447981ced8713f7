//! Where a PostgreSQL is.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::tls::{Connector, Tls};
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

/// Connections of a node that write, unless the address says: while one commits, the other works.
const WRITERS: usize = 2;
/// Beyond this writers only wait for each other.
const WRITERS_MAX: usize = 16;

/// The address of a PostgreSQL database, with the settings of the connections to it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    config: Config,
    tls: Tls,
    pooled: bool,
    writers: usize,
}

impl PostgresUrl {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// What makes TLS of connections, as far as the address wants it.
    pub(super) fn connector(&self) -> Result<Connector, String> {
        self.tls.connector()
    }

    /// How many connections write.
    pub(super) fn writers(&self) -> usize {
        self.writers
    }

    /// Whether a pooler in between hands connections out by transaction.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Begins a transaction that writes. Statements see what others commit in between.
    pub(super) fn begin(&self) -> String {
        self.with_settings("BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    /// The same with all rows found by keys. A session that is our own has been told so when it was opened.
    pub(super) fn begin_by_key(&self) -> String {
        if self.pooled { format!("{}; {}", self.begin(), by_key(true)) } else { self.begin() }
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
/// would stay. Compiling a statement takes longer than any of ours.
fn settings() -> [(&'static str, String); 5] {
    [
        ("statement_timeout", STATEMENT_TIMEOUT_MS.to_string()),
        ("lock_timeout", LOCK_TIMEOUT_MS.to_string()),
        ("idle_in_transaction_session_timeout", IDLE_TIMEOUT_MS.to_string()),
        ("plan_cache_mode", "force_custom_plan".to_owned()),
        ("jit", "off".to_owned()),
    ]
}

/// What holds besides in transactions that find all their rows by keys: one plan for good, made without looking at the
/// values, that goes by indexes and row by row. Such a plan is right for tables of any size, also for those that were
/// empty when it was made, and planning costs more than the whole statement otherwise.
pub(super) fn by_key(local: bool) -> String {
    let set = if local { "SET LOCAL" } else { "SET" };
    let off = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"];
    off.into_iter().fold(format!("{set} plan_cache_mode = force_generic_plan"), |text, name| {
        format!("{text}; {set} {name} = off")
    })
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for PostgresUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`, with the parameters of libpq and with `pgbouncer=true` and
    /// `writers=N`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut pooled, mut writers, mut tls) = (false, WRITERS, Tls::default());
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "pgbouncer" => {
                    pooled = value.parse().map_err(|_| bad(text, "pgbouncer is true or false"))?;
                }
                "writers" => {
                    let fits = value.parse().ok().filter(|count| (1..=WRITERS_MAX).contains(count));
                    writers = fits.ok_or_else(|| bad(text, "writers is a number from 1 to 16"))?;
                }
                _ if tls.take(name, &decoded(value)).map_err(|reason| bad(text, reason))? => {}
                _ => kept.push(pair),
            }
        }
        tls.check().map_err(|reason| bad(text, reason))?;
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
        // As in libpq: what does not leave the machine through a socket file needs no TLS.
        let leaves = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)))
            || !config.get_hostaddrs().is_empty();
        config.ssl_mode(if leaves { tls.insists() } else { SslMode::Disable });
        if !pooled {
            let ours = settings().into_iter().map(|(name, value)| format!("-c {name}={value}"));
            let given = config.get_options().map(str::to_owned);
            config.options(ours.chain(given).collect::<Vec<_>>().join(" "));
        }
        Ok(Self { config, tls, pooled, writers })
    }
}

/// A parameter's value with its `%2F` and the like read.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let code =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An address that is not understood, shown without what may be a password.
fn bad(text: &str, reason: &str) -> StoreError {
    let shown = text.split('@').next_back().unwrap_or_default();
    StoreError::BadUrl(format!("{shown} ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let cases = [
            ("postgres://db/seedling", Ok("postgres://db/seedling")),
            ("postgres://me:secret@db1,db2/s?target_session_attrs=read-write", Ok("postgres://db1,db2/s")),
            (
                "postgres://db/s?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&writers=4",
                Ok("postgres://db/s"),
            ),
            ("postgres:///s?host=/run/postgresql&sslmode=require", Ok("postgres:///run/postgresql/s")),
            ("postgres://db/s?sslmode=maybe", Err("sslmode is")),
            ("postgres://db/s?sslcert=a.pem", Err("sslcert needs sslkey")),
            ("postgres://db/s?writers=0", Err("writers is")),
            ("postgres://db/s?writers=17", Err("writers is")),
            ("postgres://db/s?pgbouncer=yes", Err("pgbouncer is")),
            ("postgres://me:secret@/s", Err("no host")),
        ];
        for (text, expected) in cases {
            let read = text.parse::<PostgresUrl>();
            match (read, expected) {
                (Ok(url), Ok(shown)) => assert_eq!(url.to_string(), shown, "{text}"),
                (Err(error), Err(part)) => {
                    let said = error.to_string();
                    assert!(said.contains(part) && !said.contains("secret"), "{text}: {said}");
                }
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_stays_on_the_machine_needs_no_tls() {
        let mode = |text: &str| text.parse::<PostgresUrl>().unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres:///s?host=/run/postgresql&sslmode=require"), SslMode::Disable);
        assert_eq!(mode("postgres://db/s?sslmode=verify-ca"), SslMode::Require);
        assert_eq!(mode("postgres://db/s"), SslMode::Prefer);
        assert_eq!(mode("postgres://db/s?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn values_are_decoded() {
        for (given, expected) in [("%2Fetc%2fca", "/etc/ca"), ("a%", "a%"), ("a%zz", "a%zz"), ("%C3%A9", "é")]
        {
            assert_eq!(decoded(given), expected);
        }
    }
}
