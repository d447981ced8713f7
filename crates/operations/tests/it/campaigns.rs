//! Points of campaigns come for each member on their day, whatever changes before it.

use std::collections::BTreeMap;

use domain::{CampaignUuid, FieldType, FlowId, GroupUuid};
use jiff::Timestamp;
use operations::{
    ContactEdit, Point, PointDoes, PointNamed, Whom, fire_timers, save_campaign, save_campaign_event,
    save_contact, save_field, save_group, stop_contact, work_off,
};
use store::{JobKind, JobStatus};
use test_postgres::Cluster;

use crate::{
    flow_files::{greeting, registration},
    world::{World, texts},
};

/// A group, the date that its campaign counts from, and the campaign.
struct Programme {
    world: World,
    mothers: GroupUuid,
    campaign: CampaignUuid,
    flow: FlowId,
}

impl Programme {
    async fn begin(world: World) -> Self {
        let (ctx, workspace) = (&world.ctx, world.workspace.id);
        save_field(ctx, workspace, None, "Due date", FieldType::Datetime).await.unwrap();
        let mothers = save_group(ctx, workspace, None, Some("Mothers"), None).await.unwrap().row.uuid;
        let campaign = save_campaign(ctx, workspace, None, "Before birth", mothers).await.unwrap().row.uuid;
        let flow = world.add_flow(&registration(1, "How do you feel?")).await;
        Self { world, mothers, campaign, flow }
    }

    async fn point(&self, offset: i64, unit: &str, hour: i64, does: PointDoes) {
        let point = Point {
            relative_to: "due_date".into(),
            offset,
            unit: unit.into(),
            delivery_hour: hour,
            mode: None,
            does,
        };
        let which = PointNamed::New(self.campaign);
        save_campaign_event(&self.world.ctx, self.world.workspace.id, which, &point).await.unwrap();
    }

    /// Whoever has this number gets this date, and is in the group or not.
    async fn person(&self, phone: &str, due_date: Option<&str>, member: bool) {
        let edit = ContactEdit {
            name: Some("Amina".into()),
            groups: Some(if member { vec![self.mothers] } else { Vec::new() }),
            fields: vec![("due_date".into(), due_date.map(Into::into))],
            ..ContactEdit::default()
        };
        let whom = Whom::Urn(domain::Urn::new("tel", phone));
        save_contact(&self.world.ctx, self.world.workspace.id, whom, edit).await.unwrap();
    }

    /// Moves the clock to a moment and fires what is due until nothing is: what was said.
    async fn at(&self, moment: &str) -> Vec<String> {
        let moment: Timestamp = moment.parse().unwrap();
        let wait = moment.duration_since(self.world.ctx.now());
        assert!(wait.is_positive(), "time does not go back to {moment}");
        self.world.host.forward(wait.as_secs() + 1);
        let committed = fire_timers(&self.world.ctx, 100).await.unwrap();
        texts(&committed.outbox)
    }

    async fn plan(&self) {
        let store = &self.world.ctx.store;
        for job in store.jobs(self.world.workspace.id, 100).await.unwrap() {
            if job.kind == JobKind::PlanCampaign && job.ended_on.is_none() {
                let done = work_off(&self.world.ctx, self.world.workspace.id, job.id, |_| {}).await.unwrap();
                assert_eq!(done.status, JobStatus::Done);
            }
        }
    }

    async fn due(&self) -> Option<String> {
        self.world.ctx.store.next_timer_due().await.unwrap().map(|due| due.to_string())
    }
}

fn says(texts: &[(&str, &str)]) -> PointDoes {
    let texts: BTreeMap<_, _> =
        texts.iter().map(|(language, text)| ((*language).into(), (*text).to_owned())).collect();
    PointDoes::Says { texts, base_language: "eng".into() }
}

const ONE: &str = "+254700000001";

