//! How often somebody may ask: a burst, then a steady pace (GCRA), for many callers in bounded memory. Every request is
//! judged here, in memory; nothing waits for the store.
//!
//! The nodes of one store share the limits. They do not divide them, because a proxy may send all of one caller's
//! requests to one node, and a school behind one address would get a third of what is its own. Instead each node tells
//! the others, about once a second, what it has given out to those few callers who have used half of their burst
//! (`exchange.rs`), and the others count it as if they had given it out themselves. So a caller who asks N nodes gets at
//! most N half bursts and what the pace gives in the seconds until all know.

mod exchange;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{ChannelUuid, TokenUuid};
use smol_str::{SmolStr, format_smolstr};
use tokio::time::Instant;

pub(crate) use exchange::run;

use crate::limits;

/// A limit: so many requests at once, then one each `every`.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, in metrics and between nodes.
    pub name: &'static str,
    /// Requests at once.
    pub burst: u32,
    /// And then one each.
    pub every: Duration,
}

impl Limit {
    fn whole_burst(&self) -> Duration {
        self.every * self.burst
    }
}

/// Who is held to a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    /// A client, by its address; of version 6 a whole /64.
    Client(IpAddr),
    /// Whoever calls for a channel.
    Channel(ChannelUuid),
    /// A visitor of the chat.
    Visitor(SmolStr),
    /// A program, by its token.
    Token(TokenUuid),
    /// Whoever wants to be somebody, by a digest of the e-mail address.
    Account(SmolStr),
}

impl Caller {
    fn text(&self) -> SmolStr {
        match self {
            Self::Client(address) => format_smolstr!("client {address}"),
            Self::Channel(uuid) => format_smolstr!("channel {uuid}"),
            Self::Visitor(visitor) => format_smolstr!("visitor {visitor}"),
            Self::Token(uuid) => format_smolstr!("token {uuid}"),
            Self::Account(digest) => format_smolstr!("account {digest}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(' ')?;
        match kind {
            "client" => name.parse().ok().map(Self::Client),
            "channel" => name.parse().ok().map(Self::Channel),
            "visitor" => Some(Self::Visitor(name.into())),
            "token" => name.parse().ok().map(Self::Token),
            "account" => Some(Self::Account(name.into())),
            _ => None,
        }
    }
}

/// What a caller has used of a limit.
#[derive(Debug)]
struct Used {
    limit: &'static Limit,
    /// The moment up to which they have used what is theirs.
    until: Instant,
    /// Requests that this node let in since it began to remember them.
    count: i64,
    /// What of `count` other nodes were told.
    told: i64,
}

impl Used {
    fn ahead(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }
}

type Key = (&'static str, Caller);

/// What callers have used of the limits.
#[derive(Debug, Default)]
pub struct Rates {
    used: Mutex<HashMap<Key, Used>>,
}

impl Rates {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this caller was here lately.
    pub fn knows(&self, limit: &'static Limit, caller: &Caller) -> bool {
        self.lock().contains_key(&(limit.name, caller.clone()))
    }

    /// Takes one request of a caller.
    ///
    /// # Errors
    /// How long to wait if it is too many.
    pub fn take(&self, limit: &'static Limit, caller: Caller) -> Result<(), Duration> {
        self.take_at(limit, caller, Instant::now())
    }

    fn take_at(&self, limit: &'static Limit, caller: Caller, now: Instant) -> Result<(), Duration> {
        let mut used = self.lock();
        let key = (limit.name, caller);
        if let Some(known) = used.get_mut(&key) {
            let until = known.until.max(now) + limit.every;
            let ahead = until - now;
            if ahead > limit.whole_burst() {
                return Err(ahead - limit.whole_burst());
            }
            known.until = until;
            known.count += 1;
            return Ok(());
        }
        if used.len() >= limits::RATES_REMEMBERED {
            used.retain(|_, used| used.until > now);
            if used.len() >= limits::RATES_REMEMBERED {
                return Err(limit.every.max(limits::RETRY_AFTER));
            }
        }
        used.insert(key, Used { limit, until: now + limit.every, count: 1, told: 0 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Caller, Limit, Rates};

    static LIMIT: Limit = Limit { name: "test", burst: 3, every: Duration::from_secs(2) };

    #[test]
    fn a_burst_and_then_a_pace() {
        let (rates, now) = (Rates::default(), Instant::now());
        let (a, b) = (Caller::Visitor("a".into()), Caller::Visitor("b".into()));
        for _ in 0..3 {
            assert_eq!(rates.take_at(&LIMIT, a.clone(), now), Ok(()));
        }
        assert_eq!(rates.take_at(&LIMIT, a.clone(), now), Err(Duration::from_secs(2)));
        assert_eq!(rates.take_at(&LIMIT, b, now), Ok(()), "others are free");
        let later = now + Duration::from_secs(2);
        assert_eq!(rates.take_at(&LIMIT, a.clone(), later), Ok(()));
        assert!(rates.take_at(&LIMIT, a, later).is_err());
    }

    #[test]
    fn callers_are_named_and_read() {
        let callers = [
            Caller::Client([10, 0, 0, 1].into()),
            Caller::Client(std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0])),
            Caller::Channel(domain::ChannelUuid(uuid::Uuid::from_u128(7))),
            Caller::Visitor("abc def".into()),
        ];
        for caller in callers {
            assert_eq!(Caller::read(&caller.text()), Some(caller));
        }
        assert_eq!(Caller::read("robot 7"), None);
    }
}
