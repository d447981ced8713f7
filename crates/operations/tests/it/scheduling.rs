//! Work that begins at moments set beforehand, each moment once.

use domain::Cron;
use jiff::Timestamp;
use operations::{
    Broadcast, BroadcastError, Moments, NewSchedule, Recipients, Said, ScheduleError, add_schedule,
    broadcast, broadcast_spec, find_schedule, fire_schedules, pause_schedule, preview_broadcast,
    remove_schedule, set_job_status, work_off,
};
use store::{CatchUp, JobStatus, ScheduleRow};

use crate::{flow_files::id, jobs::crowd, world::World};

fn to_group() -> Recipients {
    Recipients { groups: vec![id(0x9001).into()], ..Recipients::default() }
}

async fn world_with_people() -> World {
    let world = World::new().await;
    let people: Vec<String> = (0..3).map(|number| format!("+25470000000{number}")).collect();
    crowd(&world, 1, &people).await;
    world
}

async fn every_hour(
    world: &World,
    name: &str,
    catch_up: CatchUp,
    limit: i64,
) -> Result<ScheduleRow, ScheduleError> {
    let said = Said::Text("Drink clean water.".to_owned());
    let spec = broadcast_spec(&world.ctx, world.workspace.id, said, to_group()).await.unwrap();
    let new = NewSchedule {
        workspace: world.workspace.id,
        name: name.into(),
        moments: Moments::Cron("0 * * * *".parse::<Cron>().unwrap()),
        zone: None,
        catch_up,
        catch_up_limit: limit,
        spec,
    };
    add_schedule(&world.ctx, new).await
}

/// Jobs that there are, with the moment for which each was begun.
async fn moments(world: &World) -> Vec<Timestamp> {
    let jobs = world.ctx.store.jobs(world.workspace.id, 1_000).await.unwrap();
    let mut moments: Vec<Timestamp> = jobs.iter().filter_map(|job| Some(job.scheduled_for?.due)).collect();
    moments.sort();
    moments
}

#[tokio::test]
async fn each_moment_begins_one_job_whoever_looks() {
    let world = world_with_people().await;
    let schedule = every_hour(&world, "Water", CatchUp::Once, 1).await.unwrap();
    let due = schedule.next_due.unwrap();
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().due, 0, "not yet");
    let wait = due.duration_since(world.ctx.now()).as_secs() + 1;
    world.host.forward(wait);
    // Two clocks that take each other for dead, at the same moment.
    let other = world.command();
    let (one, two) = tokio::join!(fire_schedules(&world.ctx, 10), fire_schedules(&other, 10));
    assert_eq!(one.unwrap().jobs + two.unwrap().jobs, 1);
    assert_eq!(moments(&world).await, [due]);
    let job = world.ctx.store.jobs(world.workspace.id, 1).await.unwrap().pop().unwrap();
    let job = work_off(&world.ctx, world.workspace.id, job.id, |_| {}).await.unwrap();
    assert_eq!((job.status, job.done), (JobStatus::Done, 3));
    assert_eq!(world.transcript("+254700000001").await, ["in handled hi", "out queued Drink clean water."]);
    for hours in 1..=5 {
        world.host.forward(3_600);
        fire_schedules(&world.ctx, 10).await.unwrap();
        assert_eq!(moments(&world).await.len(), 1 + hours);
    }
    let kept = find_schedule(&world.ctx, world.workspace.id, "WATER").await.unwrap();
    assert_eq!((kept.fired, kept.skipped, kept.last_due), (6, 0, moments(&world).await.pop()));
    remove_schedule(&world.ctx, world.workspace.id, kept.uuid).await.unwrap();
    world.host.forward(7_200);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().due, 0);
    assert!(matches!(
        remove_schedule(&world.ctx, world.workspace.id, kept.uuid).await,
        Err(ScheduleError::NoSchedule)
    ));
}

#[tokio::test]
async fn a_moment_is_not_passed_over_when_the_clock_is_put_back_as_it_comes() {
    let world = world_with_people().await;
    let schedule = every_hour(&world, "Water", CatchUp::Once, 1).await.unwrap();
    let due = schedule.next_due.unwrap();
    world.host.forward(due.duration_since(world.ctx.now()).as_secs() + 1);
    let put_back = world.put_back_after("due_schedules", 60);
    assert_eq!(fire_schedules(&put_back, 10).await.unwrap().jobs, 0);
    let kept = find_schedule(&world.ctx, world.workspace.id, "Water").await.unwrap();
    assert_eq!((kept.next_due, kept.fired), (Some(due), 0));
    world.host.forward(60);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().jobs, 1);
    assert_eq!(moments(&world).await, [due]);
}

