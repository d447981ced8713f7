//! A workspace gets another zone: what is set by the clock on the wall moves with it, and nothing comes at its old moment.

use std::collections::BTreeMap;

use domain::{Cron, FieldType};
use jiff::Timestamp;
use operations::{
    ChangeWorkspaceError, ContactEdit, Moments, NewSchedule, Point, PointDoes, PointNamed, Recipients, Said,
    SubscribeTo, Whom, WorkspaceEdit, add_schedule, broadcast_spec, change_workspace, find_schedule,
    fire_schedules, fire_timers, import_programme, save_campaign, save_campaign_event, save_contact,
    save_field, save_group, subscribe, work_off,
};
use serde_json::json;
use store::{CatchUp, JobStatus};
use test_postgres::Cluster;

use crate::world::{World, texts};

const AMINA: &str = "+254700000001";

struct Clock {
    world: World,
}

impl Clock {
    async fn move_to(&self, moment: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        let wait = moment.duration_since(self.world.ctx.now());
        assert!(wait.is_positive(), "time does not go back to {moment}");
        self.world.host.forward(wait.as_secs() + 1);
    }

    /// What timers say at a moment.
    async fn said_at(&self, moment: &str) -> Vec<String> {
        self.move_to(moment).await;
        texts(&fire_timers(&self.world.ctx, 100).await.unwrap().outbox)
    }

    /// How many jobs schedules begin at a moment.
    async fn begun_at(&self, moment: &str) -> usize {
        self.move_to(moment).await;
        fire_schedules(&self.world.ctx, 100).await.unwrap().jobs
    }

    async fn zone(&self, name: &str) {
        let edit = WorkspaceEdit { timezone: Some(name.into()), ..WorkspaceEdit::default() };
        change_workspace(&self.world.ctx, self.world.workspace.id, &edit).await.unwrap();
    }

    /// Works all jobs off.
    async fn work(&self) {
        let workspace = self.world.workspace.id;
        for job in self.world.ctx.store.jobs(workspace, 100).await.unwrap() {
            if job.ended_on.is_none() {
                let done = work_off(&self.world.ctx, workspace, job.id, |_| {}).await.unwrap();
                assert_eq!(done.status, JobStatus::Done, "{done:?}");
            }
        }
    }

    async fn next_of_subscription(&self) -> Option<String> {
        let contact = self.world.conversation(AMINA).await.unwrap().contact.id;
        let rows =
            self.world.ctx.store.contact_subscriptions(self.world.workspace.id, contact).await.unwrap();
        rows[0].next_due.map(|due| due.to_string())
    }

    async fn next_of_schedule(&self, name: &str) -> Option<String> {
        let row = find_schedule(&self.world.ctx, self.world.workspace.id, name).await.unwrap();
        row.next_due.map(|due| due.to_string())
    }

    async fn schedule(&self, name: &str, zone: Option<&str>) {
        let (ctx, workspace) = (&self.world.ctx, self.world.workspace.id);
        let to = Recipients { urns: vec![domain::Urn::new("tel", AMINA)], ..Recipients::default() };
        let spec = broadcast_spec(ctx, workspace, Said::Text("Drink water.".to_owned()), to).await.unwrap();
        let moments = Moments::Cron("0 8 * * *".parse::<Cron>().unwrap());
        let (name, zone, catch_up) = (name.into(), zone.map(Into::into), CatchUp::Skip);
        let new = NewSchedule { workspace, name, moments, zone, catch_up, catch_up_limit: 1, spec };
        add_schedule(ctx, new).await.unwrap();
    }
}

/// The clock stands at 2027-01-15T08:00Z, a Friday, 11:00 in Nairobi.
async fn begun(world: World) -> Clock {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    save_field(ctx, workspace, None, "Due date", FieldType::Datetime).await.unwrap();
    let mothers = save_group(ctx, workspace, None, Some("Mothers"), None).await.unwrap().row.uuid;
    let campaign = save_campaign(ctx, workspace, None, "Before birth", mothers).await.unwrap().row.uuid;
    let says: BTreeMap<_, _> = [("eng".into(), "Pack your bag.".to_owned())].into();
    let point = Point {
        relative_to: "due_date".into(),
        offset: -7,
        unit: "D".into(),
        delivery_hour: 9,
        mode: None,
        does: PointDoes::Says { texts: says, base_language: "eng".into() },
    };
    save_campaign_event(ctx, workspace, PointNamed::New(campaign), &point).await.unwrap();
    let edit = ContactEdit {
        groups: Some(vec![mothers]),
        fields: vec![("due_date".into(), Some("01-03-2027 10:30".into()))],
        ..ContactEdit::default()
    };
    let whom = Whom::Urn(domain::Urn::new("tel", AMINA));
    save_contact(ctx, workspace, whom, edit).await.unwrap();
    let messages: Vec<_> = (1..=3).map(|n| json!({"seq": n, "eng": format!("Tip {n}")})).collect();
    let programme = json!({"programme": "Tips", "languages": ["eng"], "stages": [
        {"name": "tips", "set": "tips.weekly", "default_schedule": "0 8 * * 1", "messages": messages}]});
    import_programme(ctx, workspace, &programme.to_string()).await.unwrap();
    let contact = world.conversation(AMINA).await.unwrap().contact.id;
    subscribe(ctx, workspace, contact, SubscribeTo::placed("tips.weekly", None)).await.unwrap();
    let clock = Clock { world };
    clock.schedule("Water", None).await;
    clock.schedule("Nairobi water", Some("Africa/Nairobi")).await;
    clock.work().await;
    clock
}

