//! One connection to the server, driven by the thread that uses it.
//!
//! A session owns a small runtime of its own, so that a statement is a plain blocking call: reads and changes are
//! then the same code as on SQLite. What is to travel together is given together ([`Session::together`]): the server
//! works on the second statement while the first is answered.
//!
//! Settings are made in each transaction or at the start, never in between, and nothing is kept at the server from one
//! transaction to the next but prepared statements, which `pgbouncer=true` in the address turns off. So a pooler
//! that hands connections out by transaction may stand in between.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt, future::join_all};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Row, Statement};

use super::{
    address::{PostgresUrl, by_key},
    copy_in::Chunks,
    wire::Bind,
};
use crate::sql::Error;

/// The first pause before another attempt to connect; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What makes a whole transaction useless, beyond the statement that met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection is gone.
    Lost,
    /// The server chose this transaction to break a circle of waits: the same again will do.
    Again,
}

/// An open connection.
pub(crate) struct Session {
    runtime: Option<Runtime>,
    client: Client,
    prepares: bool,
    statements: RefCell<HashMap<String, Statement>>,
    trouble: Cell<Option<Trouble>>,
    /// Sent ahead of the next statement.
    ahead: RefCell<Option<String>>,
    /// Whether a transaction is under way at the server.
    open: Cell<bool>,
}

/// What a statement gave.
pub(crate) struct Answer {
    pub rows: Vec<Row>,
    pub changed: usize,
}

