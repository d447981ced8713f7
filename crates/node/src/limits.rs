//! Every limit of the running node in one place, so that people who run it can see what will give first.
//! Reaching one is counted (`metrics.rs`) and never loses anything that was acknowledged.

use std::time::Duration;

use crate::rates::Limit;

/// Carrier requests that may wait for intake; one more is answered 503 with [`RETRY_AFTER`].
pub const INTAKE_QUEUE: usize = 4_096;
/// Items that one `receive` operation takes together.
pub const INTAKE_BATCH: usize = 512;
/// Such operations under way at a time: while one commits, another works.
pub const INTAKE_AT_ONCE: usize = 2;
/// Requests that must wait for another operation to begin beside one that is under way: small ones cost more for each.
pub const INTAKE_WORTH: usize = 32;
/// From the begin of such an operation to that of the next while fewer wait: a person notices neither, and what came
/// meanwhile shares the price of a commit.
pub const INTAKE_EVERY: Duration = Duration::from_millis(4);
/// What a carrier is told to wait when intake is full.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How long an operation of intake may take before what it was given goes to the spool as well, so that carriers are
/// answered while the store is away.
pub const SPOOL_AFTER: Duration = Duration::from_secs(5);
/// Bytes of the spool after which another file is begun.
pub const SPOOL_SEGMENT_BYTES: u64 = 16 * 1_024 * 1_024;
/// Bytes of the whole spool: some millions of messages. Beyond it carriers are answered 503.
pub const SPOOL_BYTES: u64 = 2 * 1_024 * 1_024 * 1_024;
/// What a carrier is told to wait when the spool is full.
pub const SPOOL_FULL_RETRY_AFTER: Duration = Duration::from_secs(30);
/// Bytes of one item in the spool: more than the largest webhook.
pub const SPOOL_RECORD_BYTES: usize = 4 * 1_024 * 1_024;
/// First pause before the store is tried again with what is in the spool; it doubles.
pub const SPOOL_FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause before the store is tried again with what is in the spool.
pub const SPOOL_LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Of items in the spools of several nodes those of an earlier slice of time go first.
pub const SPOOL_SLICE: Duration = Duration::from_millis(500);
/// How often a node looks whether it is its turn to give what is in its spool.
pub const SPOOL_TURN: Duration = Duration::from_millis(50);
/// A beat that takes longer counts as an outage of the store: another node may have used its spool meanwhile, which it
/// does after [`SPOOL_AFTER`], and this one's beat may have begun later than that node's wait.
pub const SLOW_BEAT: Duration = Duration::from_millis(2_500);
/// How often it is looked whether another process has left the spool.
pub const SPOOL_LOOK: Duration = Duration::from_secs(1);
/// Tries of an item of the spool that fails while others do not; then it is put down as refused.
pub const SPOOL_TRIES: u32 = 8;
/// Workspaces that are read at the start, so that their channels are known when the store goes away.
pub const WORKSPACES_AT_HAND: usize = 1_000;
/// How long the store may take to say what became of channels that are known already.
pub const CHANNEL_ASK: Duration = Duration::from_secs(1);
/// How long the store may take to answer before it counts as away in the answer about readiness.
pub const READY_WITHIN: Duration = Duration::from_secs(2);

