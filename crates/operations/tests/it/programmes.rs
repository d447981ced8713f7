//! A pregnancy of forty weeks and a year of childhood under a clock that the test moves: each message once, on its day.

use std::collections::BTreeMap;

use domain::{ContactId, MessageId};
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use operations::{
    ContactEdit, OptOut, OptOutKind, ProgrammeError, Registration, StartAt, SubscribeTo, Switch, Whom,
    fire_timers, import_programme, opt_out, planned, register, resend_last, subscribe, switch,
};
use serde_json::Value;
use smol_str::SmolStr;
use store::{Direction, SubscriptionRow, SubscriptionStatus};
use test_postgres::Cluster;

use crate::world::World;

/// The programme of our own, in our own words.
const FIRST_YEAR: &str = include_str!("../../../../testdata/programme/first_year.json");
/// Where cases of others lie, if they are there.
const CASES: &str = "SEEDLING_CONFORMANCE";
const WELCOME: &str = "Welcome, @contact.first_name.";

fn zone() -> TimeZone {
    TimeZone::get("Africa/Nairobi").unwrap()
}

fn tel(number: &str) -> domain::Urn {
    format!("tel:{number}").parse().unwrap()
}

/// What somebody should have heard: the text and its moment.
type Heard = Vec<(String, Timestamp)>;

/// What the file says, read as plainly as it can be: without the product's rules.
struct Paper {
    file: Value,
}

impl Paper {
    fn stage(&self, name: &str) -> &Value {
        self.file["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == name).unwrap()
    }

    fn set(&self, stage: &str) -> String {
        self.stage(stage)["set"].as_str().unwrap().to_owned()
    }

    /// The stage that follows birth.
    fn child(&self) -> &'static str {
        if self.file["stages"][1]["name"] == "baby" { "baby" } else { "child" }
    }

    /// All moments of a stage's schedule on or after a day, in order.
    fn moments(&self, stage: &str, from: Date) -> impl Iterator<Item = Timestamp> {
        let schedule = self.stage(stage)["default_schedule"].as_str().unwrap();
        let fields: Vec<String> = schedule.split(' ').map(str::to_owned).collect();
        let (minute, hour): (i8, i8) = (fields[0].parse().unwrap(), fields[1].parse().unwrap());
        let days: Vec<i8> = fields[4].split(',').map(|day| day.parse().unwrap()).collect();
        let all = (0..).map(move |n| from.saturating_add(i64::from(n).days()));
        all.filter(move |day| days.contains(&day.weekday().to_sunday_zero_offset()))
            .map(move |day| day.at(hour, minute, 0, 0).to_zoned(zone()).unwrap().timestamp())
    }

    /// The messages of a stage with their moments, weeks counted from a day; those after a moment, as somebody hears
    /// them who has this name and language.
    fn heard(&self, stage: &str, anchor: Date, after: Timestamp, name: &str, language: &str) -> Heard {
        let (mut heard, mut last) = (Heard::new(), Timestamp::MIN);
        for message in self.stage(stage)["messages"].as_array().unwrap() {
            let week = message["week"].as_i64().unwrap();
            let first_day = anchor.saturating_add((7 * week).days());
            let at = self.moments(stage, first_day).find(|at| *at > last).unwrap();
            last = at;
            let text = message[language].as_str().unwrap_or_else(|| message["eng"].as_str().unwrap());
            let text = text.replace("{first_name}", name).replace("{clinic}", "Uhuru clinic");
            if at > after {
                heard.push((text, at));
            }
        }
        heard
    }
}

fn before(heard: Heard, moment: Timestamp) -> Heard {
    heard.into_iter().filter(|(_, at)| *at <= moment).collect()
}

/// The programme in a world, and what is expected of it.
struct Life {
    world: World,
    paper: Paper,
    expected: BTreeMap<&'static str, (ContactId, Heard)>,
}