async fn nothing_comes_at_its_old_moment(world: World) {
    let clock = begun(world).await;
    assert_eq!(clock.next_of_subscription().await.as_deref(), Some("2027-01-18T05:00:00Z"));
    assert_eq!(clock.next_of_schedule("Water").await.as_deref(), Some("2027-01-16T05:00:00Z"));
    // Two hours west. No job has been worked off when the old moments come.
    clock.zone("Africa/Lagos").await;
    assert_eq!(clock.next_of_schedule("Water").await.as_deref(), Some("2027-01-16T07:00:00Z"));
    assert_eq!(clock.next_of_schedule("Nairobi water").await.as_deref(), Some("2027-01-16T05:00:00Z"));
    assert_eq!(clock.begun_at("2027-01-16T05:00:10Z").await, 1, "the one with a zone of its own");
    assert_eq!(clock.begun_at("2027-01-16T07:00:10Z").await, 1);
    assert_eq!(clock.said_at("2027-01-18T05:00:10Z").await, [""; 0]);
    assert_eq!(clock.next_of_subscription().await.as_deref(), Some("2027-01-18T07:00:00Z"));
    assert_eq!(clock.said_at("2027-01-18T07:00:10Z").await, ["Tip 1"]);
    // And back: the job moves what comes earlier then.
    clock.zone("Africa/Nairobi").await;
    clock.work().await;
    assert_eq!(clock.next_of_subscription().await.as_deref(), Some("2027-01-25T05:00:00Z"));
    assert_eq!(clock.said_at("2027-01-25T05:00:10Z").await, ["Tip 2"]);
    clock.zone("Africa/Lagos").await;
    clock.work().await;
    assert_eq!(clock.said_at("2027-02-01T05:00:10Z").await, [""; 0]);
    assert_eq!(clock.said_at("2027-02-01T07:00:10Z").await, ["Tip 3"]);
    assert_eq!(clock.said_at("2027-02-22T06:00:10Z").await, [""; 0], "a campaign's point");
    assert_eq!(clock.said_at("2027-02-22T08:00:10Z").await, ["Pack your bag."]);
    // Days that were counted by an earlier zone stay what they were.
    clock.world.assert_counts_true().await;
}

async fn settings_are_checked(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let edit = WorkspaceEdit {
        name: Some(" Mothers of Kampala ".into()),
        country: Some(None),
        languages: Some(vec!["lug".into(), "eng".into()]),
        date_format: Some("YYYY-MM-DD".into()),
        time_format: Some("h:mm aa".into()),
        input_collation: Some("confusables".into()),
        ..WorkspaceEdit::default()
    };
    let row = change_workspace(ctx, workspace, &edit).await.unwrap();
    assert_eq!((row.name.as_str(), row.country.as_deref()), ("Mothers of Kampala", None));
    let stored = ctx.store.definitions(workspace).await.unwrap().unwrap().workspace;
    assert_eq!((stored.languages, stored.timezone), (row.languages, "Africa/Nairobi".into()));
    let version = stored.definitions_version;
    change_workspace(ctx, workspace, &edit).await.unwrap();
    let same = ctx.store.definitions(workspace).await.unwrap().unwrap().workspace.definitions_version;
    assert_eq!(same, version, "nothing changed");
    let some = |text: &str| Some(text.into());
    let none = WorkspaceEdit::default;
    for (edit, said) in [
        (WorkspaceEdit { name: some(" "), ..none() }, "a workspace needs a name"),
        (WorkspaceEdit { timezone: some("Mars/Olympus"), ..none() }, "'Mars/Olympus' is not a time zone"),
        (WorkspaceEdit { country: Some(some("ug")), ..none() }, "'ug' is not a country code"),
        (WorkspaceEdit { languages: Some(vec![]), ..none() }, "1 to 50 languages"),
        (WorkspaceEdit { languages: Some(vec!["eng".into(), "eng".into()]), ..none() }, "each once"),
        (WorkspaceEdit { languages: Some(vec!["en".into()]), ..none() }, "'en' is not a language code"),
        (WorkspaceEdit { date_format: some("DMY"), ..none() }, "'DMY' is not a date format"),
        (WorkspaceEdit { time_format: some("noon"), ..none() }, "'noon' is not a time format"),
        (WorkspaceEdit { input_collation: some("all"), ..none() }, "'all' is not a way to compare"),
    ] {
        let error: ChangeWorkspaceError = change_workspace(ctx, workspace, &edit).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() { super::$name(crate::world::World::new().await).await; })+
        }
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on(super::Cluster::shared().database()).await).await;
            })+
        }
    };
}

on_both!(nothing_comes_at_its_old_moment, settings_are_checked);