/// Outbox rows of one line (a channel, or all effects) in hand: waiting for their turn or under way. Beyond it rows
/// stay in the store until half of it is done.
pub const LINE_IN_HAND: usize = 5_000;
/// Outbox rows in hand of all lines, beyond which a line may have only [`LINE_LEAST`].
pub const IN_HAND: usize = 20_000;
/// A line that is held to a rate has no more in hand than it sends in this time, so that replies, opt-outs and other
/// nodes find the rest in the store …
pub const LINE_REACH: Duration = Duration::from_secs(10);
/// … but so many rows in any case.
pub const LINE_REACH_LEAST: usize = 8;
/// By how much a request may leave before its even distance because the one before left late: not at all.
pub const PACE_BURST: Duration = Duration::ZERO;
/// Lines whose requests are closer than this would be held below their rate by the timers' own grain …
pub const PACE_EVEN_FROM: Duration = Duration::from_millis(10);
/// … so theirs may make good for so much. Their rate is lower by the same part of a second: in a second or more there
/// is never one too many.
pub const PACE_GRAIN: Duration = Duration::from_millis(2);
/// Messages of stronger priorities that go before one of a weaker priority that waits on the same line.
pub const WEAKER_EVERY: u32 = 10;
/// Outbox rows in hand that each line may have whatever others have, so that no backlog is in the way of another line.
pub const LINE_LEAST: usize = 250;
/// Outbox rows claimed from the store at a time.
pub const CLAIM_BATCH: usize = 500;
/// Requests under way on one channel unless its settings say otherwise.
pub const CHANNEL_WINDOW: usize = 64;
/// Requests under way to one host of webhooks, to one model, to the airtime provider, to the e-mail server.
pub const WEBHOOK_WINDOW: usize = 16;
/// Answers of carriers recorded in one operation.
pub const RECORD_BATCH: usize = 1_000;
/// From one such operation to the next while fewer than [`RECORD_WORTH`] wait. Nobody waits for what they tell …
pub const RECORD_EVERY: Duration = Duration::from_millis(20);
/// … unless it is that a message was not taken; that is recorded at once.
pub const RECORD_WORTH: usize = 100;
/// Attempts to send one message while its carrier answers others; then it goes to the dead set …
pub const SEND_ATTEMPTS: u32 = 10;
/// … if it is at least this old.
pub const SEND_AT_LEAST_FOR: Duration = Duration::from_secs(30 * 60);
/// A message that is this old goes to the dead set whatever the reason: it would only confuse.
pub const SEND_AT_MOST_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Wait before the second attempt; it doubles with each further one.
pub const RETRY_FIRST: Duration = Duration::from_secs(5);
/// First pause before a message is tried again that came too soon after others to the same person; it grows fourfold, as
/// Meta asks. WhatsApp takes one message in six seconds to a person, beyond a few at once.
pub const PERSON_RETRY_FIRST: Duration = Duration::from_secs(6);
/// Longest wait that a carrier may ask for; a longer one counts as this.
pub const RETRY_AFTER_LONGEST: Duration = Duration::from_secs(60 * 60);
/// Addresses that carriers told in their answers which are remembered, so that each is written once.
pub const LEARNT_REMEMBERED: usize = 100_000;
/// Tries to stop a contact who opted out at the carrier; the next message to them tries again.
pub const STOP_TRIES: u32 = 20;
/// How often the dispatcher looks after reports that came too early and counts the dead set.
pub const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(5);
/// Longest wait between two attempts.
pub const RETRY_LONGEST: Duration = Duration::from_secs(15 * 60);
/// Messages that fail in a row before a channel pauses.
pub const BREAKER_FAILURES: usize = 5;
/// First pause of a channel; it doubles while the carrier stays away.
pub const BREAKER_FIRST: Duration = Duration::from_secs(2);
/// Longest pause of a channel.
pub const BREAKER_LONGEST: Duration = Duration::from_secs(60);
/// A message that waited this long is looked up again before it goes: the person may have opted out meanwhile.
pub const LOOK_AGAIN_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
/// Messages that may wait for a line whose carrier is away before they go back to the store.
pub const WAIT_FOR_CARRIER: usize = 1_000;
/// How long a carrier may take to answer.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of a carrier's answer that are read.
pub const SEND_ANSWER_BYTES: usize = 64 * 1_024;
/// How long a webhook may take to answer.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a webhook's answer that flows may see.
pub const WEBHOOK_ANSWER_BYTES: usize = 256 * 1_024;
/// Tries to let a flow go on with an effect's answer; then its deadline does.
pub const EFFECT_RECORDS: u32 = 120;
/// Attempts to call a webhook within one effect.
pub const WEBHOOK_ATTEMPTS: u32 = 3;
/// How long an e-mail server may take for one e-mail.
pub const MAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long what the service of single sign-on says of itself is believed.
pub const SSO_KNOWN_FOR: Duration = Duration::from_secs(3_600);
/// How long it may take to answer.
pub const SSO_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of its answers.
pub const SSO_ANSWER_BYTES: usize = 256 * 1_024;
/// How far its clock may be from ours.
pub const SSO_LEEWAY: Duration = Duration::from_secs(60);
/// Wait before a letter to somebody who signs in is tried again, after the attempts of one go.
pub const LETTER_PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
/// Attempts to hand an e-mail over in one go.
pub const MAIL_ATTEMPTS: u32 = 3;
/// How long a language model may take to answer.
pub const MODEL_TIMEOUT: Duration = Duration::from_secs(60);
/// Attempts to ask a model within one effect.
pub const MODEL_ATTEMPTS: u32 = 3;
/// Bytes of a model's answer.
pub const MODEL_ANSWER_BYTES: usize = 1_024 * 1_024;
/// How long an airtime provider may take to answer.
pub const AIRTIME_TIMEOUT: Duration = Duration::from_secs(45);
/// Attempts at one transfer; the provider knows them by their identifier.
pub const AIRTIME_ATTEMPTS: u32 = 3;
/// Characters that are kept of what a service says of its error.
pub const REASON_CHARS: usize = 200;
/// How long an effect takes at most once it is begun, with all attempts and pauses. It is not begun when its flow would
/// go on without the answer before that: what is done then nobody would know of.
pub const fn effect_takes(kind: store::OutboxKind) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(match kind {
        store::OutboxKind::Message => 0,
        store::OutboxKind::Webhook => 50,
        store::OutboxKind::Email => 100,
        store::OutboxKind::Airtime => 145,
        store::OutboxKind::Model => 190,
    })
}
/// Redirects followed for a webhook.
pub const WEBHOOK_REDIRECTS: usize = 3;
/// Idle connections kept to one host.
pub const IDLE_CONNECTIONS: usize = 128;

