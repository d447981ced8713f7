//! The OpenAPI document, written from the table.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::PREFIX;
use super::endpoint::{Answer, Endpoint, Method, Resource};
use super::once::KEY_CHARS;
use super::shape::{Prop, object_schema};
use super::table;

/// The document.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(write)
}

fn write() -> Value {
    let paths: Map<String, Value> = table::RESOURCES
        .iter()
        .map(|resource| (format!("{PREFIX}{}.json", resource.name), path(resource)))
        .collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Seedling",
            "version": "2",
            "description": "As RapidPro's API version 2. Lists come in pages; `next` is the address of the next one.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "`Token` and a token of `seedling token add`, such as `Token 7f3c…`",
            }},
            "schemas": {"Error": {
                "type": "object",
                "description": "`detail`, or a list of sentences for each member of the body that is wrong",
            }},
        },
    })
}

fn path(resource: &Resource) -> Value {
    let methods = resource
        .endpoints
        .iter()
        .map(|endpoint| (endpoint.method.word().to_ascii_lowercase(), operation(resource, endpoint)));
    let mut path: Map<String, Value> = methods.collect();
    path.insert("description".to_owned(), json!(resource.about));
    Value::Object(path)
}

fn operation(resource: &Resource, endpoint: &Endpoint) -> Value {
    let mut parameters: Vec<Value> = endpoint
        .query
        .iter()
        .map(|param| {
            json!({
                "name": param.name, "in": "query", "required": false,
                "description": param.about, "schema": param.shape.schema(),
            })
        })
        .collect();
    if let Answer::Page(_) = endpoint.answer {
        parameters.push(json!({
            "name": "cursor", "in": "query", "required": false,
            "description": "Where the page begins, from `next` or `previous`", "schema": {"type": "string"},
        }));
    }
    if endpoint.method == Method::Post {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same call with the same key does nothing again, and is answered as the first was",
            "schema": {"type": "string", "maxLength": KEY_CHARS},
        }));
    }
    let verb = match endpoint.method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    };
    let mut operation = json!({
        "operationId": format!("{verb}_{}", resource.name),
        "summary": endpoint.about,
        "parameters": parameters,
        "responses": responses(endpoint),
        "x-roles": endpoint.roles.words(),
    });
    if endpoint.method == Method::Post {
        let schema = object_schema(endpoint.body, false);
        let kind = if endpoint.file { "multipart/form-data" } else { "application/json" };
        let mut content = json!({kind: {"schema": schema}});
        if endpoint.upload {
            let file = json!({"type": "string", "format": "binary"});
            let form = json!({"type": "object", "properties": {"file": file}});
            content["multipart/form-data"] = json!({"schema": form});
        }
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    operation
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let mut add = |status: &str, description: &str, schema: Option<Value>| {
        let mut response = json!({"description": description});
        if let Some(schema) = schema {
            response["content"] = json!({"application/json": {"schema": schema}});
        }
        responses.insert(status.to_owned(), response);
    };
    match endpoint.answer {
        Answer::Page(props) => add("200", "A page", Some(page(props, false))),
        Answer::Counted(props) => add("200", "A page", Some(page(props, true))),
        Answer::One(props) => add("200", "The object", Some(object_schema(props, true))),
        Answer::Saved(props) => {
            add("200", "Changed", Some(object_schema(props, true)));
            add("201", "Made", Some(object_schema(props, true)));
        }
        Answer::Done => {
            let failures =
                json!({"type": "object", "properties": {"failures": {"type": "array", "items": {}}}});
            add("200", "Done except for these", Some(failures));
            add("204", "Done", None);
        }
        Answer::File => add("200", "The file", None),
    }
    let error = || Some(json!({"$ref": "#/components/schemas/Error"}));
    add("400", "Something that was given is wrong", error());
    add("403", "The token is not known, or its user may not do this", error());
    add("404", "There is no such object in this workspace", error());
    if endpoint.method == Method::Post {
        add(
            "409",
            "There are as many as there may be, or the answer to a call with this key was lost",
            error(),
        );
        add("422", "The Idempotency-Key was used for another call", error());
    }
    add("429", "Too many requests; `Retry-After` says when to come again", error());
    Value::Object(responses)
}

fn page(props: &[Prop], counted: bool) -> Value {
    let link = json!({"type": "string", "format": "uri", "nullable": true});
    let results = json!({"type": "array", "items": object_schema(props, true)});
    let mut members = json!({"next": link, "previous": link, "results": results});
    if counted {
        members["count"] = json!({"type": "integer"});
    }
    json!({"type": "object", "properties": members})
}
