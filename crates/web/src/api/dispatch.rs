//! A request becomes a call: who, how often, whether they may, what they give; and the reply becomes an answer.

use std::sync::Mutex;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::response::{IntoResponse, Response};
use node::Node;
use serde_json::{Map, Value, json};
use store::StoreError;

use super::auth::{self, Caller};
use super::call::{Call, Query, Reply};
use super::endpoint::{Answer, Endpoint, Method, Resource};
use super::error::ApiError;
use super::multipart::{self, File};
use super::once::Once;
use super::page::Cursor;
use super::shape::check_object;
use super::upload::Upload;
use super::{openapi, table};
use crate::body::{self, BodyError};

/// Bytes of a body.
const BODY_BYTES: usize = 1_024 * 1_024;
/// Bytes of a file.
const FILE_BYTES: usize = 25 * 1_024 * 1_024;

pub(super) async fn serve(State(node): State<Node>, Path(name): Path<String>, request: Request) -> Response {
    let Some(name) = name.strip_suffix(".json") else { return ApiError::not_found().into_response() };
    if name == "openapi" {
        return axum::Json(openapi::document()).into_response();
    }
    let Some(resource) = table::find(name) else { return ApiError::not_found().into_response() };
    let methods: Vec<Method> = resource.endpoints.iter().map(|endpoint| endpoint.method).collect();
    match call(node, resource, request).await {
        Ok(response) => response,
        Err(error) => error.into_response_for(&methods),
    }
}

async fn call(node: Node, resource: &Resource, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let caller = auth::identify(&node, &parts.headers, !parts.method.is_safe()).await?;
    if let Err(wait) = node.rates().take(resource.limit, caller.proof.asker()) {
        node.metrics().count_limit(resource.limit.name);
        return Ok(throttled(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
    }
    let method = match parts.method {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        HttpMethod::DELETE => Method::Delete,
        other => return Err(ApiError::no_method(other.as_str())),
    };
    let endpoint = resource.endpoints.iter().find(|endpoint| endpoint.method == method);
    let endpoint = endpoint.ok_or_else(|| ApiError::no_method(parts.method.as_str()))?;
    if !endpoint.roles.allow(caller.role) {
        return Err(ApiError::not_allowed());
    }
    let query = Query::read(parts.uri.query().unwrap_or_default());
    check_query(endpoint, &query)?;
    if method != Method::Post {
        return do_once(node, caller, &parts, Posted::default(), (endpoint, query)).await;
    }
    if let (true, Some(boundary)) = (endpoint.upload, form_boundary(&parts)) {
        // To hand a file in twice does nothing twice: it only waits to be looked at.
        let posted = Posted { upload: Some(Upload::of(body, &boundary)), ..Posted::default() };
        return do_once(node, caller, &parts, posted, (endpoint, query)).await;
    }
    let bytes = read(body, if endpoint.file { FILE_BYTES + BODY_BYTES } else { BODY_BYTES }).await?;
    let once = Once::read(&parts, &caller, &bytes)?;
    if let Some(once) = &once
        && let Some(earlier) = once.earlier(&node).await?
    {
        return Ok(earlier);
    }
    let (body, file) = match endpoint.file {
        true => (Map::new(), read_file(&parts, &bytes)?),
        false => (read_body(&bytes)?, None),
    };
    do_once(node, caller, &parts, Posted { body, file, upload: None, once }, (endpoint, query)).await
}

/// What came in the body of a POST.
#[derive(Default)]
struct Posted {
    body: Map<String, Value>,
    file: Option<File>,
    upload: Option<Upload>,
    once: Option<Once>,
}

/// Does what is asked, and keeps the answer if it has a key of its own.
async fn do_once(
    node: Node,
    caller: Caller,
    parts: &Parts,
    posted: Posted,
    (endpoint, query): (&Endpoint, Query),
) -> Result<Response, ApiError> {
    let Posted { body, file, upload, once } = posted;
    let ctx = node.context().acting(caller.actor());
    let ctx = once.as_ref().map_or_else(|| ctx.clone(), |once| ctx.once(once.row(&node)));
    let base = base(&node, parts);
    let Caller { ws, user, role, proof } = caller;
    let call = Call { node, ctx, ws, user, role, proof, query, body, file, upload: Mutex::new(upload), base };
    let reply = match ((endpoint.run)(&call).await, &once) {
        (Ok(reply), _) => reply,
        // The same call came in at the same time and was first.
        (Err(ApiError::Store(StoreError::Repeated)), Some(once)) => {
            return once.earlier(&call.node).await?.ok_or(ApiError::Busy);
        }
        (Err(error), _) => return Err(error),
    };
    debug_assert!(conforms(endpoint, &reply), "an answer is not as the table of the API describes it");
    let reply = match reply {
        Reply::File { name, media_type, body } => return Ok(file_answer(&name, media_type, body)),
        other => other,
    };
    let (status, said) = answer(&call, parts.uri.path(), reply);
    if let Some(once) = once {
        once.keep(&call.node, status, said.as_ref()).await;
    }
    Ok(said.map_or_else(|| status.into_response(), |said| (status, axum::Json(said)).into_response()))
}

fn throttled(seconds: u64) -> Response {
    let seconds = seconds.max(1);
    let mut response = ApiError::too_often(seconds).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn check_query(endpoint: &Endpoint, query: &Query) -> Result<(), ApiError> {
    let given = |names: &[&str]| names.iter().filter(|name| query.text(name).is_some()).count();
    if given(endpoint.one_of) > 1 {
        return Err(ApiError::query(format!("Filter by one of {} at a time.", endpoint.one_of.join(", "))));
    }
    if !endpoint.needs.is_empty() && given(endpoint.needs) != 1 {
        return Err(ApiError::query(format!(
            "Give one of these in the address: {}.",
            endpoint.needs.join(", ")
        )));
    }
    Ok(())
}

/// What stands between the parts of a form, if the body is one.
fn form_boundary(parts: &Parts) -> Option<String> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(multipart::boundary)
}

/// The file of a form, if there is one.
fn read_file(parts: &Parts, bytes: &Bytes) -> Result<Option<File>, ApiError> {
    let Some(boundary) = form_boundary(parts) else {
        let said = "Send the file as multipart/form-data.";
        return Err(ApiError::Detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, said.to_owned()));
    };
    let file = multipart::file(bytes, &boundary, "file");
    if file.as_ref().is_some_and(|file| file.bytes.len() > FILE_BYTES) {
        return Err(ApiError::field("file", "Limit for file uploads is 25 MB."));
    }
    Ok(file)
}

async fn read(body: axum::body::Body, limit: usize) -> Result<Bytes, ApiError> {
    body::read(body, limit).await.map_err(|error| {
        let (status, said) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
            BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time."),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "The body broke off."),
        };
        ApiError::Detail(status, said.to_owned())
    })
}