/// Outbox rows in hand of one line beyond which jobs that write to it wait, until half of them are gone: a reply never
/// has more bulk messages before it than these and those of a slice.
pub const JOB_LINE_IN_HAND: usize = 500;
/// Jobs of one workspace that are looked at together to find one that may go on.
pub const JOBS_LOOKED_AT: usize = 20;
/// What a slice of a job counts in the share of its workspace, beside its people.
pub const JOB_SLICE_COST: u64 = 50;
/// How long what could not leave stays in the dead set; then nobody will want it any more. Its message stays failed.
pub const DEAD_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(90 * 24);
/// How often files of jobs that ended long ago, and what is too old in the dead set, are looked for.
pub const JOB_FILES_EVERY: Duration = Duration::from_secs(60 * 60);
/// Pause between two looks while jobs wait for others: for the writer, or for their lines.
pub const JOB_PAUSE: Duration = Duration::from_millis(50);
/// Units that wait for the store's writer beyond which jobs let them go first.
pub const JOB_WRITES_FIRST: usize = 2;
/// Longest time that a job waits for the writer before one slice goes all the same.
pub const JOB_LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Longest rest of a job after a slice while people write; else it is the time that the slice took.
pub const JOB_LONGEST_BREATH: Duration = Duration::from_millis(100);
/// Longest sleep of the job runner; other programs may write jobs.
pub const JOB_LONGEST_SLEEP: Duration = Duration::from_secs(2);

