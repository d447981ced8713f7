//! Doorbells between processes: LISTEN and NOTIFY on one connection that nothing else uses.
//!
//! A commit that notifies takes a lock that all notifying commits of the database share, so nothing on the hot path
//! does: what was rung is gathered and sent from here, in a small transaction of its own that waits for no disk. It is sent
//! only while another process is known to listen; they greet each other. A connection that is lost is made anew, and as
//! nobody knows what it missed, everything is rung then.

use std::sync::Arc;
use std::time::Duration;

use domain::OutboxId;
use futures_util::future::poll_fn;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_postgres::{AsyncMessage, Client, Notification};

use super::address::PostgresUrl;
use crate::doorbell::{Doorbell, Topics};
use crate::sql::Error;

/// The name under which processes notify each other.
pub(super) const CHANNEL: &str = "seedling";
/// Shortest time between two notifications.
const GATHER: Duration = Duration::from_millis(20);
/// How often a process says that it listens.
const GREET_EVERY: Duration = Duration::from_secs(30);
/// How long another process counts as listening after it said so.
const LISTENS_FOR: Duration = Duration::from_secs(100);
/// The first pause before another attempt to connect; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the server may take for a notification before the connection counts as lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// What a greeting says.
const GREETING: &str = "+";
/// Rows that one notification says were taken back: it has room for 8,000 bytes.
const ROWS_AT_ONCE: usize = 350;

/// The thread that tells and hears. It ends with the store.
pub(super) struct Telegraph {
    stop: Arc<Notify>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Telegraph {
    /// Starts it, unless a pooler stands in between: that hands the connection to others after each transaction.
    pub(super) fn start(url: &PostgresUrl, bell: Doorbell) -> Option<Self> {
        if url.is_pooled() {
            tracing::info!(
                "behind a pooler (pgbouncer=true) nodes do not hear each other at once; they look again and again"
            );
            return None;
        }
        let (stop, url) = (Arc::new(Notify::new()), url.clone());
        let stopped = stop.clone();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => {
                    runtime.block_on(async {
                        tokio::select! {
                            biased;
                            () = stopped.notified() => {}
                            () = run(&url, &bell) => {}
                        }
                    });
                    runtime.shutdown_background();
                }
                Err(error) => tracing::error!(%error, "other nodes are not heard at once"),
            }
        };
        match std::thread::Builder::new().name("store-doorbell".to_owned()).spawn(work) {
            Ok(thread) => Some(Self { stop, thread: Some(thread) }),
            Err(error) => {
                tracing::error!(%error, "other nodes are not heard at once");
                None
            }
        }
    }
}

impl Drop for Telegraph {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the doorbell's thread ended with a panic");
        }
    }
}

async fn run(url: &PostgresUrl, bell: &Doorbell) {
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        let Err(error) = listen(url, bell).await;
        tracing::debug!(%error, "the doorbell's connection ended; it is made anew");
        if since.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection, until it is lost.
async fn listen(url: &PostgresUrl, bell: &Doorbell) -> Result<std::convert::Infallible, Error> {
    let connector = url.connector().map_err(|error| Error::Away(format!("no TLS: {error}")))?;
    let (client, mut connection) = url.config().connect(connector).await?;
    let (heard, mut notifications) = mpsc::unbounded_channel();
    let driven = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => drop(heard.send(notification)),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
    client.batch_execute(&format!("SET synchronous_commit = off; LISTEN {CHANNEL}")).await?;
    let own: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let mut line = Line { client, bell: bell.clone(), own, others_until: None, greeted: Instant::now() };
    line.send(GREETING).await?;
    // Whatever was rung while nobody listened.
    bell.ring_here(Topics::all());
    let mut not_before = Instant::now();
    loop {
        tokio::select! {
            biased;
            notification = notifications.recv() => match notification {
                Some(notification) => line.hear(&notification).await?,
                None => break,
            },
            () = tokio::time::sleep_until(line.greeted + GREET_EVERY) => line.greet().await?,
            () = async {
                tokio::time::sleep_until(not_before).await;
                bell.something_to_tell().await;
            } => {
                line.tell().await?;
                not_before = Instant::now() + GATHER;
            }
        }
    }
    match driven.await {
        Ok(Err(error)) => Err(error.into()),
        // The connection ended without an error: the next statement on it says what is to be said.
        Ok(Ok(())) | Err(_) => loop {
            line.send(GREETING).await?;
        },
    }
}

struct Line {
    client: Client,
    bell: Doorbell,
    /// Our own process at the server.
    own: i32,
    /// Until when another process counts as listening.
    others_until: Option<Instant>,
    greeted: Instant,
}

impl Line {
    async fn send(&self, words: &str) -> Result<(), Error> {
        let text = format!("NOTIFY {CHANNEL}, '{words}'");
        match tokio::time::timeout(ANSWER_WITHIN, self.client.batch_execute(&text)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Error::Away("the doorbell's connection does not answer".to_owned())),
        }
    }

    async fn greet(&mut self) -> Result<(), Error> {
        self.greeted = Instant::now();
        self.send(GREETING).await
    }

    /// Tells what was rung here, if anybody is there to hear it.
    async fn tell(&self) -> Result<(), Error> {
        let (topics, rows) = self.bell.take_untold(ROWS_AT_ONCE);
        if topics.is_empty() || self.others_until.is_none_or(|until| Instant::now() > until) {
            return Ok(());
        }
        self.send(&words(topics, &rows)).await
    }

    async fn hear(&mut self, notification: &Notification) -> Result<(), Error> {
        if notification.process_id() == self.own {
            return Ok(());
        }
        if notification.payload() == GREETING {
            let is_new = self.others_until.is_none_or(|until| Instant::now() > until);
            self.others_until = Some(Instant::now() + LISTENS_FOR);
            // So that a newcomer knows of us before our next round.
            return if is_new { self.greet().await } else { Ok(()) };
        }
        let (topics, rows) = read(notification.payload());
        if !rows.is_empty() {
            self.bell.withdraw_here(&rows);
        }
        self.bell.ring_here(topics);
        Ok(())
    }
}

/// What processes tell each other: the letters of the topics, then the rows that were taken back, as many as there is
/// room for.
pub(super) fn words(topics: Topics, rows: &[OutboxId]) -> String {
    let mut words = topics.letters();
    for id in rows.iter().take(ROWS_AT_ONCE) {
        words.push(' ');
        words.push_str(&id.0.to_string());
    }
    words
}

/// Reads that; what a newer version adds is left out.
fn read(words: &str) -> (Topics, Vec<OutboxId>) {
    let mut words = words.split(' ');
    let topics = Topics::read(words.next().unwrap_or_default());
    (topics, words.filter_map(|id| id.parse().ok().map(OutboxId)).collect())
}

#[cfg(test)]
mod tests {
    use domain::OutboxId;

    use super::{ROWS_AT_ONCE, read, words};
    use crate::doorbell::Topics;

    #[test]
    fn words_come_back_as_they_were_and_fit_a_notification() {
        let rows: Vec<OutboxId> = (0..ROWS_AT_ONCE as i64).map(|n| OutboxId(i64::MAX - n)).collect();
        let told = words(Topics::all(), &rows);
        assert!(told.len() < 8_000, "{}", told.len());
        assert_eq!(read(&told), (Topics::all(), rows));
        assert_eq!(read("w 1 x 2").1, [OutboxId(1), OutboxId(2)]);
        assert_eq!(read(""), (Topics::NONE, Vec::new()));
    }
}
