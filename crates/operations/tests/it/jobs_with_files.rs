//! Jobs that take files and make files, and groups that are filled.

use operations::{
    ContactFileError, JobError, JobSpec, NewJob, SheetFormat, create_job, export_contacts,
    export_definitions_later, import_contacts, import_definitions_later, import_export, read_job_file,
    run_job_slice, set_job_status, work_off,
};
use serde_json::{Value, json};
use store::{DefinitionChange, FieldRow, JobRow, JobStatus, StoreError};

use crate::{flow_files::id, jobs::crowd, world::World};

fn phone(number: usize) -> String {
    format!("+2547000{number:05}")
}

async fn to_the_end(world: &World, job: &JobRow) -> JobRow {
    work_off(&world.ctx, world.workspace.id, job.id, |_| {}).await.unwrap()
}

async fn file_of(world: &World, job: &JobRow) -> String {
    let mut bytes = Vec::new();
    let take = |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok::<_, StoreError>(())
    };
    assert!(read_job_file(&world.ctx, world.workspace.id, job.id, take).await.unwrap());
    String::from_utf8(bytes).unwrap()
}

async fn export(world: &World, query: &str) -> Result<JobRow, JobError> {
    export_contacts(&world.ctx, world.workspace.id, query, SheetFormat::Csv, None).await
}

async fn with_fields() -> World {
    let world = World::new().await;
    for (number, key, name) in [(1_u8, "age", "Age"), (2, "note", "Note")] {
        let field = FieldRow {
            id: domain::FieldId(number.into()),
            uuid: id(0x8000 + u128::from(number)).into(),
            key: key.into(),
            name: name.into(),
            field_type: if key == "age" { domain::FieldType::Number } else { domain::FieldType::Text },
        };
        world.change(DefinitionChange::Field(field)).await;
    }
    world.add_group(1, "Mothers").await;
    world
}

async fn left_out(world: &World, job: &JobRow) -> Vec<String> {
    let rows = world.ctx.store.job_left_out(world.workspace.id, job.id, 0, 100).await.unwrap();
    rows.iter().map(|row| format!("{}: {}", row.what, row.reason)).collect()
}

#[tokio::test]
async fn a_file_of_contacts_makes_and_changes_people() {
    let world = with_fields().await;
    world.hears("+254700000001", "hi").await;
    let known = world.conversation("+254700000001").await.unwrap().contact;
    let file = format!(
        "\u{feff}Contact UUID,Name,Language,URN:Tel,Field: Age,field:note,Group:mothers\r\n\
         ,Amina,swa,0700 000 001,31,=danger,yes\r\n\
         ,Beatrice,,+254700000002,twenty,\"two\nlines\",no\r\n\
         {},,--,,,--,\r\n\
         ,Nobody,,,,,\r\n\
         ,Wrong,,!,,,\r\n\
         018f0000-0000-7000-8000-000000000000,Gone,,,,,\r\n\
         ,Zuri,,+254700000003,5,'=SUM(A1),1\r\n",
        known.uuid
    );
    let job = import_contacts(&world.ctx, world.workspace.id, "people.csv", file.as_bytes(), Vec::new())
        .await
        .unwrap();
    assert_eq!((job.total, job.status), (Some(7), JobStatus::Queued));
    let job = to_the_end(&world, &job).await;
    assert_eq!((job.status, job.done, job.left_out), (JobStatus::Done, 4, 3), "{job:?}");
    let left_out = left_out(&world, &job).await;
    assert!(left_out[0].starts_with("line 5: neither an address"), "{left_out:?}");
    assert!(left_out[1].starts_with("line 6: \"tel:!\""), "{left_out:?}");
    assert!(left_out[2].starts_with("line 7: there is no contact"), "{left_out:?}");
    let amina = world.conversation("+254700000001").await.unwrap();
    assert_eq!((amina.contact.id, amina.contact.name.as_str()), (known.id, "Amina"));
    assert_eq!(
        (amina.contact.language, amina.groups.len()),
        (None, 1),
        "a later line took the language away again"
    );
    assert_eq!(amina.contact.fields["age"].text, "31");
    assert!(!amina.contact.fields.contains_key("note"));
    let beatrice = world.conversation("+254700000002").await.unwrap();
    assert_eq!((beatrice.contact.name.as_str(), beatrice.groups.len()), ("Beatrice", 0));
    assert_eq!(beatrice.contact.fields["note"].text, "two\nlines");
    let zuri = world.conversation("+254700000003").await.unwrap();
    assert_eq!(
        zuri.contact.fields["note"].text, "=SUM(A1)",
        "the mark before formulas is no part of the text"
    );
    assert!(zuri.contact.last_seen_on.is_none());
    world.assert_counts_true().await;
}