/// How often it is asked whether schedules are due.
pub const SCHEDULES_EVERY: Duration = Duration::from_secs(1);
/// Schedules that are due and are fired between two looks at timers.
pub const SCHEDULE_BATCH: usize = 50;
/// Timers fired in one operation.
pub const TIMER_BATCH: usize = 500;
/// The same while more are due than that: as after an hour's outage, or when a million sessions expire together.
pub const BACKLOG_BATCH: usize = 200;
/// The same while people's messages wait besides. Between two of these the clock rests as long as one took, so that a
/// million timers that are due at once have no more than half of the machine.
pub const BUSY_BACKLOG_BATCH: usize = 50;
/// Reminders and ends of windows fired in one operation: few enough that replies go in between.
pub const REMINDER_BATCH: usize = 100;
/// Longest time that due reminders wait while the lines to which the last ones wrote have enough in hand, or while the
/// writer has other work; then one batch goes all the same.
pub const REMINDER_LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Shortest sleep of the clock, so that it does not spin on what cannot go now.
pub const CLOCK_SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// Longest sleep of the clock; new timers may be written by other programs.
pub const CLOCK_LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Longest sleep of the dispatcher before it looks for rows in the store.
pub const CLAIM_LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Shortest time between two looks that doorbells ask for: a burst of commits is one look.
pub const DOORBELL_PAUSE: Duration = Duration::from_millis(10);
/// How long the feed keeps what was committed, for readers who were away.
pub const FEED_KEPT_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);
/// How long a call with a key of its own is known again.
pub const CALLS_KEPT_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// How often what it need not keep is removed.
pub const FEED_PRUNE_EVERY: Duration = Duration::from_secs(10);
/// Commits of 500 rows in which it is removed at a time: as many rows as a busy node writes meanwhile.
pub const FEED_PRUNED_AT_ONCE: usize = 40;
/// Entries of the feed read at a time.
pub const FEED_READ: usize = 500;
/// Reads of the feed that are kept in memory for slow subscribers; who is slower goes on from the store.
pub const FEED_KEPT: usize = 64;
/// Pause before the feed is read again after it was rung for and nothing was there yet; it doubles.
pub const FEED_SHORTEST_SLEEP: Duration = Duration::from_millis(5);
/// Longest pause before the feed is read again.
pub const FEED_LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long who wakes chat streams waits before it tries again what the store did not answer.
pub const FEED_RETRY: Duration = Duration::from_secs(1);
/// How long a channel's settings are used before they are read again.
pub const CHANNEL_FRESH: Duration = Duration::from_secs(5);

/// How long a node must be silent before the others take it for dead, unless the configuration says otherwise. All
/// nodes of a database shall have the same.
pub const NODE_TTL: Duration = Duration::from_secs(10);
/// Beats of a node within that time.
pub const BEATS_IN_TTL: u32 = 10;
/// Shortest time between two beats.
pub const BEAT_SHORTEST: Duration = Duration::from_millis(50);
/// Pause before the dispatcher looks again whether its node is still among the living.
pub const HOLD_PAUSE: Duration = Duration::from_millis(100);
/// How long signing off may take.
pub const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How long a clean stop may take before what is left is left to recovery.
pub const STOP_WITHIN: Duration = Duration::from_secs(20);

/// How long the body of a request may take to arrive.
pub const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of a carrier's request.
pub const CARRIER_BODY_BYTES: usize = 256 * 1_024;
/// Bytes of a webhook that holds many messages. Meta sends up to three megabytes.
pub const BATCH_BODY_BYTES: usize = 3 * 1_024 * 1_024;
/// Bytes of a request of the chat page.
pub const CHAT_BODY_BYTES: usize = 32 * 1_024;
/// Messages of a conversation that the chat page shows.
pub const CHAT_HISTORY: usize = 100;
/// Chat streams open at a time.
pub const CHAT_STREAMS: usize = 20_000;
/// Chat streams open at a time from one address.
pub const CHAT_STREAMS_PER_IP: usize = 200;
/// Pause after which a chat stream says that it is alive.
pub const CHAT_KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long a chat stream whose visitor is nobody yet waits after somebody was seen for the first time, on whichever node:
/// of many who are new at once one at most is its visitor.
pub const CHAT_NEWCOMER_PAUSE: Duration = Duration::from_millis(500);

