//! Rule sets: what each type waits for or does, and what its rules are held against.

mod kind;
mod operand;
mod router;
mod service;

use serde_json::{Value, json};

use super::actions;
use super::flow::{Known, Made, node_uuid, rank};
use super::job::{Job, template};
use super::layout;
use super::shape::text;
use crate::program::result_key;
use kind::Kind;
use router::Choices;

/// The nodes that a rule set becomes: one, or two where a service is called and its answer is looked at.
pub(super) fn nodes(set: &Value, known: &Known, job: &mut Job<'_, '_>) -> Result<Vec<Made>, String> {
    let uuid = node_uuid(set)?;
    let kind = Kind::of(set)?;
    let choices = Choices::read(set, job)?;
    if kind == Kind::Random {
        return random(&uuid, set, known, &choices, job);
    }
    let choices = choices.with_cases(set, known, job)?;
    let label = text(set, "label").trim().to_owned();
    let operand = text(set, "operand");
    let made = match &kind {
        Kind::Wait(hint) => {
            let wait = choices.wait(hint.as_json(set));
            let router = choices.router(&label, &operand::waited(&operand), Some(wait));
            single(&uuid, set, "wait_for_response", None, Vec::new(), router, &choices)
        }
        Kind::Menu => {
            let said = json!({"type": "reply", "msg": set["config"]["ussd_message"]});
            let said = actions::migrate(&said, job)?;
            let wait = choices.wait(None);
            let router = choices.router(&label, &operand::waited(&operand), Some(wait));
            single(&uuid, set, "wait_for_response", None, said.into_iter().collect(), router, &choices)
        }
        Kind::Expression | Kind::ContactField | Kind::FlowField => {
            let (shown, config) = operand::shown(&operand, &kind);
            let router = choices.router(&label, &operand::expression(&operand, &kind), None);
            single(&uuid, set, shown, config, Vec::new(), router, &choices)
        }
        Kind::FormField => {
            let (operand, config) = operand::form_field(&operand, &set["config"]);
            let router = choices.router(&label, &operand, None);
            single(&uuid, set, "split_by_run_result_delimited", config, Vec::new(), router, &choices)
        }
        Kind::Group => {
            let router = choices.router(&label, "@contact.groups", None);
            single(&uuid, set, "split_by_groups", None, Vec::new(), router, &choices)
        }
        Kind::Subflow => {
            let flow = actions::flow(&set["config"], job)?;
            let action = json!({"type": "enter_flow", "uuid": job.draw(), "flow": flow});
            let choices = choices.or_else("expired");
            let router = choices.router(&label, "@child.status", None);
            single(&uuid, set, "split_by_subflow", None, vec![action], router, &choices)
        }
        Kind::Webhook => return service::webhook(&uuid, set, choices, job),
        Kind::Resthook => service::resthook(&uuid, set, choices, job),
        Kind::Airtime => service::airtime(&uuid, set, choices, job),
        Kind::Random => return Err("a random split has no operand".into()),
    };
    Ok(vec![made])
}

/// A node of one rule set.
fn single(
    uuid: &str,
    set: &Value,
    shown: &str,
    config: Option<Value>,
    actions: Vec<Value>,
    router: Value,
    choices: &Choices,
) -> Made {
    let mut node = json!({"uuid": uuid});
    if !actions.is_empty() {
        node["actions"] = actions.into();
    }
    node["router"] = router;
    node["exits"] = choices.exits();
    Made { rank: rank(set), node, ui: layout::node(shown, set, choices.config(config)) }
}

/// A split by chance. Parts of the same size are a random router; others compare a number drawn by chance with the
/// bounds that the author gave.
fn random(
    uuid: &str,
    set: &Value,
    known: &Known,
    choices: &Choices,
    job: &mut Job<'_, '_>,
) -> Result<Vec<Made>, String> {
    let label = text(set, "label").trim().to_owned();
    if choices.are_equally_likely() {
        let choices = choices.clone().without_cases(known);
        let router = choices.random_router(&label);
        return Ok(vec![single(uuid, set, "split_by_random", None, Vec::new(), router, &choices)]);
    }
    let choices = choices.clone().with_cases(set, known, job)?;
    let router = choices.router(&label, "@(rand())", None);
    Ok(vec![single(uuid, set, "split_by_expression", None, Vec::new(), router, &choices)])
}

/// The reference to the category of a result.
fn category_of(label: &str) -> String {
    format!("@results.{}.category", result_key(label))
}

/// An operand as a template; what it says when it fails is decided by the caller.
fn migrated(operand: &str) -> String {
    template(operand)
}