fn read_body(bytes: &Bytes) -> Result<Map<String, Value>, ApiError> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::whole("Invalid data. Expected one JSON object.")),
        Err(error) => Err(ApiError::query(format!("JSON parse error - {error}"))),
    }
}

/// How the caller reached this node.
fn base(node: &Node, parts: &Parts) -> String {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = header("x-forwarded-proto").filter(|_| node.config().trust_forwarded_for);
    let scheme = if forwarded == Some("https") { "https" } else { "http" };
    let host = header("host").map_or_else(|| node.config().listen.to_string(), str::to_owned);
    format!("{scheme}://{host}")
}

/// Whether a reply is what the table says. Only asked in builds with debug assertions.
fn conforms(endpoint: &Endpoint, reply: &Reply) -> bool {
    let checked = match (endpoint.answer, reply) {
        (Answer::Page(props), Reply::Page { results, .. })
        | (Answer::Counted(props), Reply::Counted { results, .. }) => {
            results.iter().try_for_each(|result| check_object(props, result))
        }
        (Answer::One(props) | Answer::Saved(props), Reply::One(value)) => check_object(props, value),
        (Answer::Saved(props), Reply::Made(value)) => check_object(props, value),
        (Answer::Done, Reply::Done | Reply::Failures(_)) | (Answer::File, Reply::File { .. }) => Ok(()),
        (_, reply) => Err(format!("{reply:?} is another kind of answer")),
    };
    if let Err(said) = &checked {
        tracing::error!(said, about = endpoint.about, "an answer is not as it is described");
    }
    checked.is_ok()
}

fn file_answer(name: &str, media_type: &'static str, body: axum::body::Body) -> Response {
    let as_file = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, as_file)];
    (headers, body).into_response()
}

/// The status and the body, if there is one.
fn answer(call: &Call, path: &str, reply: Reply) -> (StatusCode, Option<Value>) {
    let body = match reply {
        Reply::Page { results, next, previous } => {
            let link = |cursor: Option<Cursor>| cursor.map(|cursor| address(call, path, cursor));
            json!({"next": link(next), "previous": link(previous), "results": results})
        }
        Reply::Counted { count, from, limit, results } => {
            let link = |is_there: bool, from| is_there.then(|| address_from(call, path, limit, from));
            let next = link(from.saturating_add(limit) < count, from.saturating_add(limit));
            let previous = link(from > 0, from.saturating_sub(limit));
            json!({"count": count, "next": next, "previous": previous, "results": results})
        }
        Reply::One(value) => value,
        Reply::Made(value) => return (StatusCode::CREATED, Some(value)),
        Reply::Done => return (StatusCode::NO_CONTENT, None),
        Reply::Failures(failures) => json!({"failures": failures}),
        // It was handed out before.
        Reply::File { .. } => return (StatusCode::NO_CONTENT, None),
    };
    (StatusCode::OK, Some(body))
}

/// The address of another page of a list that is counted.
fn address_from(call: &Call, path: &str, limit: usize, from: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let others = call.query.pairs().iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "offset"));
    query.extend_pairs(others).append_pair("limit", &limit.to_string());
    if from > 0 {
        query.append_pair("offset", &from.to_string());
    }
    format!("{}{path}?{}", call.base, query.finish())
}

/// The address of another page of the same list.
fn address(call: &Call, path: &str, cursor: Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("cursor", &cursor.text());
    query.extend_pairs(call.query.pairs().iter().filter(|(name, _)| name != "cursor"));
    format!("{}{path}?{}", call.base, query.finish())
}
