//! `seedling contact list`: those whom a contact query fits.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use domain::{ContactId, QueryError};
use operations::{Context, Workspace, allow_report, find_contacts};
use serde_json::{Value, json};
use store::{ContactSearch, Conversation};

use crate::options::{StoreOptions, WorkspaceOption};

/// Contacts that are loaded at a time.
const PAGE: usize = 500;

/// Lists the contacts whom a query fits, the oldest first; all of them without a query.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact list --data ./seedling-data --query 'age > 18 AND group = Mothers'
  seedling contact list --query 'last_seen_on < 01-06-2026' --count
  seedling contact list --query 'language = swa' --json | jq -r .urns[0]

The language of queries: docs/search-contacts.md. A query that cannot be read is answered with RapidPro's code for
what is wrong and the place in the text.")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Whom to list, as in 'age > 18 AND group = Mothers'
    #[arg(long, default_value = "")]
    query: String,
    /// Only how many they are
    #[arg(long)]
    count: bool,
    /// At most this many
    #[arg(long, default_value_t = 50, conflicts_with = "all")]
    limit: usize,
    /// All of them
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists or counts them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        allow_report(&context).await?;
        let row = self.workspace.choose(&context).await?;
        let workspace = context.registry.workspace(&context, row.id).await?;
        let workspace = workspace.context("the workspace is gone")?;
        let text = self.query.trim();
        let query = match text {
            "" => None,
            _ => match workspace.query(text, context.now()) {
                Ok(query) => Some(query),
                Err(error) => return Ok(self.refuse(text, &error)),
            },
        };
        let search = workspace.search(query);
        if self.count {
            let count = context.store.for_reports().count_contacts(search).await?;
            let shown = if self.json { json!({"count": count}).to_string() } else { count.to_string() };
            println!("{shown}");
        } else {
            self.list(&context, &workspace, search).await?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn list(
        &self,
        context: &Context,
        workspace: &Workspace,
        search: ContactSearch,
    ) -> anyhow::Result<()> {
        let mut left = if self.all { usize::MAX } else { self.limit };
        let mut after: Option<ContactId> = None;
        while left > 0 {
            let wanted = left.min(PAGE);
            let page = find_contacts(context, search.clone(), after, wanted).await?;
            for contact in &page {
                println!(
                    "{}",
                    if self.json { object(contact, workspace).to_string() } else { line(contact, workspace) }
                );
            }
            after = page.last().map(|contact| contact.contact.id);
            if page.len() < wanted {
                return Ok(());
            }
            left -= page.len();
        }
        let more = context.store.for_reports().search_contacts(search, after, 1).await?;
        if !more.is_empty() && !self.json {
            eprintln!("there are more: --limit N or --all lists them, --count counts them");
        }
        Ok(())
    }

    /// Says what is wrong with the query and where.
    fn refuse(&self, text: &str, error: &QueryError) -> ExitCode {
        let place = place(text, error);
        if self.json {
            let at = place.as_ref().map(|place| place.start);
            println!("{}", json!({"error": {"code": error.code(), "message": error.to_string(), "at": at}}));
            return ExitCode::FAILURE;
        }
        eprintln!("seedling: the query cannot be read: {error} ({})", error.code());
        if let Some(place) = place
            && !text.contains('\n')
        {
            let (before, width) = (text[..place.start].chars().count(), text[place.clone()].chars().count());
            eprintln!("  {text}\n  {}{}", " ".repeat(before), "^".repeat(width.max(1)));
        }
        ExitCode::FAILURE
    }
}

/// Which bytes of the query an error is about.
fn place(text: &str, error: &QueryError) -> Option<std::ops::Range<usize>> {
    let subject = error.subject()?;
    if subject == "<EOF>" {
        return Some(text.len()..text.len());
    }
    let folded = text.to_ascii_lowercase();
    let start = folded.find(&subject.to_ascii_lowercase())?;
    Some(start..start + subject.len())
}

/// Addresses, unless the workspace hides them.
fn addresses(contact: &Conversation, workspace: &Workspace) -> Vec<String> {
    if workspace.row.anonymous {
        return Vec::new();
    }
    contact.urns.iter().map(|urn| format!("{}:{}", urn.scheme, urn.path)).collect()
}

fn line(contact: &Conversation, workspace: &Workspace) -> String {
    let row = &contact.contact;
    let name = if row.name.is_empty() { "-" } else { row.name.as_str() };
    let parts = [
        row.uuid.to_string(),
        row.status.word().to_owned(),
        name.to_owned(),
        addresses(contact, workspace).join(" "),
    ];
    parts.join("  ").trim_end().to_owned()
}

fn object(contact: &Conversation, workspace: &Workspace) -> Value {
    let row = &contact.contact;
    json!({
        "uuid": row.uuid,
        "id": row.id.0,
        "name": row.name,
        "language": row.language,
        "status": row.status,
        "urns": addresses(contact, workspace),
        "fields": row.fields,
        "created_on": row.created_on,
        "last_seen_on": row.last_seen_on,
    })
}