/// Callers whose rates are remembered.
pub const RATES_REMEMBERED: usize = 200_000;
/// How often nodes tell each other who is near a limit.
pub const RATES_EXCHANGED: Duration = Duration::from_secs(1);
/// Callers that a node tells the others of at a time, those nearest to their limit.
pub const RATES_TOLD: usize = 500;
/// Callers of other nodes that are heard at a time.
pub const RATES_HEARD: usize = 5_000;
/// Exchanges after which what is no longer true is removed.
pub const RATES_TIDIED: u64 = 60;
/// How long what a node said stays at most.
pub const RATES_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// A limit on how often one caller may ask.
const fn rate(name: &'static str, burst: u32, every: Duration) -> Limit {
    Limit { name, burst, every }
}
/// Requests of carriers for one channel: more than a node can take, so that it holds off floods only.
pub static CARRIER_CHANNEL: Limit = rate("carrier_channel_rate", 40_000, Duration::from_micros(50));
/// Requests from one address of a carrier that calls one address of ours for all its channels.
pub static CARRIER_CLIENT: Limit = rate("carrier_client_rate", 40_000, Duration::from_micros(50));
/// Requests from one address for what is not there.
pub static STRAY_CLIENT: Limit = rate("stray_client_rate", 200, Duration::from_millis(100));
/// Requests from one address for pages, health and metrics.
pub static PAGE_CLIENT: Limit = rate("page_client_rate", 200, Duration::from_millis(50));
/// Chat requests from one address; a school or a clinic may share one.
pub static CHAT_CLIENT: Limit = rate("chat_client_rate", 300, Duration::from_millis(50));
/// Messages of one visitor.
pub static CHAT_VISITOR: Limit = rate("chat_visitor_rate", 10, Duration::from_secs(2));
/// Visitors from one address who were not seen before: each becomes a contact.
pub static CHAT_NEWCOMER: Limit = rate("chat_newcomer_rate", 200, Duration::from_secs(2));
/// Requests of one address for the API, whoever they are: more than tokens may ask, so that it holds off floods only.
pub static API_CLIENT: Limit = rate("api_client_rate", 5_000, Duration::from_millis(2));
/// Requests from one address about signing in and out.
pub static AUTH_CLIENT: Limit = rate("auth_client_rate", 300, Duration::from_millis(200));
/// Passwords, codes and links that one address tries; a school or a clinic may share one.
pub static SIGN_IN_CLIENT: Limit = rate("sign_in_client_rate", 30, Duration::from_secs(10));
/// Passwords and codes that are tried for one e-mail address, from wherever.
pub static SIGN_IN_ACCOUNT: Limit = rate("sign_in_account_rate", 10, Duration::from_secs(60));
/// Requests with one token for the API: 2,500 at once, and 2,500 an hour.
pub static API: Limit = rate("api_rate", API_REQUESTS, API_EVERY);
/// The same for contacts, beside the others.
pub static API_CONTACTS: Limit = rate("api_contacts_rate", API_REQUESTS, API_EVERY);
/// The same for messages.
pub static API_MESSAGES: Limit = rate("api_messages_rate", API_REQUESTS, API_EVERY);
/// The same for runs.
pub static API_RUNS: Limit = rate("api_runs_rate", API_REQUESTS, API_EVERY);
/// Requests of a token in an hour.
const API_REQUESTS: u32 = 2_500;
/// An hour divided by that.
const API_EVERY: Duration = Duration::from_millis(1_440);

/// The limit of this name; other nodes may know others.
pub(crate) fn rate_named(name: &str) -> Option<&'static Limit> {
    let all = [
        &CARRIER_CHANNEL,
        &CARRIER_CLIENT,
        &STRAY_CLIENT,
        &PAGE_CLIENT,
        &CHAT_CLIENT,
        &CHAT_VISITOR,
        &CHAT_NEWCOMER,
        &API_CLIENT,
        &AUTH_CLIENT,
        &SIGN_IN_CLIENT,
        &SIGN_IN_ACCOUNT,
        &API,
        &API_CONTACTS,
        &API_MESSAGES,
        &API_RUNS,
    ];
    all.into_iter().find(|limit| limit.name == name)
}