#[tokio::test]
async fn files_that_mean_nothing_are_refused_before_anything_is_written() {
    let world = with_fields().await;
    for (file, expected) in [
        ("", "no lines"),
        ("URN:tel,Name\n", "no lines"),
        ("Name,Field:Age\nA,3\n", "no column says who is meant"),
        ("URN:tel,Colour\n+254700000001,red\n", "the column \"Colour\" is not known"),
        ("URN:tel,Field:Weight\n+254700000001,3\n", "there is no field \"Weight\""),
        ("URN:tel,Group:Fathers\n+254700000001,yes\n", "there is no group \"Fathers\""),
        ("\"URN:tel,Name\n+254700000001,open\n", "never closed"),
    ] {
        let refused =
            import_contacts(&world.ctx, world.workspace.id, "people.csv", file.as_bytes(), Vec::new()).await;
        let error: ContactFileError = refused.unwrap_err();
        assert!(error.to_string().contains(expected), "{file:?}: {error}");
    }
    let refused = import_contacts(&world.ctx, world.workspace.id, "x", b"URN:tel\xff\n+25", Vec::new()).await;
    assert!(matches!(refused, Err(ContactFileError::NotText)));
    assert!(world.ctx.store.jobs(world.workspace.id, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_import_goes_on_where_a_crash_left_it_and_an_export_brings_back_what_it_brought() {
    let world = with_fields().await;
    let mut file = String::from("URN:tel,Name,Field:Note\n");
    for number in 0..450 {
        file.push_str(&format!("{},Person {number},\"a, {number}\"\n", phone(number)));
        // The same person again: the later line wins.
        if number % 100 == 7 {
            file.push_str(&format!("{},Changed {number},\n", phone(number)));
        }
    }
    let job =
        import_contacts(&world.ctx, world.workspace.id, "p.csv", file.as_bytes(), Vec::new()).await.unwrap();
    let first = run_job_slice(&world.ctx, job.clone()).await.unwrap().value;
    assert!(first.done > 0 && first.done < 455, "{first:?}");
    assert!(
        matches!(run_job_slice(&world.ctx, job.clone()).await, Err(JobError::Gone)),
        "no slice is done twice"
    );
    let world = world.restarted();
    let job = to_the_end(&world, &job).await;
    assert_eq!((job.status, job.done, job.left_out), (JobStatus::Done, 455, 0));
    assert_eq!(world.ctx.store.contact_count(world.workspace.id).await.unwrap(), 450);
    assert_eq!(world.conversation(&phone(107)).await.unwrap().contact.name, "Changed 107");

    let out = export(&world, "").await.unwrap();
    run_job_slice(&world.ctx, out.clone()).await.unwrap();
    let world = world.restarted();
    let out = to_the_end(&world, &out).await;
    assert_eq!((out.status, out.done, out.total), (JobStatus::Done, 450, Some(450)));
    let text = file_of(&world, &out).await;
    assert_eq!(text.lines().count(), 451);
    assert!(text.starts_with(
        "Contact UUID,Name,Language,Status,Created On,Last Seen On,URNs,Groups,Field:Age,Field:Note\r\n"
    ));
    assert!(text.contains(&format!("tel:{},,,\"a, 42\"\r\n", phone(42))), "{text}");
    let before = world.conversation(&phone(42)).await.unwrap().contact;
    let again =
        import_contacts(&world.ctx, world.workspace.id, "p.csv", text.as_bytes(), Vec::new()).await.unwrap();
    let again = to_the_end(&world, &again).await;
    assert_eq!((again.done, again.left_out), (450, 0), "{:?}", left_out(&world, &again).await);
    assert_eq!(before.name, "Person 42");
    assert_eq!(world.conversation(&phone(42)).await.unwrap().contact, before, "nothing was to be changed");

    let few = export(&world, "name = \"Person 42\"").await.unwrap();
    let few = to_the_end(&world, &few).await;
    assert_eq!(file_of(&world, &few).await.lines().count(), 2);
    let bad = export(&world, "beans > 3").await.unwrap();
    let bad = to_the_end(&world, &bad).await;
    assert_eq!(bad.status, JobStatus::Failed);
    assert!(bad.error.unwrap().contains("beans"));
}

#[tokio::test]
async fn files_of_old_jobs_go_and_a_cancelled_job_stays_where_it_is() {
    let world = with_fields().await;
    let people: Vec<String> = (0..700).map(phone).collect();
    crowd(&world, 2, &people).await;
    let out = export(&world, "").await.unwrap();
    let out = run_job_slice(&world.ctx, out).await.unwrap().value;
    set_job_status(&world.ctx, world.workspace.id, out.id, JobStatus::Cancelled).await.unwrap();
    assert!(matches!(run_job_slice(&world.ctx, out.clone()).await, Err(JobError::Gone)));
    let out = to_the_end(&world, &out).await;
    assert_eq!((out.status, out.done), (JobStatus::Cancelled, 500));
    assert_eq!(operations::forget_old_files(&world.ctx).await.unwrap(), 0);
    world.host.forward(8 * 24 * 3_600);
    assert_eq!(operations::forget_old_files(&world.ctx).await.unwrap(), 1);
    let gone =
        read_job_file(&world.ctx, world.workspace.id, out.id, |_| Ok::<_, StoreError>(())).await.unwrap();
    assert!(!gone);
}

fn export_with_group(query: &str) -> Value {
    json!({"version": "13", "site": "https://example.org", "flows": [], "campaigns": [], "triggers": [],
        "fields": [{"key": "age", "name": "Age", "type": "numeric"}],
        "groups": [{"uuid": id(0x9100), "name": "Adults", "query": query}]})
}

#[tokio::test]
async fn definitions_come_and_go_as_jobs_and_groups_by_query_are_filled_by_one() {
    let world = World::new().await;
    let people: Vec<String> = (0..40).map(phone).collect();
    crowd(&world, 1, &people).await;
    let bytes = export_with_group("tel ~ 00001").to_string();
    let job =
        import_definitions_later(&world.ctx, world.workspace.id, "e.json", bytes.as_bytes()).await.unwrap();
    let job = to_the_end(&world, &job).await;
    assert_eq!(job.status, JobStatus::Done, "{job:?}");
    let report: Value = serde_json::from_str(&file_of(&world, &job).await).unwrap();
    assert_eq!(report["groups"]["created"], 1, "{report}");
    let jobs = world.ctx.store.jobs(world.workspace.id, 10).await.unwrap();
    let fill = jobs.iter().find(|job| job.kind == store::JobKind::FillGroup).unwrap();
    let fill = to_the_end(&world, fill).await;
    // Numbers 10 to 19 contain 00001, and so does 1.
    assert_eq!((fill.status, fill.done), (JobStatus::Done, 11), "{fill:?}");
    let again = JobSpec::FillGroup(operations::FillGroupJob { group: id(0x9100).into() });
    let again = NewJob { workspace: world.workspace.id, spec: again, unique_key: None };
    let again = create_job(&world.ctx, again).await.unwrap();
    assert_eq!(to_the_end(&world, &again).await.done, 0, "all are where they belong");

    let out =
        export_definitions_later(&world.ctx, world.workspace.id, Vec::new(), "14.4.2", "https://x.invalid");
    let out = to_the_end(&world, &out.await.unwrap()).await;
    let text = file_of(&world, &out).await;
    let groups = serde_json::from_str::<Value>(&text).unwrap()["groups"].clone();
    assert!(groups.to_string().contains("Adults"), "{groups}");
    let unknown =
        export_definitions_later(&world.ctx, world.workspace.id, vec!["None".into()], "14.4.2", "x").await;
    let unknown = to_the_end(&world, &unknown.unwrap()).await;
    assert_eq!(unknown.status, JobStatus::Failed);
    let broken = import_definitions_later(&world.ctx, world.workspace.id, "e.json", b"{").await.unwrap();
    assert_eq!(to_the_end(&world, &broken).await.status, JobStatus::Failed);
}

#[tokio::test]
async fn a_group_whose_query_changes_while_it_is_filled_is_filled_anew() {
    let world = World::new().await;
    let people: Vec<String> = (0..1_200).map(phone).collect();
    crowd(&world, 1, &people).await;
    let export = export_with_group("tel ~ 2547000").to_string();
    import_export(&world.ctx, world.workspace.id, export.into_bytes()).await.unwrap();
    let jobs = world.ctx.store.jobs(world.workspace.id, 10).await.unwrap();
    let first = run_job_slice(&world.ctx, jobs[0].clone()).await.unwrap().value;
    assert_eq!(first.done, 500);
    let row = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let group = row.groups.iter().find(|group| group.name == "Adults").unwrap().clone();
    let none = store::GroupRow { query: Some("tel ~ 99999".into()), ..group };
    world.change(DefinitionChange::Group(none)).await;
    let job = to_the_end(&world, &first).await;
    assert_eq!((job.status, job.done), (JobStatus::Done, 1_000), "those who had joined left again");
}
