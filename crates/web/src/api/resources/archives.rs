//! `archives.json`: files into which old messages and runs were put. None are made yet, so there are none.

use node::limits;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{AFTER, Answer, BEFORE, Endpoint, Method, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "archives",
    alias: None,
    about: "Files of old messages and runs.",
    limit: &limits::API,
    endpoints: &[Endpoint {
        method: Method::Get,
        roles: Roles::READERS,
        about: "Archives",
        query: &[
            param("type", TYPE, "Only those of this type"),
            param("archive_type", TYPE, "The same, from older clients"),
            param("period", PERIOD, "Only those of this period"),
            param("limit", Shape::Int, "So many at most"),
            param("offset", Shape::Int, "Without so many first ones"),
            BEFORE,
            AFTER,
        ],
        one_of: &[],
        needs: &[],
        body: &[],
        file: false,
        upload: false,
        answer: Answer::Counted(PROPS),
        run: |call| Box::pin(list(call)),
    }],
};

const TYPE: Shape = Shape::Word(&["message", "run"]);
const PERIOD: Shape = Shape::Word(&["daily", "monthly"]);

const PROPS: &[Prop] = &[
    prop("type", TYPE, "What is in it"),
    prop("archive_type", TYPE, "The same, for older clients"),
    prop("start_date", Shape::Day, "The first day"),
    prop("period", PERIOD, "How long it is"),
    prop("record_count", Shape::Int, "How many records"),
    prop("size", Shape::Int, "Bytes"),
    prop("hash", Shape::Text, "MD5 of the file, in hex"),
    prop("download_url", Shape::Text, "Where it is"),
];

async fn list(_: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::Counted { count: 0, results: Vec::new() })
}
