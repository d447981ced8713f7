//! What keeps a node standing when the world is bad: the spool, what it turns off under pressure, and the limits that
//! nodes share, with the tasks that belong to them.

use std::path::Path;
use std::sync::Arc;

use operations::Context;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::dispatcher::Handover;
use crate::intake::{self, Submission};
use crate::lines::Lines;
use crate::media::{self, Fetcher};
use crate::membership::Membership;
use crate::metrics::Metrics;
use crate::places::MediaPlaces;
use crate::rates::{self, Rates};
use crate::replay;
use crate::searching::{self, Indexer};
use crate::shedding::{self, Pulse, Shedding, Watch};
use crate::spool::{Spool, SpoolError};
use crate::surroundings::Network;

pub(crate) struct Bounds {
    pub(crate) spool: Option<Spool>,
    pub(crate) shedding: Arc<Shedding>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) rates: Arc<Rates>,
    stop_replay: Arc<Notify>,
    stop_watch: Arc<Notify>,
    stop_rates: Arc<Notify>,
    stop_media: Arc<Notify>,
    stop_searching: Arc<Notify>,
}

impl Bounds {
    /// Takes the spool, if there is to be one.
    ///
    /// # Errors
    /// When its folder cannot be used.
    pub(crate) fn open(spool: Option<&Path>) -> Result<Self, SpoolError> {
        Ok(Self {
            spool: spool.map(Spool::open).transpose()?,
            shedding: Arc::default(),
            pulse: Arc::default(),
            rates: Arc::default(),
            stop_replay: Arc::default(),
            stop_watch: Arc::default(),
            stop_rates: Arc::default(),
            stop_media: Arc::default(),
            stop_searching: Arc::default(),
        })
    }

    /// Starts intake, which keeps in the spool what the store cannot take. It ends when its queue is closed and empty.
    pub(crate) fn start_intake(
        &self,
        ctx: &Context,
        handover: &Handover,
        metrics: &Arc<Metrics>,
        queue: mpsc::Receiver<Submission>,
    ) -> JoinHandle<()> {
        let (ctx, handover, metrics) = (ctx.clone(), handover.clone(), metrics.clone());
        tokio::spawn(intake::run(ctx, handover, metrics, self.pulse.clone(), self.spool.clone(), queue))
    }

    /// Starts the tasks. They end after [`Bounds::stop`].
    pub(crate) fn start(
        &self,
        ctx: &Context,
        handover: &Handover,
        metrics: &Arc<Metrics>,
        membership: &Membership,
    ) -> Vec<JoinHandle<()>> {
        let watch = Watch {
            ctx: ctx.clone(),
            metrics: metrics.clone(),
            shedding: self.shedding.clone(),
            pulse: self.pulse.clone(),
            spool: self.spool.clone(),
        };
        let mut tasks = vec![
            tokio::spawn(shedding::run(watch, self.stop_watch.clone())),
            tokio::spawn(rates::run(ctx.clone(), self.rates.clone(), ctx.run, self.stop_rates.clone())),
        ];
        let (metrics_of_it, shedding) = (metrics.clone(), self.shedding.clone());
        let indexer = Indexer { ctx: ctx.clone(), metrics: metrics_of_it, shedding };
        tasks.push(tokio::spawn(searching::run(indexer, self.stop_searching.clone())));
        if let Some(spool) = self.spool.clone() {
            let (ctx, handover, metrics) = (ctx.clone(), handover.clone(), metrics.clone());
            let (membership, stop) = (membership.clone(), self.stop_replay.clone());
            tasks.push(tokio::spawn(replay::run(ctx, handover, metrics, membership, spool, stop)));
        }
        tasks
    }

    /// Starts fetching files that people sent, if there is a folder for them.
    pub(crate) fn start_media(
        &self,
        ctx: &Context,
        media: &MediaPlaces,
        lines: &Arc<Lines>,
        network: &Network,
        metrics: &Arc<Metrics>,
    ) -> Option<JoinHandle<()>> {
        let fetcher = Fetcher {
            ctx: ctx.clone(),
            files: media.files.clone()?,
            lines: lines.clone(),
            network: network.clone(),
            metrics: metrics.clone(),
            shedding: self.shedding.clone(),
        };
        Some(tokio::spawn(media::run(fetcher, self.stop_media.clone())))
    }

    /// Lets the tasks end.
    pub(crate) fn stop(&self) {
        for stop in
            [&self.stop_replay, &self.stop_watch, &self.stop_rates, &self.stop_media, &self.stop_searching]
        {
            stop.notify_one();
        }
    }

    /// Lets go of the spool, so that another process may use it.
    pub(crate) fn close(&self) {
        if let Some(spool) = &self.spool {
            spool.close();
        }
    }
}