#[tokio::test]
async fn moments_at_which_nobody_was_there_are_caught_up_with_as_each_schedule_says() {
    let world = world_with_people().await;
    for (name, catch_up, limit) in [
        ("skips", CatchUp::Skip, 1),
        ("once", CatchUp::Once, 1),
        ("each", CatchUp::Each, 3),
        ("rests", CatchUp::Each, 9),
    ] {
        every_hour(&world, name, catch_up, limit).await.unwrap();
    }
    let find = |name: &'static str| find_schedule(&world.ctx, world.workspace.id, name);
    let rests = find("rests").await.unwrap();
    pause_schedule(&world.ctx, world.workspace.id, rests.uuid, true).await.unwrap();
    // Nobody was there for some five hours, to half past.
    let wait = rests.next_due.unwrap().duration_since(world.ctx.now()).as_secs();
    world.host.forward(wait + 4 * 3_600 + 1_800);
    let world = world.restarted();
    let find = |name: &'static str| find_schedule(&world.ctx, world.workspace.id, name);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().jobs, 4);
    for (name, fired, skipped) in [("skips", 0, 5), ("once", 1, 4), ("each", 3, 2), ("rests", 0, 0)] {
        let row = find(name).await.unwrap();
        assert_eq!((row.fired, row.skipped), (fired, skipped), "{name}");
        assert!(name == "rests" || row.next_due.unwrap() > world.ctx.now(), "{name}");
    }
    pause_schedule(&world.ctx, world.workspace.id, rests.uuid, false).await.unwrap();
    fire_schedules(&world.ctx, 10).await.unwrap();
    assert_eq!(
        find("rests").await.unwrap().fired,
        5,
        "what came while it rested was missed, and it catches up"
    );
}

#[tokio::test]
async fn what_comes_once_comes_once_and_nothing_wrong_is_taken() {
    let world = world_with_people().await;
    let (workspace, now) = (world.workspace.id, world.ctx.now());
    let spec =
        broadcast_spec(&world.ctx, workspace, Said::Text("Once.".to_owned()), to_group()).await.unwrap();
    let at = |seconds: i64| Moments::Once(now + jiff::SignedDuration::from_secs(seconds));
    let new = |name: &str, moments, zone: Option<&str>, catch_up_limit| NewSchedule {
        workspace,
        name: name.into(),
        moments,
        zone: zone.map(Into::into),
        catch_up: CatchUp::Skip,
        catch_up_limit,
        spec: spec.clone(),
    };
    add_schedule(&world.ctx, new("Survey", at(100), None, 1)).await.unwrap();
    for (wrong, expected) in [
        (new("survey", at(100), None, 1), "there is a schedule with this name"),
        (new("", at(100), None, 1), "has a name"),
        (new("Past", at(-100), None, 1), "is over"),
        (new("Zone", at(100), Some("Mars/Olympus"), 1), "is no time zone"),
        (new("Limit", at(100), None, 0), "1 to 100 moments"),
        (new("Limit", at(100), None, 101), "1 to 100 moments"),
    ] {
        let error = add_schedule(&world.ctx, wrong).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    world.host.forward(101);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().jobs, 1);
    let row = find_schedule(&world.ctx, workspace, "Survey").await.unwrap();
    assert_eq!((row.fired, row.next_due), (1, None));
    world.host.forward(100_000);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().due, 0);
    // One that no program of ours wrote rests with the reason instead of being due for ever.
    every_hour(&world, "Broken", CatchUp::Once, 1).await.unwrap();
    world.damage("UPDATE schedule SET cron = 'nonsense' WHERE name = 'Broken'");
    world.host.forward(3_601);
    assert_eq!(fire_schedules(&world.ctx, 10).await.unwrap().jobs, 0);
    let row = find_schedule(&world.ctx, workspace, "Broken").await.unwrap();
    assert!(row.paused && row.error.unwrap().contains("five fields"));
}

#[tokio::test]
async fn a_broadcast_says_beforehand_how_many_it_is_for_and_what_is_wrong() {
    let world = world_with_people().await;
    let workspace = world.workspace.id;
    let asked =
        |said: Said, to: Recipients| Broadcast { workspace, said, to, unique_key: Some("news".into()) };
    let text = |text: &str| Said::Text(text.to_owned());
    let query = |query: &str| Recipients { query: query.into(), ..Recipients::default() };
    for (wrong, expected) in [
        (asked(text("  "), to_group()), "nothing to say"),
        (asked(text(&"a".repeat(5_000)), to_group()), "more than 4096 characters"),
        (asked(text("Hi"), Recipients::default()), "say to whom"),
        (asked(text("Hi"), query("beans > 3")), "beans"),
        (asked(text("Hi"), Recipients { groups: vec![id(1).into()], ..Recipients::default() }), "no group"),
        (
            asked(text("Hi"), Recipients { contacts: vec![id(1).into()], ..Recipients::default() }),
            "no contact",
        ),
        (asked(Said::Flow { flow: id(1).into(), skip_in_a_flow: false }, to_group()), "no flow"),
    ] {
        let error = broadcast(&world.ctx, wrong).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    for (to, expected) in [
        (to_group(), 3),
        (query("tel = \"+254700000001\""), 1),
        (Recipients { query: "tel = \"+254700000001\"".into(), ..to_group() }, 3),
    ] {
        assert_eq!(preview_broadcast(&world.ctx, workspace, &to).await.unwrap(), expected, "{to:?}");
    }
    let job = broadcast(&world.ctx, asked(text("Hi"), to_group())).await.unwrap();
    let again = broadcast(&world.ctx, asked(text("Hi"), to_group())).await;
    assert!(matches!(again, Err(BroadcastError::GoesOn(uuid)) if uuid == job.uuid), "{again:?}");
    set_job_status(&world.ctx, workspace, job.id, JobStatus::Cancelled).await.unwrap();
    broadcast(&world.ctx, asked(text("Hi"), to_group())).await.unwrap();
    assert_eq!(world.transcript("+254700000001").await, ["in handled hi"], "what was cancelled said nothing");
}
