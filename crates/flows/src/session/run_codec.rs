//! The compact binary form of one run.

use std::sync::Arc;

use domain::{FlowUuid, NodeUuid, RunUuid};
use indexmap::IndexMap;
use smol_str::SmolStr;

use super::{
    CodecError, Run, RunResult, Step, WebhookState,
    codec::{run_status_code, run_status_of},
    wire::{Reader, Writer},
};
use crate::{
    assets::Assets,
    events::FlowRevisionRef,
    program::{NodeIx, Program, result_key},
};

pub(super) fn write_run(out: &mut Writer, run: &Run) {
    out.uuid(run.uuid.0);
    out.uuid(run.flow.uuid.0);
    out.number(u64::from(run.flow.revision));
    let known = run.program.as_ref().is_some_and(|program| program.name == run.flow.name);
    out.option((!known).then_some(&run.flow.name), |out, name| out.text(name));
    out.byte(run_status_code(run.status));
    out.byte(u8::from(run.had_input));
    out.option(run.parent, |out, parent| out.number(u64::from(parent)));
    out.moment(run.created_on);
    out.moment(run.modified_on);
    out.option(run.exited_on, Writer::moment);
    out.count(run.results.len());
    for (key, result) in &run.results {
        write_result(out, key, result);
    }
    if run.exited_on.is_none() {
        write_open(out, run);
    }
}

/// What only an open run still needs.
fn write_open(out: &mut Writer, run: &Run) {
    let current = run.program.as_ref().zip(run.path.last());
    out.option(current, |out, (program, step)| out.uuid(program.node(NodeIx(step.node)).uuid.0));
    out.count(run.path.len());
    for step in &run.path {
        out.number(u64::from(step.node));
        out.moment(step.arrived_on);
    }
    out.count(run.locals.len());
    for (name, value) in &run.locals {
        out.text(name);
        out.text(value);
    }
    out.option(run.webhook.as_deref(), |out, webhook| {
        out.text(&webhook.method);
        out.text(&webhook.url);
        out.number(u64::from(webhook.status));
        out.count(webhook.headers.len());
        for (name, value) in &webhook.headers {
            out.text(name);
            out.text(value);
        }
        out.text(webhook.json.as_str());
    });
}

fn write_result(out: &mut Writer, key: &SmolStr, result: &RunResult) {
    out.text(&result.name);
    let derived = result_key(&result.name) == *key;
    out.option((!derived).then_some(key), |out, key| out.text(key));
    out.text(&result.value);
    out.text(&result.category);
    out.text(&result.category_localized);
    out.uuid(result.node.0);
    // Most often the input is the value itself.
    out.option((result.input != result.value).then_some(&result.input), |out, input| out.text(input));
    out.option(result.extra.as_ref(), |out, extra| out.text(extra.as_str()));
    out.moment(result.created_on);
}

pub(super) fn read_run(from: &mut Reader<'_>, assets: &Assets) -> Result<Run, CodecError> {
    let uuid = RunUuid(from.uuid()?);
    let flow_uuid = FlowUuid(from.uuid()?);
    let revision = from.small()?;
    let name = from.option(Reader::text)?;
    let status = run_status_of(from.byte()?)?;
    let had_input = from.flag()?;
    let parent = from.option(Reader::small)?;
    let created_on = from.moment()?;
    let modified_on = from.moment()?;
    let exited_on = from.option(Reader::moment)?;
    let (count, room) = from.items()?;
    let mut results = IndexMap::with_capacity(room);
    for _ in 0..count {
        let (key, result) = read_result(from)?;
        results.insert(key, result);
    }
    let program = assets.flow_revision(flow_uuid, revision).or_else(|| assets.flow(flow_uuid)).cloned();
    let name = name.or_else(|| program.as_ref().map(|program| program.name.clone())).unwrap_or_default();
    let mut run = Run {
        uuid,
        flow: FlowRevisionRef { uuid: flow_uuid, name, revision },
        program,
        path: Vec::new(),
        locals: IndexMap::new(),
        results,
        status,
        had_input,
        parent,
        webhook: None,
        created_on,
        modified_on,
        exited_on,
    };
    if exited_on.is_none() {
        read_open(from, &mut run)?;
    }
    Ok(run)
}

fn read_open(from: &mut Reader<'_>, run: &mut Run) -> Result<(), CodecError> {
    let current = from.option(|from| Ok(NodeUuid(from.uuid()?)))?;
    let (count, room) = from.items()?;
    let mut path = Vec::with_capacity(room + 2);
    for _ in 0..count {
        path.push(Step { node: from.small()?, arrived_on: from.moment()? });
    }
    run.path = fitted(path, current, run.flow.revision, run.program.as_ref());
    let count = from.count()?;
    for _ in 0..count {
        run.locals.insert(from.text()?, from.text()?);
    }
    run.webhook = from.option(read_webhook)?.map(Box::new);
    Ok(())
}

/// The path in terms of the program at hand. If that is another revision than the run began with, only the
/// current node is sure to mean the same, and is found by its identifier.
fn fitted(
    path: Vec<Step>,
    current: Option<NodeUuid>,
    revision: u32,
    program: Option<&Arc<Program>>,
) -> Vec<Step> {
    let (Some(program), Some(current), Some(last)) = (program, current, path.last()) else {
        return Vec::new();
    };
    let inside = |step: &Step| (step.node as usize) < program.nodes.len();
    let same = program.revision == revision
        && path.iter().all(inside)
        && program.node(NodeIx(last.node)).uuid == current;
    if same {
        return path;
    }
    let arrived_on = last.arrived_on;
    program.find_node(current).map(|node| Step { node: node.0, arrived_on }).into_iter().collect()
}

fn read_webhook(from: &mut Reader<'_>) -> Result<WebhookState, CodecError> {
    let method = from.text()?;
    let url = from.text()?.into();
    let status = u16::try_from(from.number()?).map_err(|_| CodecError::Damaged)?;
    let (count, room) = from.items()?;
    let mut headers = IndexMap::with_capacity(room);
    for _ in 0..count {
        headers.insert(from.text()?, from.text()?.into());
    }
    Ok(WebhookState { method, url, status, headers, json: from.json()? })
}

fn read_result(from: &mut Reader<'_>) -> Result<(SmolStr, RunResult), CodecError> {
    let name = from.text()?;
    let key = from.option(Reader::text)?.unwrap_or_else(|| result_key(&name).into());
    let value = from.text()?;
    let category = from.text()?;
    let category_localized = from.text()?;
    let node = NodeUuid(from.uuid()?);
    let input = from.option(Reader::text)?.unwrap_or_else(|| value.clone());
    let extra = from.option(Reader::json)?;
    let created_on = from.moment()?;
    let result = RunResult { name, value, category, category_localized, node, input, extra, created_on };
    Ok((key, result))
}
