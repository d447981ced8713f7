//! Jobs that somebody asks for during a run: a broadcast, or a flow for everybody.

use std::sync::Arc;

use domain::Urn;
use flows::events::{BroadcastContent, BroadcastCreated};
use indexmap::IndexMap;
use operations::{BroadcastJob, Context, JobSpec, NewJob, Recipients, StartJob, StartedBy};
use serde_json::json;
use tokio::time::sleep;

use crate::ledger::JobFacts;
use crate::programme;
use crate::world::World;

/// Asks for a job or two, as a command beside the nodes would.
pub async fn ask(world: Arc<World>) {
    let chance = &world.chance.people;
    let ctx = Context::for_command(world.store.clone(), world.hosts[0].clone());
    for number in 0..chance.below(3) {
        sleep(chance.millis(2_000, 20_000)).await;
        let urns: Vec<Urn> = (0..world.scenario.people).map(|person| world.urn(person)).collect();
        let recipients = Recipients { urns, ..Recipients::default() };
        let (spec, text) = if chance.happens(500) {
            let text = format!("notice j{number}");
            let params = Some(Arc::new(json!({"token": format!("j{number}")})));
            let started_by = StartedBy::Person { user: None, origin: None };
            let flow = programme::notice();
            let start =
                StartJob { flow, recipients, skip_in_a_flow: false, not_again: false, params, started_by };
            (JobSpec::StartFlow(start), text)
        } else {
            let text = format!("news j{number}");
            let content = BroadcastContent {
                text: text.as_str().into(),
                attachments: Vec::new(),
                quick_replies: Vec::new(),
            };
            let broadcast = Box::new(BroadcastCreated {
                translations: IndexMap::from([("eng".into(), content)]),
                base_language: "eng".into(),
                groups: Vec::new(),
                contacts: Vec::new(),
                contact_query: "".into(),
                urns: Vec::new(),
                template: None,
                template_variables: Vec::new(),
            });
            (JobSpec::Broadcast(BroadcastJob { broadcast, recipients, ..BroadcastJob::default() }), text)
        };
        let new = NewJob { workspace: world.workspace.id, spec, unique_key: None };
        match operations::create_job(&ctx, new).await {
            Ok(job) => {
                world.trace.note(format_args!("job {}: {text}", job.id));
                world.ledger().jobs.push(JobFacts { text, id: job.id });
            }
            Err(error) => world.complain(format_args!("a job was not written: {error}")),
        }
    }
}