impl Life {
    async fn of(world: World, text: &str) -> Self {
        use domain::FieldType;
        for (name, kind) in [
            ("Clinic", FieldType::Text),
            ("Due date", FieldType::Datetime),
            ("Date of birth", FieldType::Datetime),
        ] {
            operations::save_field(&world.ctx, world.workspace.id, None, name, kind).await.unwrap();
        }
        import_programme(&world.ctx, world.workspace.id, text).await.unwrap();
        Self { paper: Paper { file: serde_json::from_str(text).unwrap() }, world, expected: BTreeMap::new() }
    }

    fn now(&self) -> Timestamp {
        self.world.ctx.now()
    }

    fn today(&self) -> Date {
        self.now().to_zoned(zone()).date()
    }

    /// Lets time pass up to a moment, with everything that comes due on the way at its moment.
    async fn until(&self, moment: Timestamp) {
        loop {
            let next = self.world.ctx.store.next_timer_due().await.unwrap();
            let stop = next.filter(|due| *due <= moment).unwrap_or(moment);
            let wait = stop.duration_since(self.now());
            if wait > SignedDuration::ZERO {
                self.world.host.forward(wait.as_secs() + 1);
            }
            let fired = fire_timers(&self.world.ctx, 500).await.unwrap().value;
            assert_eq!((fired.left, fired.put_off), (0, 0));
            if next.is_none_or(|due| due > moment) {
                return;
            }
        }
    }

    /// Up to noon of a day so many days after another.
    async fn until_noon(&self, from: Date, days: i64) {
        let noon = from.saturating_add(days.days()).at(12, 0, 0, 0).to_zoned(zone()).unwrap();
        self.until(noon.timestamp()).await;
    }

    /// Registers somebody and expects their welcome; `about`: for whom they hear of it.
    async fn register(
        &mut self,
        who: &'static str,
        number: &str,
        due: Date,
        about: Option<ContactId>,
    ) -> ContactId {
        let fields = vec![
            ("clinic".into(), Some("Uhuru clinic".into())),
            ("due_date".into(), Some(SmolStr::from(due.to_string()))),
        ];
        let name = Some(format!("{who} Odhiambo").into());
        let to = SubscribeTo { about, ..SubscribeTo::placed(&self.paper.set("pregnancy"), Some(due)) };
        let registration = Registration {
            edit: ContactEdit { name, fields, ..ContactEdit::default() },
            opt_in: "clinic".into(),
            subscribe: vec![to],
            welcome: [("".into(), WELCOME.into())].into(),
            ..Registration::of(Whom::Urn(tel(number)))
        };
        let registered = register(&self.world.ctx, self.world.workspace.id, registration).await.unwrap();
        assert!(registered.value.made && registered.value.subscriptions.len() == 1);
        let id = self.world.conversation(number).await.unwrap().contact.id;
        let heard = vec![(format!("Welcome, {who}."), self.now())];
        self.expected.insert(who, (id, heard));
        id
    }

    fn id(&self, who: &str) -> ContactId {
        self.expected[who].0
    }

    fn expect(&mut self, who: &str, mut heard: Heard) {
        self.expected.get_mut(who).unwrap().1.append(&mut heard);
    }

    async fn happens(
        &self,
        who: &str,
        event: &str,
        day: Option<Date>,
        wanted: bool,
    ) -> Result<Vec<SubscriptionRow>, ProgrammeError> {
        let event = Switch::Event { event: event.into(), day, reason: None, wanted };
        switch(&self.world.ctx, self.world.workspace.id, self.id(who), event).await.map(|done| done.value)
    }

    async fn opts_out(&self, who: &str, kind: OptOutKind) {
        let out = OptOut { kind, reason: "not_useful".into() };
        opt_out(&self.world.ctx, self.world.workspace.id, self.id(who), out).await.unwrap();
    }

    async fn heard(&self, who: &str) -> Heard {
        let (store, id) = (&self.world.ctx.store, self.id(who));
        let messages =
            store.contact_messages(self.world.workspace.id, id, MessageId(0), 1_000).await.unwrap();
        assert!(messages.iter().all(|message| message.direction == Direction::Out));
        messages.iter().map(|message| (message.text.to_string(), message.created_on)).collect()
    }

    async fn subscriptions(&self, who: &str) -> Vec<SubscriptionRow> {
        let id = self.id(who);
        self.world.ctx.store.contact_subscriptions(self.world.workspace.id, id).await.unwrap()
    }