/// How often a node measures its pressure.
pub const SHED_MEASURED: Duration = Duration::from_millis(500);
/// How often a node asks what people say about shedding.
pub const SHED_ASKED: Duration = Duration::from_secs(2);
/// How often a node that measures pressure says so again.
pub const SHED_REPORTED: Duration = Duration::from_secs(20);
/// Pressure lasts so long before one thing more is turned off …
pub const SHED_UP_AFTER: Duration = Duration::from_secs(3);
/// … and is gone so long before one is turned on again.
pub const SHED_DOWN_AFTER: Duration = Duration::from_secs(15);
/// Age of the oldest item that is not taken: none below, pressure from the second on.
pub const SHED_OLDEST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// Writes that wait for the writer.
pub const SHED_WRITES: (usize, usize) = (16, 128);
/// Mean time of a commit.
pub const SHED_COMMIT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// How late the event loop is.
pub const SHED_LAG: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// Bytes of a file that a person sent; a larger one is not fetched.
pub const MEDIA_BYTES: usize = 16 * 1_024 * 1_024;
/// Files fetched at a time; each is held in memory until it is written.
pub const MEDIA_WINDOW: usize = 4;
/// How long a file, and the question where it lies, may take.
pub const MEDIA_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a file is in the hand of a node; then another may try.
pub const MEDIA_IN_HAND: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
/// How often it is looked whether there are files to be fetched.
pub const MEDIA_LOOK: Duration = Duration::from_secs(2);
/// First pause before a file is tried again; it grows fourfold.
pub const MEDIA_RETRY_FIRST: Duration = Duration::from_secs(30);
/// Longest pause before a file is tried again.
pub const MEDIA_RETRY_LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// How long carriers keep a file: WhatsApp seven days.
pub const MEDIA_KEPT_THERE: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);
/// Messages whose words go into the index of searches at a time, which is one commit …
pub const INDEX_MESSAGES: usize = 500;
/// … the shortest pause behind it while more wait …
pub const INDEX_MESSAGES_PAUSE: Duration = Duration::from_millis(5);
/// … and how often it is looked whether there are some.
pub const INDEX_MESSAGES_LOOK: Duration = Duration::from_secs(5);
/// Contacts whose keys for searches, left for later while these were turned off, are made at a time …
pub const INDEX_BATCH: usize = 200;
/// … in how much time at most …
pub const INDEX_WITHIN: Duration = Duration::from_secs(10);
/// … and how often it is looked whether another node, or an earlier run, left some.
pub const INDEX_LOOK: Duration = Duration::from_secs(30);
/// Difference between the machine's clock and its steady clock, within one measure, from which on it is said.
pub const CLOCK_JUMP: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

/// Calls of one webhook at a time, each about another person.
pub const WEBHOOK_CALLS: usize = 16;
/// Events that are written down for one webhook and not told yet, before no more are written down.
pub const WEBHOOK_BACKLOG: u64 = 10_000;
/// Bytes of a webhook's answer that are read.
pub const WEBHOOK_ANSWER_KEPT: usize = 2_048;
/// How often it is looked whether a webhook is to be told something, beside being rung for.
pub const WEBHOOKS_LOOK: Duration = Duration::from_secs(1);
/// The same while there is none.
pub const WEBHOOKS_LOOK_FOR_ANY: Duration = Duration::from_secs(2);
/// How often old deliveries are removed.
pub const WEBHOOKS_TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long it is kept what was told, and what flows called by the name of an event.
pub const DELIVERIES_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);
/// How long it is kept what was refused too often.
pub const REFUSED_DELIVERIES_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// How often it is looked whether a lookup table is to be fetched.
pub const TABLES_LOOK: Duration = Duration::from_secs(2);
/// Lookup tables that are fetched before it is looked anew.
pub const TABLES_DUE: usize = 20;
/// Lookup tables that are fetched beside each other, each whole in memory.
pub const TABLES_AT_ONCE: usize = 4;
/// Bytes of a file that a lookup table is fetched from.
pub const TABLE_BYTES: usize = 16 * 1_024 * 1_024;

/// How often it is looked whether the templates of a line are to be asked for.
pub const TEMPLATES_LOOK: Duration = Duration::from_secs(5);
/// Lines whose templates are asked for before it is looked anew.
pub const TEMPLATES_DUE: usize = 20;
/// Lines whose templates are asked for beside each other.
pub const TEMPLATES_AT_ONCE: usize = 4;
/// Pages of one line's templates.
pub const TEMPLATE_PAGES: usize = 60;
/// Bytes of such a page.
pub const TEMPLATE_PAGE_BYTES: usize = 4 * 1_024 * 1_024;
