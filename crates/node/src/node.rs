//! A running node: what it consists of, how it starts and how it stops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use channels::Inbound;
use domain::{MediaUuid, WorkspaceId};
use files::Files;
use operations::{Context, Letters, SharedHost};
use store::{LeaseName, MediaRow, NodeRow, Store, StoreError};
use thiserror::Error;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::bell::{self, Bell};
use crate::bounds::Bounds;
use crate::clock;
use crate::config::Config;
use crate::dispatcher::{self, Handover, Shared};
use crate::feed::Feed;
use crate::intake::{IntakeError, Submission, Taken};
use crate::jobs;
use crate::limits;
use crate::lines::{Channel, Lines};
use crate::listening;
use crate::media;
use crate::membership::{self, Identity, Membership};
use crate::metrics::Metrics;
use crate::places::{MediaPlaces, places};
use crate::rates::Rates;
use crate::shedding::{Pulse, Shedding};
use crate::spool::{Spool, SpoolError};
use crate::sso::Sso;
use crate::surroundings::Surroundings;

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// What an earlier run left could not be taken over.
    #[error("cannot take over what the last run left: {0}")]
    Recovery(StoreError),
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The node could not be entered among the others.
    #[error("cannot enter this node among those of the database: {0}")]
    Store(StoreError),
    /// Another node of this name lives.
    #[error(
        "another node named '{}' serves this database: on {}, at {}, since {}; stop it, or give this one another name \
         with --name", .0.name, .0.host, .0.address, .0.started_on.round(jiff::Unit::Second).unwrap_or(.0.started_on)
    )]
    NameTaken(Box<NodeRow>),
    /// The store of files cannot be used.
    #[error("s3: {0}")]
    Files(#[from] files::Unusable),
    /// There are as many nodes as there may be.
    #[error("{0} nodes serve this database already, and there is no room for more; stop one first")]
    Full(usize),
}

/// A running node. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    ctx: Context,
    config: Config,
    /// The store and the surroundings as they were given: what another run begins with.
    store: Store,
    surroundings: Surroundings,
    membership: Membership,
    lines: Arc<Lines>,
    metrics: Arc<Metrics>,
    bell: Bell,
    feed: Feed,
    handover: Handover,
    /// Taken away to close intake.
    intake: Mutex<Option<mpsc::Sender<Submission>>>,
    stopping: AtomicBool,
    stops: Stops,
    bounds: Bounds,
    media: MediaPlaces,
    sso: Option<Sso>,
    tasks: Mutex<Option<Tasks>>,
}

/// What ends workers, each by itself.
#[derive(Default)]
struct Stops {
    clock: Arc<Notify>,
    jobs: Arc<Notify>,
    listening: Arc<Notify>,
}

/// What a worker is given that one node at a time has.
pub(crate) struct Worker {
    pub(crate) ctx: Context,
    pub(crate) handover: Handover,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) membership: Membership,
    pub(crate) shedding: Arc<Shedding>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) network: crate::Network,
    pub(crate) stop: Arc<Notify>,
}

struct Tasks {
    intake: JoinHandle<()>,
    clock: JoinHandle<()>,
    jobs: JoinHandle<()>,
    listening: JoinHandle<()>,
    chats: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
    bounds: Vec<JoinHandle<()>>,
}

impl Tasks {
    fn all(&self) -> impl Iterator<Item = &JoinHandle<()>> {
        [&self.intake, &self.clock, &self.jobs, &self.listening, &self.chats, &self.dispatcher]
            .into_iter()
            .chain(&self.bounds)
    }
}

impl Node {
    /// Starts a node on a store: enters it among the others, takes over what runs left that are gone, then takes,
    /// sends and fires.
    ///
    /// # Errors
    /// When there is no place for it among the others, or the store cannot be read or written.
    pub async fn start(config: Config, store: Store, surroundings: Surroundings) -> Result<Self, StartError> {
        Self::start_counting(config, store, surroundings, Arc::new(Metrics::default())).await
    }