    /// Everybody heard what is expected of them: each message once, at its moment.
    async fn check(&self) {
        for (who, (_, expected)) in &self.expected {
            let heard = self.heard(who).await;
            let texts = |heard: &Heard| heard.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
            assert_eq!(texts(&heard), texts(expected), "{who}");
            for ((text, at), (_, moment)) in heard.iter().zip(expected) {
                let late = at.duration_since(*moment).as_secs();
                assert!((-5..30).contains(&late), "{who} heard {text:?} at {at}, not at {moment}");
            }
            for row in self.subscriptions(who).await {
                let gone = self.world.ctx.store.deliveries(row.workspace, row.id).await.unwrap();
                let sent = i64::try_from(gone.iter().filter(|gone| gone.message.is_some()).count()).unwrap();
                assert_eq!((row.sent, row.left_out), (sent, 0), "{who}");
            }
        }
        self.world.assert_counts_true().await;
    }
}

/// A whole pregnancy and a year of childhood, with what happens in lives.
async fn lives(world: World, text: &str) {
    let mut life = Life::of(world, text).await;
    let (start, child) = (life.today(), life.paper.child());
    // Everybody is in the fifth week on the first day, but for one who comes later.
    let conceived = start.saturating_sub((4 * 7).days());
    let due = conceived.saturating_add((40 * 7).days());
    let mut began = BTreeMap::new();
    for (who, number) in [
        ("Amina", "+254700000001"),
        ("Beatrice", "+254700000002"),
        ("Chiku", "+254700000003"),
        ("Dalila", "+254700000004"),
        ("Esther", "+254700000005"),
        ("Grace", "+254700000007"),
        ("Halima", "+254700000008"),
        ("Imani", "+254700000009"),
    ] {
        life.register(who, number, due, None).await;
        began.insert(who, life.now());
    }
    let amina = life.id("Amina");
    life.register("Juma", "+254700000010", due, Some(amina)).await;
    began.insert("Juma", life.now());
    let pregnancy = |life: &Life, who: &str, began: Timestamp, language: &str| {
        life.paper.heard("pregnancy", conceived, began, who, language)
    };

    // Week 15: another language.
    life.until_noon(conceived, 15 * 7 + 1).await;
    let spoke_on = life.now();
    switch(&life.world.ctx, life.world.workspace.id, life.id("Esther"), Switch::Language("swa".into()))
        .await
        .unwrap();
    life.expect("Esther", before(pregnancy(&life, "Esther", began["Esther"], "eng"), spoke_on));
    life.expect("Esther", pregnancy(&life, "Esther", spoke_on, "swa"));

    // Week 20: losses, one of whom wants to hear from us; nobody loses what they do not have.
    life.until_noon(conceived, 20 * 7 + 3).await;
    let lost_on = life.now();
    for who in ["Chiku", "Dalila"] {
        life.happens(who, "loss", None, who == "Chiku").await.unwrap();
        life.expect(who, before(pregnancy(&life, who, began[who], "eng"), lost_on));
        let again = life.happens(who, "birth", Some(life.today()), true).await;
        assert!(matches!(again, Err(ProgrammeError::NothingToSwitch(_))), "{again:?}");
    }
    let first = life.paper.moments("loss", life.today()).find(|at| *at > lost_on).unwrap();
    let support = life.paper.heard("loss", first.to_zoned(zone()).date(), lost_on, "Chiku", "eng");
    life.expect("Chiku", support);

    // Week 22: somebody comes late, and another has a new number.
    life.until_noon(conceived, 22 * 7 + 5).await;
    life.register("Fatuma", "+254700000006", due, None).await;
    let fatuma = pregnancy(&life, "Fatuma", life.now(), "eng");
    life.expect("Fatuma", fatuma);
    switch(&life.world.ctx, life.world.workspace.id, life.id("Imani"), Switch::Address(tel("+254711111111")))
        .await
        .unwrap();

    // Week 30: one has enough, one wants to be forgotten.
    life.until_noon(conceived, 30 * 7).await;
    let left_on = life.now();
    life.opts_out("Grace", OptOutKind::Stop).await;
    life.expect("Grace", before(pregnancy(&life, "Grace", began["Grace"], "eng"), left_on));
    life.opts_out("Halima", OptOutKind::Forget).await;
    let forgotten = life.expected.remove("Halima").unwrap();

    // Week 39: births. Whoever hears about a mother hears of her child from then on.
    life.until_noon(conceived, 39 * 7 + 2).await;
    let born = life.today();
    let reported = life.now();
    assert_eq!(life.happens("Amina", "birth", Some(born), true).await.unwrap().len(), 2);
    for who in ["Amina", "Juma"] {
        life.expect(who, before(pregnancy(&life, who, began[who], "eng"), reported));
        life.expect(who, life.paper.heard(child, born, reported, who, "eng"));
    }
    // Born before, and told of a day later than that.
    life.until_noon(conceived, 39 * 7 + 5).await;
    let told = life.now();
    life.happens("Fatuma", "birth", Some(born), true).await.unwrap();
    let (id, heard) = life.expected.remove("Fatuma").unwrap();
    life.expected.insert("Fatuma", (id, before(heard, told)));
    life.expect("Fatuma", life.paper.heard(child, born, told, "Fatuma", "eng"));

    // Nobody told us of a birth: the set that follows begins with its first message, and weeks count from that.
    for who in ["Beatrice", "Imani", "Esther"] {
        let language = if who == "Esther" { "swa" } else { "eng" };
        if who != "Esther" {
            life.expect(who, pregnancy(&life, who, began[who], "eng"));
        }
        let last = life.expected[who].1.last().unwrap().1;
        let first = life.paper.moments(child, last.to_zoned(zone()).date()).find(|at| *at > last).unwrap();
        life.expect(who, life.paper.heard(child, first.to_zoned(zone()).date(), last, who, language));
    }

    life.until_noon(conceived, (42 + 54) * 7).await;
    life.check().await;
    for who in ["Amina", "Beatrice", "Esther", "Fatuma", "Imani", "Juma"] {
        let rows = life.subscriptions(who).await;
        let last = rows.last().unwrap();
        assert_eq!((rows.len(), last.status), (2, SubscriptionStatus::Completed), "{who}");
    }
    let statuses = |rows: Vec<SubscriptionRow>| rows.iter().map(|row| row.status).collect::<Vec<_>>();
    use SubscriptionStatus::{Completed, Stopped, Switched};
    assert_eq!(statuses(life.subscriptions("Chiku").await), [Switched, Completed]);
    assert_eq!(statuses(life.subscriptions("Dalila").await), [Switched]);
    assert_eq!(statuses(life.subscriptions("Grace").await), [Stopped]);
    // What was said to who is forgotten is counted, and cannot be read.
    let (id, _) = forgotten;
    let store = &life.world.ctx.store;
    let said = store.contact_messages(life.world.workspace.id, id, MessageId(0), 100).await.unwrap();
    assert!(said.len() > 1 && said.iter().all(|message| message.text.is_empty()));
    assert_eq!(store.next_timer_due().await.unwrap(), None, "nothing is left to do");
    let imani = life.world.conversation("+254711111111").await.unwrap();
    assert_eq!((imani.contact.id, imani.urns.len()), (life.id("Imani"), 1), "the new number is used");
}

