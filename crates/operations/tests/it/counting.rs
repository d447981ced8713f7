//! Whatever people, carriers and crashes do in whatever order, counts follow the rows, on both databases.

use std::collections::VecDeque;

use channels::{DeliveryStatus, InboundStatus};
use domain::GroupId;
use expressions::Ambient as _;
use flows::{EffectResult, effect::HttpAnswer};
use jiff::SignedDuration;
use operations::{
    InboundItem, InboundKind, JobSpec, NewJob, Recipients, SendOutcome, SentRecord, StartJob, StartedBy,
    StatusReport, claim_outbox, complete_effect, create_job, fail_effect, fire_timers, record_sent,
    record_status, recover, run_job_slice, stop_contact,
};
use store::{Change, Direction, MessageStatus, OutboxItem, OutboxKind, TallyKind, Unit};
use test_postgres::Cluster;

use crate::{
    flow_files::{around, greeting, id, lookup},
    world::World,
};

const PEOPLE: u64 = 12;

/// A world and what is in its dispatcher's hand.
struct Life {
    world: World,
    hand: VecDeque<OutboxItem>,
    group: GroupId,
    steps: usize,
}

fn phone(number: u64) -> String {
    format!("+2547000{number:05}")
}

impl Life {
    async fn begin(world: World) -> Self {
        let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
        world.add_trigger(world.trigger("C", flow)).await;
        for (word, flow) in [
            ("clinic", lookup(0x20_000)),
            ("news", greeting(0x30_000, "News", "All is well.")),
            ("all", around(0x40_000, 1)),
        ] {
            let flow = world.add_flow(&flow).await;
            let mut trigger = world.trigger("K", flow);
            (trigger.keywords, trigger.match_type) = (vec![word.into()], Some("F".into()));
            world.add_trigger(trigger).await;
        }
        let group = world.add_group(7, "Group").await;
        Self { world, hand: VecDeque::new(), group, steps: 0 }
    }

    fn dice(&self, sides: u64) -> u64 {
        self.world.host.random() % sides
    }

    async fn take(&mut self, items: Vec<InboundItem>) {
        let committed = self.world.receive(items).await;
        self.hand.extend(committed.outbox);
    }

    async fn people_write(&mut self) {
        let texts = ["hi", "clinic", "news", "all", "Amina", "27", "no idea", "clinic"];
        let count = 1 + self.dice(6);
        let items = (0..count).map(|_| {
            let (person, text) = (phone(self.dice(PEOPLE)), texts[self.dice(8) as usize]);
            // Carriers bring some messages again.
            let external = format!("{}", self.dice(40));
            self.world.says_as(&person, text, Some(&external))
        });
        let items = items.collect();
        self.take(items).await;
    }

    async fn carriers_answer(&mut self) {
        for _ in 0..self.dice(8) {
            let Some(item) = self.hand.pop_front() else { return };
            if item.kind != OutboxKind::Message {
                self.answer_effect(item).await;
                continue;
            }
            let external_id = Some(format!("c{}", item.id.0).into());
            let retry_at = self.world.ctx.now() + SignedDuration::from_secs(60);
            let outcome = match self.dice(6) {
                0 => SendOutcome::Failed { reason: "no such number".to_owned() },
                1 => SendOutcome::Errored {
                    parts_sent: 0,
                    retry_at,
                    reason: "no answer".to_owned(),
                    possibly_sent: true,
                },
                2 => SendOutcome::Sent { external_id },
                _ => SendOutcome::Wired { external_id },
            };
            let released = record_sent(&self.world.ctx, vec![SentRecord { item, outcome }]).await.unwrap();
            if let Some(operations::Recorded::Released(ids)) = released.first() {
                self.hand.retain(|item| !ids.contains(&item.id));
            }
        }
    }

    async fn answer_effect(&mut self, item: OutboxItem) {
        let status = [200, 500][self.dice(2) as usize];
        let answer = HttpAnswer {
            status: Some(status),
            body: br#"{"name":"Mbagathi"}"#.to_vec(),
            ..HttpAnswer::default()
        };
        let committed = match self.dice(3) {
            0 => fail_effect(&self.world.ctx, item, "no answer").await,
            _ => complete_effect(&self.world.ctx, item, EffectResult::Webhook { answer }).await,
        };
        self.hand.extend(committed.unwrap().outbox);
    }

    /// Reports, some of them days late.
    async fn phones_report(&mut self) {
        let person = phone(self.dice(PEOPLE));
        if self.world.conversation(&person).await.is_none() {
            return;
        }
        let messages = self.world.messages(&person).await;
        let sent =
            messages.iter().filter(|m| m.direction == Direction::Out && m.status != MessageStatus::Queued);
        let statuses =
            [DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Read, DeliveryStatus::Failed];
        let reports: Vec<_> = sent
            .map(|message| StatusReport {
                channel: self.world.line.uuid,
                status: InboundStatus {
                    message: Some(message.uuid),
                    external_id: None,
                    status: statuses[self.dice(4) as usize],
                    reason: None,
                },
            })
            .collect();
        record_status(&self.world.ctx, &reports).await.unwrap();
    }

    async fn time_passes(&mut self) {
        let seconds = [1, 130, 4_000, 40_000][self.dice(4) as usize];
        self.world.host.forward(seconds);
        let fired = fire_timers(&self.world.ctx, 100).await.unwrap();
        self.hand.extend(fired.outbox);
        let room = |_, _| 100;
        self.hand.extend(claim_outbox(&self.world.ctx, 100, room).await.unwrap().claimed.items);
    }