    async fn start_counting(
        config: Config,
        store: Store,
        surroundings: Surroundings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let (media, archives) = places(&config, &surroundings)?;
        let bounds = Bounds::open(config.spool.as_deref())?;
        let identity = Identity::new(&config, surroundings.machine.clone(), &store);
        let (asked, spool) = (Instant::now(), bounds.spool.clone());
        let (sso, letters) = for_people(&config, &surroundings);
        let (ctx, rows) = enter(&store, surroundings.host.clone(), &identity, archives, letters).await?;
        let membership = Membership::start(ctx.clone(), identity, metrics.clone(), spool, asked).await;
        let (bell, lines, feed) = things_shared(&ctx, rows, &metrics);
        let (handover, dispatcher) = dispatcher::start(Arc::new(Shared {
            ctx: ctx.clone(),
            config: config.clone(),
            lines: lines.clone(),
            network: surroundings.network.clone(),
            metrics: metrics.clone(),
            membership: membership.clone(),
            shedding: bounds.shedding.clone(),
            bell: bell.clone(),
            learnt: dispatcher::Learnt::default(),
        }));
        let (submit, queue) = mpsc::channel(limits::INTAKE_QUEUE);
        let (stops, heard) = (Stops::default(), (handover.clone(), lines.clone()));
        let worker = |stop: &Arc<Notify>| Worker {
            ctx: ctx.clone(),
            handover: handover.clone(),
            metrics: metrics.clone(),
            membership: membership.clone(),
            shedding: bounds.shedding.clone(),
            pulse: bounds.pulse.clone(),
            network: surroundings.network.clone(),
            stop: stop.clone(),
        };
        let background = bounds.start(&ctx, &handover, &metrics, &membership).into_iter();
        let fetching = bounds.start_media(&ctx, &media, &lines, &surroundings.network, &metrics);
        let tasks = Tasks {
            intake: bounds.start_intake(&ctx, &handover, &metrics, queue),
            clock: tokio::spawn(clock::run(worker(&stops.clock))),
            jobs: tokio::spawn(jobs::run(worker(&stops.jobs))),
            bounds: background.chain(fetching).collect(),
            listening: tokio::spawn(listening::run(ctx.clone(), heard, stops.listening.clone())),
            chats: tokio::spawn(bell::listen_to(feed.clone(), bell.clone())),
            dispatcher,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                ctx,
                config,
                store,
                surroundings,
                membership,
                lines,
                metrics,
                bell,
                feed,
                handover,
                intake: Mutex::new(Some(submit)),
                stopping: AtomicBool::new(false),
                stops,
                bounds,
                media,
                sso,
                tasks: Mutex::new(Some(tasks)),
            }),
        })
    }

    /// Takes items of one channel. Answers after they are committed, in their order.
    ///
    /// # Errors
    /// When nothing of it may be counted as taken; the sender should come again.
    pub async fn receive(&self, channel: &Channel, items: Vec<Inbound>) -> Result<Vec<Taken>, IntakeError> {
        let submit = self.inner.intake.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let submit = submit.ok_or(IntakeError::Stopping)?;
        let channel_type = channel.line.as_ref().map_or("none", |line| line.kind().slug());
        let (answer, answered) = oneshot::channel();
        let since = Instant::now();
        let submission = Submission {
            line: channel.id,
            channel: channel.uuid,
            channel_type,
            items,
            since,
            arrived: self.inner.ctx.now(),
            answer,
        };
        submit.try_send(submission).map_err(|error| match error {
            TrySendError::Full(_) => {
                self.inner.metrics.count_limit("intake_queue");
                IntakeError::Full
            }
            TrySendError::Closed(_) => IntakeError::Stopping,
        })?;
        drop(submit);
        answered.await.unwrap_or(Err(IntakeError::Stopping))
    }

    /// The service that says who people are, if there is one.
    pub fn sso(&self) -> Option<&Sso> {
        self.inner.sso.as_ref()
    }

    /// How the node was configured.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What operations are given.
    pub fn context(&self) -> &Context {
        &self.inner.ctx
    }

    /// The channels in use.
    pub fn lines(&self) -> &Lines {
        &self.inner.lines
    }

    /// This node among those that share its database.
    pub fn membership(&self) -> &Membership {
        &self.inner.membership
    }

    /// What the node counts.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The same in the text form that Prometheus reads, with what is measured when it is asked for.
    pub fn metrics_text(&self) -> String {
        let metrics = &self.inner.metrics;
        metrics.fenced_writes.inc_by(self.inner.ctx.fenced.take());
        if let Some(spool) = &self.inner.bounds.spool {
            let status = spool.status();
            let age = status.oldest.map_or(0, |oldest| self.inner.ctx.now().duration_since(oldest).as_secs());
            metrics.spool_items.set(i64::try_from(status.items).unwrap_or(i64::MAX));
            metrics.spool_bytes.set(i64::try_from(status.bytes).unwrap_or(i64::MAX));
            metrics.spool_age.set(age.max(0));
        }
        metrics.show_shedding(self.inner.bounds.shedding.level());
        metrics.text()
    }

    /// What the node turns off under pressure.
    pub fn shedding(&self) -> &Shedding {
        &self.inner.bounds.shedding
    }

    /// How often callers have asked.
    pub fn rates(&self) -> &Rates {
        &self.inner.bounds.rates
    }

    pub(crate) fn spool(&self) -> Option<&Spool> {
        self.inner.bounds.spool.as_ref()
    }

    /// A file that a person sent, with what is known of it; `None` if it is not kept here.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn media(&self, uuid: MediaUuid) -> Result<Option<(MediaRow, Vec<u8>)>, StoreError> {
        match &self.inner.media.files {
            Some(files) => {
                media::open(&self.inner.ctx, (files, self.inner.media.before.as_ref()), uuid).await
            }
            None => Ok(None),
        }
    }

    /// Keeps a file that a program sent, as the doing of whoever acts; `None` if files are not kept here.
    ///
    /// # Errors
    /// When the folder or the store cannot be written.
    pub async fn keep_file(
        &self,
        ctx: &Context,
        workspace: WorkspaceId,
        mime: &str,
        bytes: &[u8],
    ) -> Result<Option<MediaUuid>, StoreError> {
        match &self.inner.media.files {
            Some(files) => media::keep(ctx, files, (workspace, mime), bytes).await.map(Some),
            None => Ok(None),
        }
    }

    /// Where archives lie, if there is a place.
    pub fn archives(&self) -> Option<&Files> {
        self.inner.ctx.archives.as_ref()
    }

    /// Wakes those who watch a conversation.
    pub fn bell(&self) -> &Bell {
        &self.inner.bell
    }

    /// What any node commits, in order.
    pub fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// Tells the dispatcher that another program or operation has written to the outbox.
    pub fn look_for_work(&self) {
        self.inner.handover.look();
    }

    /// Takes what an operation outside of the node's own workers left for the dispatcher.
    pub fn hand_over<T>(&self, committed: operations::Committed<T>) -> T {
        self.inner.handover.take(committed)
    }

    /// Whether intake, clock, jobs or dispatcher ended though nobody asked them to: a defect of ours, after which the
    /// node does only half of its work.
    pub fn has_lost_a_worker(&self) -> bool {
        let tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.as_ref().is_some_and(|tasks| tasks.all().any(JoinHandle::is_finished))
    }

    /// Whether the node is on its way out.
    pub fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }

    /// Says that the node is on its way out: it is no longer ready and chat streams end, but what comes in is still
    /// taken until [`Node::stop`].
    pub fn announce_stop(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        self.inner.membership.announce_stop();
    }

    /// Begins another run in the place of one that others took for dead ([`Membership::until_lost`]). What the old one
    /// has in hand is dropped: it is with the others by now.
    ///
    /// # Errors
    /// As [`Node::start`]; then it may be called again.
    pub async fn restart(&self) -> Result<Self, StartError> {
        self.abandon().await;
        let Inner { config, store, surroundings, metrics, .. } = &*self.inner;
        Self::start_counting(config.clone(), store.clone(), surroundings.clone(), metrics.clone()).await
    }

    /// Ends at once, as a crash would: nothing is finished, nothing given back.
    async fn abandon(&self) {
        self.announce_stop();
        drop(self.inner.intake.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.inner.membership.end_task().await;
        self.inner.metrics.fenced_writes.inc_by(self.inner.ctx.fenced.take());
        let tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(tasks) = tasks else { return };
        tasks.all().for_each(JoinHandle::abort);
        let own = [tasks.intake, tasks.clock, tasks.jobs, tasks.listening, tasks.chats, tasks.dispatcher];
        for task in own.into_iter().chain(tasks.bounds) {
            let _ = task.await;
        }
        self.inner.bounds.close();
    }

    /// Ends as `kill -9` does, for simulations: the workers are cut off wherever they are, nothing is finished, nothing
    /// recorded. What they had begun beside themselves ends at its next call on store or network, which the
    /// simulation does not let through any more.
    pub fn crash(&self) {
        self.announce_stop();
        drop(self.inner.intake.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.inner.membership.cut_off();
        let tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(tasks) = tasks else { return };
        tasks.all().for_each(JoinHandle::abort);
        self.inner.bounds.close();
    }

    /// Stops cleanly: takes nothing more, finishes what it has begun, records carriers' answers. Answers whether
    /// that was done in time; what was not is taken over by the next start.
    pub async fn stop(&self) -> bool {
        if self.inner.membership.is_lost() {
            // Nothing that it would finish is taken any more; the others have it in hand.
            self.abandon().await;
            return true;
        }
        self.announce_stop();
        drop(self.inner.intake.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.inner.stops.clock.notify_one();
        self.inner.stops.jobs.notify_one();
        self.inner.bounds.stop();
        let tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(tasks) = tasks else { return true };
        let aborts: Vec<_> = tasks.all().map(JoinHandle::abort_handle).collect();
        tasks.chats.abort();
        let stopped = tokio::time::timeout(limits::STOP_WITHIN, async {
            let _ = tasks.intake.await;
            let _ = tasks.clock.await;
            self.inner.membership.give_back(LeaseName::Clock).await;
            let _ = tasks.jobs.await;
            self.inner.membership.give_back(LeaseName::Jobs).await;
            for task in tasks.bounds {
                let _ = task.await;
            }
            // Whatever they committed is with the dispatcher now.
            self.inner.handover.stop();
            let _ = tasks.dispatcher.await;
            // Until then an opt-out elsewhere is heard.
            self.inner.stops.listening.notify_one();
            let _ = tasks.listening.await;
        });
        let in_time = stopped.await.is_ok();
        if !in_time {
            tracing::warn!("the clean stop took too long; the next start takes over what is left");
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
        self.inner.bounds.close();
        self.inner.membership.leave().await;
        in_time
    }
}

/// What the workers of a node share beside its store; what was taken over is counted.
fn things_shared(ctx: &Context, taken: u64, metrics: &Arc<Metrics>) -> (Bell, Arc<Lines>, Feed) {
    count_repeated(taken, metrics);
    (Bell::default(), Arc::default(), Feed::start(ctx.store.clone(), metrics.clone()))
}

/// What people who sign in need: the service that says who they are, and what letters to them need.
fn for_people(config: &Config, surroundings: &Surroundings) -> (Option<Sso>, Letters) {
    let sso = config.oidc.clone().zip(config.site.as_deref());
    let sso = sso.map(|(settings, site)| Sso::new(settings, site, surroundings.network.clone()));
    let letters = Letters { site: config.site.as_deref().map(Into::into), has_server: config.smtp.is_some() };
    (sso, letters)
}

/// Enters a run among the others and gives back what runs had in hand that are gone; answers how much that was.
async fn enter(
    store: &Store,
    host: SharedHost,
    identity: &Identity,
    archives: Option<Files>,
    letters: Letters,
) -> Result<(Context, u64), StartError> {
    let registered = membership::enter(store, &host, identity).await?;
    let ctx = Context::for_run(store, host, &registered).with_archives(archives).with_letters(letters);
    match take_over(&ctx).await {
        Ok(rows) => Ok((ctx, rows)),
        Err(error) => {
            // So that the next try need not wait for the end of this one.
            let _ = store.evict(registered.run, None, ctx.now()).await;
            Err(StartError::Recovery(error))
        }
    }
}

fn count_repeated(rows: u64, metrics: &Metrics) {
    if rows > 0 {
        metrics.repeated.inc_by(rows);
        tracing::warn!(rows, "the last run did not stop cleanly; what it had in hand goes out again");
    }
}

/// Gives back what runs had in hand that are gone, and answers how much it was.
async fn take_over(ctx: &Context) -> Result<u64, StoreError> {
    let recovered = operations::recover(ctx).await?;
    know_channels(ctx).await?;
    Ok(recovered.rows)
}

/// Reads the workspaces, so that their channels are known when the store goes away, and told from those that nobody
/// has before anybody asks.
async fn know_channels(ctx: &Context) -> Result<(), StoreError> {
    for row in ctx.store.workspaces().await?.into_iter().take(limits::WORKSPACES_AT_HAND) {
        ctx.registry.workspace(ctx, row.id).await?;
    }
    Ok(())
}