#[tokio::test]
async fn a_pregnancy_and_a_year_of_childhood() {
    lives(World::new().await, FIRST_YEAR).await;
    // The demonstration programme of others, where it is there.
    if let Some(cases) = std::env::var_os(CASES) {
        let path = std::path::Path::new(&cases).join("junebug/demo_programme.json");
        lives(World::new().await, &std::fs::read_to_string(path).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pregnancy_and_a_year_of_childhood_on_postgresql() {
    lives(World::on(Cluster::shared().database()).await, FIRST_YEAR).await;
}

/// Ten messages, three a week, and the same to listen to, twice a week.
fn plain(catch_up: &str) -> String {
    let messages: Vec<String> =
        (1..=10).map(|n| format!(r#"{{"seq": {n}, "eng": "Number {n}", "media": []}}"#)).collect();
    let stage = |name: &str, schedule: &str, more: &str| {
        format!(
            r#"{{"name": "{name}", "set": "plain.{name}", "default_schedule": "{schedule}", "catch_up": "{catch_up}",
                 "messages": [{}] {more}}}"#,
            messages.join(",")
        )
    };
    let placed =
        r#", "anchor": "due date minus 40 weeks", "placement": {"ranges": [{"from": 10, "since": 10}]}"#;
    let stages = [stage("text", "0 8 * * 1,3,5", placed), stage("audio", "0 8 * * 2,4", "")];
    format!(r#"{{"programme": "Plain", "languages": ["eng"], "stages": [{}]}}"#, stages.join(","))
}

async fn one_on(world: World, catch_up: &str) -> Life {
    let mut life = Life::of(world, &plain(catch_up)).await;
    life.world.hears("+254700000001", "hi").await;
    let id = life.world.conversation("+254700000001").await.unwrap().contact.id;
    life.expected.insert("Amina", (id, Heard::new()));
    life
}

async fn subscribes(life: &Life, start: StartAt) -> Result<SubscriptionRow, ProgrammeError> {
    let to = SubscribeTo { start, ..SubscribeTo::placed("plain.text", None) };
    let subscribed = subscribe(&life.world.ctx, life.world.workspace.id, life.id("Amina"), to).await;
    subscribed.map(|done| done.value)
}

async fn numbers(life: &Life) -> Vec<String> {
    let (store, id) = (&life.world.ctx.store, life.id("Amina"));
    let messages = store.contact_messages(life.world.workspace.id, id, MessageId(0), 100).await.unwrap();
    let said = messages.iter().filter(|message| message.direction == Direction::Out);
    said.map(|message| message.text.trim_start_matches("Number ").to_owned()).collect()
}

#[tokio::test]
async fn people_are_placed_by_their_week_and_asked_for_it() {
    let life = one_on(World::new().await, "once").await;
    let asked = subscribes(&life, StartAt::Placed { day: None }).await.unwrap_err();
    assert!(asked.to_string().contains("\"due_date\""), "{asked}");
    // In the thirteenth week: three times three.
    let due = life.today().saturating_add(((40 - 13) * 7).days());
    let row = subscribes(&life, StartAt::Placed { day: Some(due) }).await.unwrap();
    assert_eq!((row.initial, row.next), (9, 9));
    let again = subscribes(&life, StartAt::Message(1)).await.unwrap_err();
    assert!(matches!(again, ProgrammeError::Already(_)), "{again}");
    // Two thirds of nine.
    let medium = Switch::Medium { from: "plain.text".into(), to: "plain.audio".into() };
    let rows =
        switch(&life.world.ctx, life.world.workspace.id, life.id("Amina"), medium).await.unwrap().value;
    assert_eq!(rows[0].next, 6);
    // Friday noon: what comes up to Tuesday week.
    let (from, to) = (life.now(), life.now() + SignedDuration::from_hours(24 * 12));
    let (plan, more) = planned(&life.world.ctx, life.world.workspace.id, None, from, to, 100).await.unwrap();
    assert_eq!(plan.iter().map(|one| one.sequence).collect::<Vec<_>>(), [6, 7, 8]);
    assert!(!more);
    life.until(to).await;
    assert_eq!(numbers(&life).await, ["6", "7", "8"]);
    let resent = resend_last(&life.world.ctx, life.world.workspace.id, life.id("Amina")).await.unwrap();
    assert_eq!((resent.value, numbers(&life).await.len()), (8, 4));
    let row = life.subscriptions("Amina").await.pop().unwrap();
    assert_eq!(row.next, 9, "the position stays");
}

#[tokio::test]
async fn who_opts_out_elsewhere_gets_no_more_of_it() {
    let life = one_on(World::new().await, "once").await;
    let row = subscribes(&life, StartAt::Message(1)).await.unwrap();
    life.until_noon(life.today(), 4).await;
    operations::stop_contact(&life.world.ctx, row.workspace, row.contact, "STOP").await.unwrap();
    assert_eq!(life.world.ctx.store.next_timer_due().await.unwrap(), None);
    let row = life.subscriptions("Amina").await.remove(0);
    assert_eq!((row.status, row.reason.as_deref()), (SubscriptionStatus::Stopped, Some("STOP")));
    // Somebody who comes back by registration is asked and goes on.
    let registration = Registration {
        opt_in: "clinic".into(),
        subscribe: vec![SubscribeTo {
            start: StartAt::Message(row.next),
            ..SubscribeTo::placed("plain.text", None)
        }],
        ..Registration::of(Whom::Known(row.contact))
    };
    register(&life.world.ctx, row.workspace, registration).await.unwrap();
    life.until_noon(life.today(), 2).await;
    assert_eq!(numbers(&life).await, ["1", "2"]);
}

/// A registration of which one part is not possible leaves nothing behind.
#[tokio::test]
async fn a_registration_is_there_whole_or_not_at_all() {
    let life = one_on(World::new().await, "once").await;
    let registration = |second: &str| Registration {
        edit: ContactEdit { name: Some("Zuri".into()), ..ContactEdit::default() },
        opt_in: "clinic".into(),
        subscribe: vec![
            SubscribeTo { start: StartAt::Message(1), ..SubscribeTo::placed("plain.text", None) },
            SubscribeTo::placed(second, None),
        ],
        welcome: [("".into(), WELCOME.into())].into(),
        ..Registration::of(Whom::Urn(tel("+254700000099")))
    };
    let (ctx, workspace) = (&life.world.ctx, life.world.workspace.id);
    let refused = register(ctx, workspace, registration("plain.video")).await.unwrap_err();
    assert!(
        matches!(&refused, ProgrammeError::At { place, .. } if place[..] == ["subscriptions", "1"]),
        "{refused}"
    );
    assert!(life.world.conversation("+254700000099").await.is_none());
    assert_eq!(ctx.store.next_timer_due().await.unwrap(), None);
    let done = register(ctx, workspace, registration("plain.audio")).await.unwrap();
    assert_eq!(
        (done.value.subscriptions.len(), crate::world::texts(&done.outbox)),
        (2, vec!["Welcome, Zuri.".to_owned()])
    );
    // The same again, as by somebody who was not answered.
    let again = register(ctx, workspace, registration("plain.audio")).await.unwrap_err();
    assert!(matches!(again, ProgrammeError::At { .. }) && again.to_string().contains("already"), "{again}");
}

/// The node is down from the third message's moment until after the fifth's.
async fn after_an_outage(catch_up: &str) -> Vec<String> {
    let life = one_on(World::new().await, catch_up).await;
    subscribes(&life, StartAt::Message(1)).await.unwrap();
    let friday = life.today();
    life.until_noon(friday, 5).await;
    let days = 24 * 3600;
    // Wednesday noon to Tuesday noon, so that the messages of Friday and Monday are missed.
    life.world.host.forward(6 * days);
    life.until_noon(friday, 12).await;
    numbers(&life).await
}

#[tokio::test]
async fn what_was_missed_is_caught_up_with_as_the_set_says() {
    // 15 January 2027 is a Friday; 1 goes on Monday, 2 on Wednesday, 3 and 4 are missed, 5 goes on Wednesday.
    assert_eq!(after_an_outage("skip").await, ["1", "2", "5"]);
    assert_eq!(after_an_outage("once").await, ["1", "2", "4", "5"]);
    assert_eq!(after_an_outage("each").await, ["1", "2", "3", "4", "5"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clocks_send_each_message_once() {
    for world in [World::new().await, World::on(Cluster::shared().database()).await] {
        let life = one_on(world, "once").await;
        subscribes(&life, StartAt::Message(1)).await.unwrap();
        let other = life.world.command();
        while let Some(due) = life.world.ctx.store.next_timer_due().await.unwrap() {
            life.world.host.forward(due.duration_since(life.now()).as_secs() + 1);
            let (one, two) = tokio::join!(fire_timers(&life.world.ctx, 10), fire_timers(&other, 10));
            let (one, two) = (one.unwrap().value, two.unwrap().value);
            assert_eq!((one.left, two.left, one.put_off, two.put_off), (0, 0, 0, 0));
        }
        let expected: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
        assert_eq!(numbers(&life).await, expected);
    }
}
