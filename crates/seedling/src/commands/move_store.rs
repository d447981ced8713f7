//! `seedling move`: a whole store to another database.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use store::{MoveStep, StoreUrl, move_store};

/// Rows between two lines of progress where they cannot overwrite each other.
const LINE_EVERY: u64 = 1_000_000;

/// Copies a whole store to an empty database, of the same kind or the other one, and compares both.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling move --from sqlite:./seedling-data/seedling.db --to postgres://seedling@localhost/seedling
  seedling move --from postgres://seedling@localhost/seedling --to sqlite:./copy/seedling.db --json

No node may serve either of them. A move that broke off is gone on with by the same command. More in
docs/move-a-store.md.")]
pub struct Move {
    /// The store as it is
    #[arg(long, value_name = "URL")]
    from: String,
    /// An empty database
    #[arg(long, value_name = "URL")]
    to: String,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

impl Move {
    /// Moves it. Not within a runtime: both databases are worked on by this thread.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (from, to): (StoreUrl, StoreUrl) = (self.from.parse()?, self.to.parse()?);
        if let StoreUrl::Sqlite(path) = &to
            && let Some(folder) = path.parent()
        {
            crate::options::private_folder(folder)?;
        }
        let begun = Instant::now();
        let mut progress = Progress::default();
        let moved = move_store(&from, &to, |step| progress.tell(step))?;
        progress.end();
        let seconds = begun.elapsed().as_secs_f64();
        if self.json {
            println!("{}", json!({"rows": moved.rows, "seconds": seconds, "tables": moved.tables}));
        } else {
            for table in moved.tables.iter().filter(|table| table.rows > 0) {
                println!("{:<24} {:>12}  {}", table.table, table.rows, &table.checksum[..16]);
            }
            println!("{} rows moved and compared in {seconds:.1} s", moved.rows);
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Default)]
struct Progress {
    open: bool,
}

impl Progress {
    fn tell(&mut self, step: MoveStep) {
        let (line, told) = match step {
            MoveStep::Copied(table, rows) => {
                (format!("copied {rows} rows of {table}"), rows % LINE_EVERY == 0)
            }
            MoveStep::Comparing(table) => (format!("comparing {table}"), false),
        };
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K{line}");
            std::io::stderr().flush().ok();
            self.open = true;
        } else if told {
            eprintln!("{line}");
        }
    }

    fn end(&self) {
        if self.open {
            eprint!("\r\x1b[K");
        }
    }
}
