//! Asks carriers for the templates of their lines. It runs beside the jobs, under their lease.

use std::time::Duration;

use channels::{Line, ListedTemplate};
use futures_util::stream::{self, StreamExt as _};
use operations::{Context, record_templates};
use store::{StoreError, TemplateSyncRow};

use crate::http::{Callee, Exchange};
use crate::limits;
use crate::lines::Lines;
use crate::surroundings::Network;

/// How long a page may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Goes on until it is dropped.
pub(crate) async fn run(ctx: Context, network: Network) {
    let lines = Lines::default();
    loop {
        match step(&ctx, &lines, &network).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "templates could not be asked for; trying again"),
        }
        tokio::time::sleep(limits::TEMPLATES_LOOK).await;
    }
}

/// Asks for what is due, some lines at a time. Answers whether there may be more.
async fn step(ctx: &Context, lines: &Lines, network: &Network) -> Result<bool, StoreError> {
    let due = ctx.store.due_template_syncs(ctx.now(), limits::TEMPLATES_DUE).await?;
    let more = due.len() >= limits::TEMPLATES_DUE;
    let done = stream::iter(due).map(|row| sync(ctx, lines, network, row));
    let done: Vec<Result<(), StoreError>> = done.buffer_unordered(limits::TEMPLATES_AT_ONCE).collect().await;
    done.into_iter().collect::<Result<Vec<()>, _>>().map(|_| more)
}

async fn sync(
    ctx: &Context,
    lines: &Lines,
    network: &Network,
    row: TemplateSyncRow,
) -> Result<(), StoreError> {
    let channel = lines.find_by_id(ctx, row.workspace, row.channel).await?;
    let listed = match channel.as_ref().map(|channel| &channel.line) {
        Some(Ok(line)) => listed(network, line).await,
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the line is not in use".to_owned()),
    };
    record_templates(ctx, row, listed).await
}

/// All pages of a line's templates.
async fn listed(network: &Network, line: &Line) -> Result<Vec<ListedTemplate>, String> {
    let mut all = Vec::new();
    let mut after = None;
    for _ in 0..limits::TEMPLATE_PAGES {
        let Some(request) = line.templates_request(after.as_deref()) else {
            return Err("give the line its waba_id, the account whose templates these are".to_owned());
        };
        let answer = network.exchange(Exchange {
            callee: if line.is_public_only { Callee::PublicCarrier } else { Callee::Carrier },
            method: request.method.as_str().to_owned(),
            url: request.url,
            headers: request.headers,
            body: None,
            timeout: TIMEOUT,
            answer_bytes: limits::TEMPLATE_PAGE_BYTES,
        });
        let answer = answer.await.map_err(|error| error.to_string())?;
        if answer.too_large {
            return Err(format!("a page has more than {} bytes", limits::TEMPLATE_PAGE_BYTES));
        }
        let page = line.read_templates(answer.status, &String::from_utf8_lossy(&answer.body))?;
        all.extend(page.templates);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
    Err(format!("the carrier has more than {} pages of templates", limits::TEMPLATE_PAGES))
}
