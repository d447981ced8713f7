//! Fetches lookup tables from the addresses that are set for them. It runs beside the jobs, under their lease.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use operations::{Context, Fetched, record_fetch};
use store::{StoreError, TableSourceRow};

use crate::http::{Answer, Callee, Exchange};
use crate::limits;
use crate::surroundings::Network;

/// Goes on until it is dropped.
pub(crate) async fn run(ctx: Context, network: Network) {
    loop {
        match step(&ctx, &network).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "lookup tables could not be fetched; trying again"),
        }
        tokio::time::sleep(limits::TABLES_LOOK).await;
    }
}

/// Fetches what is due, some at a time, so that a slow site does not hold up all others. Answers whether there may be more.
async fn step(ctx: &Context, network: &Network) -> Result<bool, StoreError> {
    let due = ctx.store.due_table_sources(ctx.now(), limits::TABLES_DUE).await?;
    let more = due.len() >= limits::TABLES_DUE;
    let done = stream::iter(due).map(|row| async move {
        let fetched = fetch(network, &row).await;
        record_fetch(ctx, row, fetched).await
    });
    let done: Vec<Result<(), StoreError>> = done.buffer_unordered(limits::TABLES_AT_ONCE).collect().await;
    // What could not be written down is due still.
    done.into_iter().collect::<Result<Vec<()>, _>>().map(|_| more)
}

async fn fetch(network: &Network, row: &TableSourceRow) -> Fetched {
    let mut headers = vec![("accept".to_owned(), "text/csv, text/plain;q=0.5, */*;q=0.1".to_owned())];
    let known = [("if-none-match", &row.etag), ("if-modified-since", &row.last_modified)];
    for (name, value) in known {
        headers.extend(value.clone().map(|value| (name.to_owned(), value)));
    }
    let exchange = Exchange {
        callee: Callee::Webhook,
        method: "GET".to_owned(),
        url: row.url.to_string(),
        headers,
        body: None,
        timeout: TIMEOUT,
        answer_bytes: limits::TABLE_BYTES,
    };
    match network.exchange(exchange).await {
        Ok(answer) => read(answer),
        Err(error) => Fetched::Failed(error.to_string()),
    }
}

/// How long fetching may take.
const TIMEOUT: Duration = Duration::from_secs(60);

fn read(answer: Answer) -> Fetched {
    let header = |name: &str| {
        let found = answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    match answer.status {
        304 => Fetched::Unchanged,
        200 if answer.too_large => {
            Fetched::Failed(format!("the file has more than {} bytes", limits::TABLE_BYTES))
        }
        200 => {
            let (etag, last_modified) = (header("etag"), header("last-modified"));
            match String::from_utf8(answer.body) {
                Ok(csv) => {
                    let csv = csv.trim_start_matches('\u{feff}').to_owned();
                    Fetched::Text { csv, etag, last_modified }
                }
                Err(_) => Fetched::Failed("the file is not UTF-8".to_owned()),
            }
        }
        status => Fetched::Failed(format!("the answer was {status}")),
    }
}