    async fn a_job_goes_on(&mut self) {
        let ctx = &self.world.ctx;
        if self.dice(2) == 0 {
            let start = StartJob {
                flow: id(0x30_000).into(),
                recipients: Recipients { groups: vec![id(0x9007).into()], ..Recipients::default() },
                params: None,
                started_by: StartedBy::Person { user: None, origin: None },
                skip_in_a_flow: false,
                not_again: false,
            };
            let new = NewJob {
                workspace: self.world.workspace.id,
                spec: JobSpec::StartFlow(start),
                unique_key: Some("news".into()),
            };
            create_job(ctx, new).await.unwrap();
        }
        if let Some(job) = ctx.store.due_jobs(ctx.now(), 1).await.unwrap().pop() {
            self.hand.extend(run_job_slice(ctx, job).await.unwrap().outbox);
        }
    }

    async fn somebody_opts_out(&mut self) {
        let person = phone(self.dice(PEOPLE));
        let channel = self.world.line.uuid;
        let kind = InboundKind::Stop(format!("tel:{person}").parse().unwrap());
        if self.dice(2) == 0 {
            self.take(vec![InboundItem { channel, kind, stamp: None }]).await;
        } else if let Some(known) = self.world.conversation(&person).await {
            stop_contact(&self.world.ctx, self.world.workspace.id, known.contact.id, "asked to")
                .await
                .unwrap();
        }
    }

    async fn somebody_joins(&mut self) {
        if let Some(known) = self.world.conversation(&phone(self.dice(PEOPLE))).await {
            let (ctx, workspace) = (&self.world.ctx, self.world.workspace.id);
            let join = Change::JoinGroup(workspace, known.contact.id, self.group, ctx.now());
            ctx.store.write_one(Unit::new(vec![join])).await.unwrap();
        }
    }

    /// What was in hand is lost; the next run finds it in the store.
    async fn crash(mut self) -> Self {
        self.hand.clear();
        let world = self.world.crashed().await;
        recover(&world.ctx).await.unwrap();
        Self { world, ..self }
    }

    async fn step(mut self) -> Self {
        self.steps += 1;
        match self.dice(20) {
            0..8 => self.people_write().await,
            8..12 => self.carriers_answer().await,
            12..14 => self.phones_report().await,
            14..16 => self.time_passes().await,
            16 => self.a_job_goes_on().await,
            17 => self.somebody_opts_out().await,
            18 => self.somebody_joins().await,
            _ => return self.crash().await,
        }
        self
    }
}

async fn lives(world: World, steps: usize) {
    let mut life = Life::begin(world).await;
    while life.steps < steps {
        life = life.step().await;
        if life.steps.is_multiple_of(40) {
            life.world.assert_counts_true().await;
        }
    }
    let store = &life.world.ctx.store;
    let count = async |kind| {
        let rows = store.tallies(life.world.workspace.id, vec![kind], i32::MIN, i32::MAX).await.unwrap();
        rows.iter().map(|row| row.count.abs()).sum::<i64>()
    };
    for kind in [
        TallyKind::Message,
        TallyKind::NewContact,
        TallyKind::ActiveContact,
        TallyKind::Consent,
        TallyKind::Flow,
        TallyKind::Node,
        TallyKind::Answer,
        TallyKind::CarrierTime,
        TallyKind::DeliveryTime,
        TallyKind::ReplyTime,
        TallyKind::Job,
        TallyKind::JobItems,
        TallyKind::Effect,
    ] {
        assert!(count(kind).await > 0, "nothing was counted of {kind:?}");
    }
}

#[tokio::test]
async fn counts_follow_the_rows_on_sqlite() {
    lives(World::new().await, 400).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_follow_the_rows_on_postgresql() {
    lives(World::on(Cluster::shared().database()).await, 160).await;
}

#[tokio::test]
async fn a_funnel_shows_who_got_how_far_and_what_they_answered() {
    let world = World::with_registration().await;
    for (person, said) in [("1", vec!["hi"]), ("2", vec!["hi", "Ann"]), ("3", vec!["hi", "Eve", "x", "31"])] {
        for text in said {
            world.hears(&format!("+25470000000{person}"), text).await;
        }
    }
    world.host.forward(3_700);
    fire_timers(&world.ctx, 100).await.unwrap();
    let rows = async |kind| {
        let rows = world.ctx.store.tallies(world.workspace.id, vec![kind], i32::MIN, i32::MAX).await.unwrap();
        rows.iter().map(|row| format!("{} {}", row.name, row.count)).collect::<Vec<_>>()
    };
    assert_eq!(rows(TallyKind::Flow).await, ["completed 2", "expired 1", "started 3"]);
    assert_eq!(rows(TallyKind::Answer).await, ["age=No Response 1", "age=Valid 1", "name=Valid 2"]);
    let nodes = rows(TallyKind::Node).await;
    let entered = |node: u128| {
        let name = id(node).to_string();
        nodes.iter().find_map(|row| row.strip_prefix(&name)?.trim().parse::<i64>().ok()).unwrap_or_default()
    };
    let n = 0x101;
    let path = [n, n + 0x10, n + 0x20, n + 0x30, n + 0x40, n + 0x50, n + 0x60].map(entered);
    assert_eq!(path, [3, 3, 2, 3, 1, 1, 1], "{nodes:?}");
    world.assert_counts_true().await;
}
