//! Clock, chance and network, given to a node from outside, so that whole nodes run under virtual time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use expressions::Ambient;
use flows::Host;
use jiff::{SignedDuration, Timestamp};
use operations::SharedHost;
use uuid::Uuid;

use crate::http::{Answer, Callee, Exchange, HttpError, Requests};
use crate::limits;
use crate::machine::Machine;
use crate::mail::{Mail, MailError, Server};

/// What time it is.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The runtime's clock from a given moment: with tokio's paused clock this is virtual time.
    Runtime {
        /// The moment at `from`.
        start: Timestamp,
        /// The runtime's instant that stands for it.
        from: tokio::time::Instant,
    },
}

/// Where chance comes from.
#[derive(Debug)]
pub enum Chance {
    /// The system's generator.
    System,
    /// A sequence that a seed decides.
    Seeded(AtomicU64),
}

/// Clock, chance and the identifiers that are made of them.
#[derive(Debug)]
pub struct Ambience {
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

impl Ambience {
    /// The machine's own.
    pub fn system() -> SharedHost {
        Arc::new(Self { clock: Clock::System, chance: Chance::System })
    }

    /// Virtual time from `start` on, and chance that `seed` decides. Call it inside the runtime.
    pub fn simulated(start: Timestamp, seed: u64) -> SharedHost {
        let clock = Clock::Runtime { start, from: tokio::time::Instant::now() };
        Arc::new(Self { clock, chance: Chance::Seeded(AtomicU64::new(seed)) })
    }
}

impl Ambient for Ambience {
    fn now(&self) -> Timestamp {
        match &self.clock {
            Clock::System => Timestamp::now(),
            Clock::Runtime { start, from } => {
                let passed = SignedDuration::try_from(from.elapsed()).unwrap_or(SignedDuration::MAX);
                start.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        crate::prompts::fill(name, argument)
    }

    fn random(&self) -> u64 {
        match &self.chance {
            Chance::System => {
                let (high, low) = Uuid::new_v4().as_u64_pair();
                // Version and variant bits are fixed; folding the halves leaves no fixed bit.
                high ^ low.rotate_left(31)
            }
            // SplitMix64 (Steele, Lea, Flood 2014): a counter gives a sequence of full period.
            Chance::Seeded(state) => {
                let step = 0x9e37_79b9_7f4a_7c15_u64;
                let mut z = state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^ (z >> 31)
            }
        }
    }
}

impl Host for Ambience {
    fn uuid_v7(&self) -> Uuid {
        match (&self.clock, &self.chance) {
            (Clock::System, Chance::System) => Uuid::now_v7(),
            _ => {
                let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
                let random = [self.random().to_be_bytes(), self.random().to_be_bytes()].concat();
                let mut bytes = [0; 10];
                bytes.copy_from_slice(&random[..10]);
                uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
            }
        }
    }

    fn uuid_v4(&self) -> Uuid {
        match &self.chance {
            Chance::System => Uuid::new_v4(),
            Chance::Seeded(_) => {
                let bits = (u128::from(self.random()) << 64) | u128::from(self.random());
                uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
            }
        }
    }
}

/// What a scripted network's exchange comes to.
pub type Scripted = Pin<Box<dyn Future<Output = Result<Answer, HttpError>> + Send>>;

/// How requests reach the world.
#[derive(Clone)]
pub enum Network {
    /// Over HTTP.
    Http(Requests),
    /// By a script that plays the other side.
    Script(Arc<dyn Fn(Exchange) -> Scripted + Send + Sync>),
}

impl Network {
    /// Makes one exchange.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn exchange(&self, exchange: Exchange) -> Result<Answer, HttpError> {
        match self {
            Self::Http(requests) => requests.exchange(exchange).await,
            Self::Script(script) => script(exchange).await,
        }
    }

    /// Asks a store of files. A script plays none: it sees no bytes.
    pub(crate) async fn file_exchange(&self, request: files::Request) -> Result<files::Answer, String> {
        match self {
            Self::Http(requests) => requests.file_exchange(request).await.map_err(|error| error.to_string()),
            Self::Script(_) => Err("there is no store of files in a script".to_owned()),
        }
    }

    /// Hands an e-mail over. A script sees it as an exchange of the method `MAIL`, and takes it with 2xx.
    ///
    /// # Errors
    /// When the server did not take it.
    pub async fn mail(&self, server: &Server, mail: &Mail<'_>) -> Result<(), MailError> {
        let script = match self {
            Self::Http(_) => return server.send(mail).await,
            Self::Script(script) => script,
        };
        let exchange = Exchange {
            callee: Callee::Service,
            method: "MAIL".to_owned(),
            url: server.place(),
            headers: vec![
                ("To".to_owned(), mail.to.join(", ")),
                ("Subject".to_owned(), mail.subject.to_owned()),
                ("Idempotency-Key".to_owned(), mail.id.clone()),
            ],
            body: Some(mail.body.to_owned()),
            timeout: limits::MAIL_TIMEOUT,
            answer_bytes: 0,
        };
        match script(exchange).await {
            Ok(answer) if answer.status < 300 => Ok(()),
            Ok(answer) => Err(MailError::Refused(answer.status.to_string())),
            Err(error) => Err(MailError::NotReached(error.to_string())),
        }
    }
}

/// All that a node takes from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// Time, chance and identifiers.
    pub host: SharedHost,
    /// The world.
    pub network: Network,
    /// Where the node runs.
    pub machine: Machine,
}

impl Surroundings {
    /// The machine's clock, chance and network. `allow_private` lets webhooks call private addresses.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn system(allow_private: bool) -> Result<Self, HttpError> {
        Ok(Self {
            host: Ambience::system(),
            network: Network::Http(Requests::new(allow_private)?),
            machine: Machine::Here,
        })
    }
}