impl Session {
    /// Connects, once.
    pub(super) fn open(url: &PostgresUrl) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Away(format!("a connection cannot be driven: {error}")))?;
        let connector = url.connector().map_err(|error| Error::Away(format!("no TLS: {error}")))?;
        let (client, connection) = runtime.block_on(url.config().connect(connector)).map_err(Error::from)?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        });
        Ok(Self {
            runtime: Some(runtime),
            client,
            prepares: !url.is_pooled(),
            statements: RefCell::default(),
            trouble: Cell::new(None),
            ahead: RefCell::default(),
            open: Cell::new(false),
        })
    }

    /// Connects, again and again until `deadline` as long as the server is only away.
    pub(super) fn open_by(url: &PostgresUrl, deadline: Instant) -> Result<Self, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match Self::open(url) {
                Err(Error::Away(reason)) if Instant::now() + pause < deadline => {
                    tracing::warn!(reason, "PostgreSQL is away; trying again");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                opened => return opened,
            }
        }
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref().expect("the runtime is there until the session is dropped");
        runtime.block_on(work)
    }

    /// What went wrong since the session was opened or last asked.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        if self.client.is_closed() { Some(Trouble::Lost) } else { self.trouble.get() }
    }

    fn note<T>(&self, done: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        done.map_err(|error| {
            let error = Error::from(error);
            match &error {
                Error::Away(_) => self.trouble.set(Some(Trouble::Lost)),
                Error::Postgres(refused) if refused.is_passing() => self.trouble.set(Some(Trouble::Again)),
                Error::Postgres(_) | Error::Sqlite(_) | Error::Unreadable { .. } | Error::Json(_) => {}
            }
            error
        })
    }

    /// The transaction that met trouble is over.
    pub(super) fn clear_trouble(&self) {
        self.trouble.set(None);
    }

    /// Begins a transaction when the next statement is sent.
    pub(super) fn begin(&self, text: &str) {
        *self.ahead.borrow_mut() = Some(text.to_owned());
    }

    /// From now on all rows are found by keys (see [`by_key`]). Behind a pooler each transaction says so.
    pub(super) fn goes_by_key(self) -> Result<Self, Error> {
        if self.prepares {
            self.plain(&by_key(false))?;
        }
        Ok(self)
    }

    /// In the transaction that begins with the next statement all rows are found by keys (see [`by_key`]).
    pub(super) fn begin_goes_by_key(&self) {
        if let Some(ahead) = &mut *self.ahead.borrow_mut() {
            *ahead = format!("{ahead}; {}", by_key(true));
        }
    }

    /// Whether a transaction is under way: one that was begun and sent something, and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.open.get()
    }

    fn take_ahead(&self) -> Option<String> {
        let ahead = self.ahead.take();
        self.open.set(self.open.get() || ahead.is_some());
        ahead
    }

    /// Gives the transaction up.
    pub(super) fn roll_back(&self) -> Result<(), Error> {
        self.ahead.take();
        if self.open.replace(false) { self.plain("ROLLBACK") } else { Ok(()) }
    }

    /// Keeps what the transaction did.
    pub(super) fn commit(&self) -> Result<(), Error> {
        self.ahead.take();
        if self.open.replace(false) { self.plain("COMMIT") } else { Ok(()) }
    }

    /// Runs plain text without parameters: several statements may be in it.
    pub(crate) fn plain(&self, text: &str) -> Result<(), Error> {
        let text = match self.take_ahead() {
            Some(ahead) => format!("{ahead}; {text}"),
            None => text.to_owned(),
        };
        self.note(self.wait(self.client.batch_execute(&text)))
    }

    /// Runs a statement.
    pub(crate) fn run(&self, text: &str, binds: &[Bind<'_>]) -> Result<Answer, Error> {
        match self.take_ahead() {
            None => self.note(self.wait(self.send(text, binds))),
            Some(ahead) => {
                let (begun, answer) = self.wait(futures_util::future::join(
                    self.client.batch_execute(&ahead),
                    self.send(text, binds),
                ));
                self.note(begun).and(self.note(answer))
            }
        }
    }

    /// Whether statements may be prepared at the server, which a pooler does not allow.
    pub(super) fn prepares(&self) -> bool {
        self.prepares
    }

    /// Runs a COPY from these parts and answers how many rows arrived.
    pub(super) fn copy_in(&self, text: &str, chunks: Chunks) -> Result<u64, Error> {
        self.note(self.wait(async {
            let sink = self.client.copy_in(text).await?;
            let mut sink = pin!(sink);
            for chunk in chunks {
                sink.as_mut().send(chunk).await?;
            }
            sink.finish().await
        }))
    }

    /// Sends statements at once and answers when all are done. They take effect in order. With `and_commit` the
    /// transaction ends with them; its answer is the second one, and means something only if all others went well.
    pub(super) fn together(
        &self,
        statements: &[(String, Vec<Bind<'_>>)],
        and_commit: bool,
    ) -> Result<(Vec<Answer>, Result<(), Error>), Error> {
        for (text, _) in statements {
            self.prepare(text)?;
        }
        let ahead = self.take_ahead();
        let (begun, answers, ended) = self.wait(async {
            let begun = async {
                match &ahead {
                    Some(ahead) => self.client.batch_execute(ahead).await,
                    None => Ok(()),
                }
            };
            let answers = join_all(statements.iter().map(|(text, binds)| self.send(text, binds)));
            let ended = async { if and_commit { self.client.batch_execute("COMMIT").await } else { Ok(()) } };
            let (begun, (answers, ended)) =
                futures_util::future::join(begun, futures_util::future::join(answers, ended)).await;
            (begun, answers, ended)
        });
        if and_commit {
            self.open.set(false);
        }
        self.note(begun)?;
        let answers = answers.into_iter().map(|answer| self.note(answer)).collect::<Result<Vec<_>, _>>()?;
        Ok((answers, self.note(ended)))
    }

    fn prepare(&self, text: &str) -> Result<(), Error> {
        if self.prepares && !self.statements.borrow().contains_key(text) {
            let statement = self.note(self.wait(self.client.prepare(text)))?;
            self.statements.borrow_mut().insert(text.to_owned(), statement);
        }
        Ok(())
    }

    async fn send(&self, text: &str, binds: &[Bind<'_>]) -> Result<Answer, tokio_postgres::Error> {
        let known = self.statements.borrow().get(text).cloned();
        let stream = match known {
            Some(statement) => self.client.query_raw(&statement, binds).await?,
            None if self.prepares => {
                let statement = self.client.prepare(text).await?;
                self.statements.borrow_mut().insert(text.to_owned(), statement.clone());
                self.client.query_raw(&statement, binds).await?
            }
            None => {
                self.client.query_typed_raw(text, binds.iter().map(|bind| (bind, bind.sql_type()))).await?
            }
        };
        let mut stream = pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await {
            rows.push(row?);
        }
        let changed = usize::try_from(stream.rows_affected().unwrap_or_default()).unwrap_or(usize::MAX);
        Ok(Answer { rows, changed })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Also where blocking is not allowed: nothing waits for the connection's end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