/// The clock stands at 2027-01-15T08:00Z, 11:00 in Nairobi.
async fn points_come_as_dates_say(world: World) {
    let programme = Programme::begin(world).await;
    let soon = says(&[("eng", "@contact.first_name, pack your bag."), ("swa", "Funga mfuko.")]);
    programme.point(-7, "D", 9, soon).await;
    programme.point(1, "W", -1, says(&[("eng", "How is the baby?")])).await;
    programme.person(ONE, Some("01-03-2027 10:30"), true).await;
    assert_eq!(programme.due().await.as_deref(), Some("2027-02-22T06:00:00Z"));
    assert_eq!(programme.at("2027-02-22T05:59:00Z").await, [""; 0]);
    // A week later, and then back.
    programme.person(ONE, Some("08-03-2027 10:30"), true).await;
    assert_eq!(programme.at("2027-02-22T06:00:10Z").await, [""; 0], "the date moved away");
    assert_eq!(programme.due().await.as_deref(), Some("2027-03-01T06:00:00Z"));
    assert_eq!(programme.at("2027-03-01T06:00:00Z").await, ["Amina, pack your bag."]);
    assert_eq!(programme.due().await.as_deref(), Some("2027-03-15T07:30:00Z"));
    programme.person(ONE, Some("08-03-2027 10:30"), false).await;
    assert_eq!(programme.due().await, None, "who leaves the group hears nothing more");
    programme.person(ONE, Some("08-03-2027 10:30"), true).await;
    programme.person("+254700000002", None, true).await;
    assert_eq!(programme.at("2027-03-15T07:30:00Z").await, ["How is the baby?"], "nobody without the date");
    assert_eq!(programme.due().await, None);
    programme.world.assert_counts_true().await;
}

async fn a_campaign_that_changes_is_planned_for_all(world: World) {
    let programme = Programme::begin(world).await;
    for number in 0..7 {
        programme.person(&format!("+25470000010{number}"), Some("01-03-2027 10:30"), number != 3).await;
    }
    assert_eq!(programme.due().await, None);
    programme.point(0, "H", -1, says(&[("eng", "Today!")])).await;
    programme.plan().await;
    assert_eq!(programme.due().await.as_deref(), Some("2027-03-01T07:30:00Z"));
    programme.person("+254700000105", Some("01-03-2027 10:30"), false).await;
    let stopped = programme.world.conversation("+254700000106").await.unwrap().contact;
    stop_contact(&programme.world.ctx, stopped.workspace, stopped.id, "wants no more").await.unwrap();
    assert_eq!(programme.at("2027-03-01T07:30:00Z").await, ["Today!"; 4]);
    assert_eq!(programme.due().await, None);
}

async fn a_flow_starts_and_a_conversation_ends_for_it(world: World) {
    let programme = Programme::begin(world).await;
    let greeting = programme.world.add_flow(&greeting(2, "Greeting", "Good to hear from you.")).await;
    programme.world.add_trigger(programme.world.trigger("C", greeting)).await;
    let flow = programme.world.ctx.store.definitions(programme.world.workspace.id).await.unwrap().unwrap();
    let flow = flow.flows.iter().find(|row| row.id == programme.flow).unwrap().uuid;
    programme.point(0, "M", -1, PointDoes::Starts(flow)).await;
    programme.person(ONE, Some("01-03-2027 10:30"), true).await;
    assert_eq!(programme.at("2027-03-01T07:30:00Z").await, ["How do you feel?"]);
    let person = programme.world.conversation(ONE).await.unwrap();
    assert_eq!(person.contact.flow, Some(programme.flow));
    let events = programme.world.ctx.store.contact_events(person.contact.workspace, person.contact.id, 100);
    assert!(events.await.unwrap().iter().any(|(kind, _)| kind == "campaign_fired"));
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() { super::$name(crate::world::World::new().await).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::world::World::on(super::Cluster::shared().database()).await).await; })+
        }
    };
}
on_both!(
    points_come_as_dates_say,
    a_campaign_that_changes_is_planned_for_all,
    a_flow_starts_and_a_conversation_ends_for_it,
);
