//! A request becomes a call: who, how often, whether they may, what they give; and the reply becomes an answer.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::response::{IntoResponse, Response};
use node::Node;
use node::rates::Caller as Asker;
use serde_json::{Map, Value, json};

use super::auth;
use super::call::{Call, Query, Reply};
use super::endpoint::{Answer, Endpoint, Method, Resource};
use super::error::ApiError;
use super::multipart::{self, File};
use super::page::Cursor;
use super::shape::check_object;
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
    let caller = auth::identify(&node, &parts.headers).await?;
    if let Err(wait) = node.rates().take(resource.limit, Asker::Token(caller.token)) {
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
    let (given, file) = match method {
        Method::Post if endpoint.file => (Map::new(), read_file(&parts, body).await?),
        Method::Post => (read_body(body).await?, None),
        Method::Get | Method::Delete => (Map::new(), None),
    };
    let base = base(&node, &parts);
    let call = Call { node, ws: caller.ws, user: caller.user, query, body: given, file, base };
    let reply = (endpoint.run)(&call).await?;
    debug_assert!(conforms(endpoint, &reply), "an answer is not as the table of the API describes it");
    Ok(answer(&call, parts.uri.path(), reply))
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

/// The file of a form, if there is one.
async fn read_file(parts: &Parts, body: axum::body::Body) -> Result<Option<File>, ApiError> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(boundary) = kind.and_then(multipart::boundary) else {
        let said = "Send the file as multipart/form-data.";
        return Err(ApiError::Detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, said.to_owned()));
    };
    let bytes = read(body, FILE_BYTES + BODY_BYTES).await?;
    let file = multipart::file(&bytes, &boundary, "file");
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

async fn read_body(body: axum::body::Body) -> Result<Map<String, Value>, ApiError> {
    let bytes = read(body, BODY_BYTES).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
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
        (Answer::Done, Reply::Done | Reply::Failures(_)) => Ok(()),
        (_, reply) => Err(format!("{reply:?} is another kind of answer")),
    };
    if let Err(said) = &checked {
        tracing::error!(said, about = endpoint.about, "an answer is not as it is described");
    }
    checked.is_ok()
}

fn answer(call: &Call, path: &str, reply: Reply) -> Response {
    match reply {
        Reply::Page { results, next, previous } => {
            let link = |cursor: Option<Cursor>| cursor.map(|cursor| address(call, path, cursor));
            let body = json!({"next": link(next), "previous": link(previous), "results": results});
            axum::Json(body).into_response()
        }
        Reply::Counted { count, results } => {
            let body = json!({"count": count, "next": null, "previous": null, "results": results});
            axum::Json(body).into_response()
        }
        Reply::One(value) => axum::Json(value).into_response(),
        Reply::Made(value) => (StatusCode::CREATED, axum::Json(value)).into_response(),
        Reply::Done => StatusCode::NO_CONTENT.into_response(),
        Reply::Failures(failures) => axum::Json(json!({"failures": failures})).into_response(),
    }
}

/// The address of another page of the same list.
fn address(call: &Call, path: &str, cursor: Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("cursor", &cursor.text());
    query.extend_pairs(call.query.pairs().iter().filter(|(name, _)| name != "cursor"));
    format!("{}{path}?{}", call.base, query.finish())
}
