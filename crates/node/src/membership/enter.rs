//! Entering among the nodes: who this one is, and what if one of its name is there.

use std::time::Duration;

use jiff::SignedDuration;
use operations::SharedHost;
use smol_str::SmolStr;
use store::{NewNode, NodeRow, NodeState, Registered, Registration, Store};
use tokio::time::Instant;

use super::watch::{Own, Watch};
use crate::config::Config;
use crate::limits;
use crate::machine::Machine;
use crate::node::StartError;

/// Who a node is, for the others.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// What it is called.
    pub(crate) name: SmolStr,
    /// Where it is reached.
    address: SmolStr,
    /// Where it runs.
    pub(super) machine: Machine,
    /// How long it may be silent.
    pub(super) ttl: Duration,
    /// Whether it has the database for itself.
    pub(super) alone: bool,
}

impl Identity {
    /// Of a node with this configuration.
    pub(crate) fn new(config: &Config, machine: Machine, store: &Store) -> Self {
        let otherwise = || format!("{}:{}", machine.name(), config.listen.port());
        Self {
            name: config.name.clone().unwrap_or_else(otherwise).into(),
            address: config.listen.to_string().into(),
            ttl: config.node_ttl,
            alone: !store.is_shared(),
            machine,
        }
    }

    /// How often it says that it is alive.
    pub(super) fn beat_every(&self) -> Duration {
        (self.ttl / limits::BEATS_IN_TTL).max(limits::BEAT_SHORTEST)
    }

    fn registration(&self) -> NewNode {
        NewNode {
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            address: self.address.clone(),
            host: self.machine.name(),
            process: self.machine.process(),
            ttl: SignedDuration::try_from(self.ttl).unwrap_or(SignedDuration::MAX),
            alone: self.alone,
        }
    }
}

/// Enters a node among those that share the store. If there is one of its name, it waits until that one has gone, ends
/// it if it proves dead, and gives up if it lives.
///
/// # Errors
/// When there is no place for it, or when the store does not answer.
pub(crate) async fn enter(
    store: &Store,
    host: &SharedHost,
    identity: &Identity,
) -> Result<Registered, StartError> {
    let new = identity.registration();
    let mut watch = Watch::default();
    let mut met: Option<NodeRow> = None;
    let mut deadline = None;
    loop {
        let asked = Instant::now();
        let other = match store.register(new.clone(), host.now()).await.map_err(StartError::Store)? {
            Registration::Done(registered) => return Ok(registered),
            Registration::Full(nodes) => return Err(StartError::Full(nodes)),
            Registration::Outdated { found, known } => {
                return Err(StartError::Store(store::StoreError::Newer { found, known }));
            }
            Registration::NameTaken(other) => *other,
        };
        let own = Own { run: 0, ttl: identity.ttl, gap: identity.ttl / 2 };
        let silent = watch.look((asked, Instant::now()), std::slice::from_ref(&other), own);
        // An earlier run of this very process is over, or it would not begin another.
        let is_own = !new.process.is_empty() && other.process == new.process;
        if is_own || identity.machine.is_gone(&other.process) {
            store.evict(other.run, None, host.now()).await.map_err(StartError::Store)?;
            continue;
        }
        if let Some((run, beat)) = silent.first() {
            store.evict(*run, Some(*beat), host.now()).await.map_err(StartError::Store)?;
            continue;
        }
        let lives = met.as_ref().is_some_and(|met| met.run == other.run && met.beat != other.beat);
        let until = *deadline.get_or_insert(asked + limits::STOP_WITHIN + limits::LEAVE_WITHIN);
        if lives && (other.state != NodeState::Stopping || asked > until) {
            return Err(StartError::NameTaken(Box::new(other)));
        }
        if met.is_none() {
            tracing::info!(name = %other.name, host = %other.host, "a node of this name is known; waiting to see whether it lives");
        }
        met = Some(other);
        tokio::time::sleep(identity.beat_every()).await;
    }
}
