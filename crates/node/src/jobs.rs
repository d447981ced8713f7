//! Works jobs off, slice by slice, when nothing more urgent waits: replies go first. Workspaces have their turns by their
//! shares, and the jobs of one workspace take turns. One slice at a time; between two the node may stop.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::JobId;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use operations::{Context, JobError};
use store::{DueJobs, JobRow, LeaseName, OutboxLine, StoreError};
use tokio::time::Instant;

use crate::dispatcher::Handover;
use crate::limits;
use crate::metrics::Metrics;
use crate::node::Worker;
use crate::shares::Shares;
use crate::shedding::{Pulse, Shedding};
use crate::webhooks::{self, Telling};
use crate::{table_fetching, template_syncing};

/// The runner's state.
struct Runner {
    ctx: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    shedding: Arc<Shedding>,
    pulse: Arc<Pulse>,
    /// The lines to which the last slice of each job wrote.
    lines: HashMap<JobId, HashSet<OutboxLine>>,
    /// How long the writer was let others have.
    waited: Duration,
    shares: Shares,
    /// When old files of jobs are looked for again.
    tidy_at: Instant,
}

/// The task that works jobs off, once this node has their lease. It ends after `stop` is notified, between two slices.
pub(crate) async fn run(worker: Worker) {
    let Worker { ctx, handover, metrics, membership, shedding, pulse, network, stop } = worker;
    let fence = tokio::select! {
        biased;
        () = stop.notified() => return,
        fence = membership.lease(LeaseName::Jobs) => fence,
    };
    let ctx = ctx.under(fence);
    let fetching = table_fetching::run(ctx.clone(), network.clone());
    let syncing = template_syncing::run(ctx.clone(), network.clone());
    let telling = Telling { ctx: ctx.clone(), network, metrics: metrics.clone(), membership };
    let jobs = ctx.jobs.clone();
    let (lines, shares, tidy_at) = (HashMap::new(), Shares::default(), Instant::now());
    let waited = Duration::ZERO;
    let mut runner = Runner { ctx, handover, metrics, shedding, pulse, lines, waited, shares, tidy_at };
    let working = async {
        loop {
            let pause = runner.step().await;
            tokio::select! {
                biased;
                () = stop.notified() => return,
                () = jobs.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = working => {}
        () = webhooks::run(telling) => {}
        () = fetching => {}
        () = syncing => {}
    }
}

impl Runner {
    /// Does one slice if one may go. Answers how long to wait then.
    async fn step(&mut self) -> Duration {
        if self.ctx.store.write_queue_length() > limits::JOB_WRITES_FIRST
            && self.waited < limits::JOB_LONGEST_PAUSE
        {
            self.waited += limits::JOB_PAUSE;
            return limits::JOB_PAUSE;
        }
        self.waited = Duration::ZERO;
        let due = match self.ctx.store.due_jobs_of_each(self.ctx.now(), limits::JOBS_LOOKED_AT).await {
            Ok(due) => due,
            Err(error) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "jobs could not be read; trying again");
                return limits::JOB_LONGEST_SLEEP;
            }
        };
        let all_wait = !due.is_empty();
        let due = match self.let_go(due).await {
            Ok(due) => due,
            Err(error) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "workspaces of jobs could not be read; trying again");
                return limits::JOB_LONGEST_SLEEP;
            }
        };
        if due.is_empty() && all_wait {
            return limits::JOB_LONGEST_SLEEP;
        }
        if due.is_empty() {
            self.lines.clear();
            self.forget_old_files().await;
            return self.until_next().await;
        }
        match self.next_of(due) {
            Some((weight, job)) => self.slice_and_breathe(weight, job).await,
            None => limits::JOB_PAUSE,
        }
    }

    /// The jobs that need not wait because less valuable work is turned off.
    async fn let_go(&self, due: Vec<DueJobs>) -> Result<Vec<DueJobs>, StoreError> {
        let mut going = Vec::with_capacity(due.len());
        for of_one in due {
            let jobs = self.shedding.let_go(&self.ctx, of_one.jobs).await?;
            if !jobs.is_empty() {
                going.push(DueJobs { jobs, ..of_one });
            }
        }
        Ok(going)
    }

    /// The job whose turn it is, of those whose lines are not busy, with the weight of its workspace.
    fn next_of(&mut self, mut due: Vec<DueJobs>) -> Option<(i64, JobRow)> {
        self.shares.meet(due.iter().map(|due| due.workspace));
        due.sort_by_key(|due| self.shares.spent(due.workspace));
        let may_go =
            |job: &JobRow| self.lines.get(&job.id).is_none_or(|lines| !self.handover.any_busy(lines));
        due.into_iter().find_map(|due| {
            let weight = due.weight;
            due.jobs.into_iter().find(|job| may_go(job)).map(|job| (weight, job))
        })
    }

    async fn forget_old_files(&mut self) {
        if Instant::now() < self.tidy_at {
            return;
        }
        self.tidy_at = Instant::now() + limits::JOB_FILES_EVERY;
        if let Err(error) = operations::forget_old_files(&self.ctx).await {
            tracing::warn!(%error, "old files of jobs could not be removed; trying again later");
        }
        if let Err(error) = operations::archive_what_is_due(&self.ctx).await {
            tracing::warn!(%error, "it could not be looked what is to be archived; trying again later");
        }
        match operations::forget_dead(&self.ctx, self.ctx.now() - limits::DEAD_KEPT).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what was too old in the dead set is thrown away"),
            Err(error) => tracing::warn!(%error, "the dead set could not be tidied; trying again later"),
        }
    }

    /// Does a slice. While people write, they have machine and database to themselves then for as long as it took.
    async fn slice_and_breathe(&mut self, weight: i64, job: JobRow) -> Duration {
        let begun = Instant::now();
        let people_wrote = self.pulse.has_work();
        let pause = self.slice(weight, job).await;
        if !people_wrote && !self.pulse.has_work() {
            return pause;
        }
        pause.max(begun.elapsed().min(limits::JOB_LONGEST_BREATH))
    }

    async fn slice(&mut self, weight: i64, job: JobRow) -> Duration {
        let (id, workspace, before) = (job.id, job.workspace, job.done + job.left_out);
        let slicing = operations::run_job_slice(&self.ctx, job.clone());
        // A defect that breaks one job must not end the others.
        match AssertUnwindSafe(slicing).catch_unwind().await {
            Ok(Ok(committed)) => {
                let lines: HashSet<OutboxLine> = committed.outbox.iter().map(|item| item.channel).collect();
                let job = self.handover.take(committed);
                self.metrics.job_slices.inc();
                let people = u64::try_from(job.done + job.left_out - before).unwrap_or_default();
                self.shares.spend(workspace, weight, limits::JOB_SLICE_COST + people);
                if job.ended_on.is_some() {
                    self.lines.remove(&id);
                    tracing::info!(job = %job.uuid, kind = job.kind.as_str(), status = job.status.as_str(),
                        done = job.done, left_out = job.left_out, "a job ended");
                } else if !lines.is_empty() {
                    self.lines.insert(id, lines);
                }
                Duration::ZERO
            }
            // A person moved the job meanwhile.
            Ok(Err(JobError::Gone)) => limits::JOB_PAUSE,
            Ok(Err(error @ (JobError::Store(_) | JobError::Unwritable(_) | JobError::Twice))) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "a job cannot go on; trying again");
                limits::JOB_LONGEST_SLEEP
            }
            Err(_) => {
                self.metrics.errors.inc();
                tracing::error!(job = %id, "a slice of a job broke off; trying again later");
                match operations::job_broke_off(&self.ctx, job, "see the log of the node").await {
                    Ok(()) | Err(JobError::Gone) => Duration::ZERO,
                    Err(_) => limits::JOB_LONGEST_SLEEP,
                }
            }
        }
    }

    /// The time until the next slice is due, within bounds: another program may write a job.
    async fn until_next(&self) -> Duration {
        let next = self.ctx.store.next_job_due().await.ok().flatten();
        let wait = next.map_or(limits::JOB_LONGEST_SLEEP, |due: Timestamp| {
            Duration::try_from(due.duration_since(self.ctx.now())).unwrap_or(Duration::ZERO)
        });
        wait.clamp(limits::JOB_PAUSE, limits::JOB_LONGEST_SLEEP)
    }
}
