//! Whether a node takes requests, and what of it does not work as it should: for load balancers and for people.

use store::StoreError;

use crate::limits;
use crate::node::Node;
use crate::spool::SpoolStatus;

/// Whether the node takes requests, and in which state it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Why it takes none, if so.
    pub refuses: Option<String>,
    /// What the store said if it does not answer.
    pub store: Option<String>,
    /// The spool, if there is one.
    pub spool: Option<SpoolStatus>,
    /// The level of shedding, and whether a person said so.
    pub shedding: (u8, bool),
}

impl Readiness {
    /// One word for it.
    pub fn word(&self) -> &'static str {
        let spools = self.spool.is_some_and(|spool| spool.items > 0);
        match (&self.refuses, &self.store) {
            (Some(_), _) => "not ready",
            (None, Some(_)) => "spooling",
            (None, None) if spools => "spooling",
            (None, None) => "ready",
        }
    }
}

impl Node {
    /// Whether the node takes requests, and in which state it is. While the store is away it takes them as long as the
    /// spool has room.
    pub async fn readiness(&self) -> Readiness {
        let spool = self.spool().map(|spool| spool.status());
        let shedding = (self.shedding().level(), self.shedding().is_by_hand());
        if self.is_stopping() {
            return Readiness { refuses: Some("stopping".to_owned()), store: None, spool, shedding };
        }
        if self.membership().is_lost() {
            let why = "the other nodes took this one for dead; it starts anew".to_owned();
            return Readiness { refuses: Some(why), store: None, spool, shedding };
        }
        if self.has_lost_a_worker() {
            let why = "a worker of the node broke off; start the node again".to_owned();
            return Readiness { refuses: Some(why), store: None, spool, shedding };
        }
        let asked = tokio::time::timeout(limits::READY_WITHIN, self.context().store.next_timer_due()).await;
        let away = match asked {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(StoreError::Away("it did not answer in time".to_owned())),
        };
        let takes = spool.is_some_and(|spool| spool.usable && spool.has_room);
        let refuses = away.as_ref().filter(|error| !(takes && error.is_passing())).map(ToString::to_string);
        Readiness { refuses, store: away.map(|error| error.to_string()), spool, shedding }
    }

    /// Whether the node takes requests.
    ///
    /// # Errors
    /// The reason, for people.
    pub async fn ready(&self) -> Result<(), String> {
        self.readiness().await.refuses.map_or(Ok(()), Err)
    }
}
