//! Compares what is kept with what it must agree with: counts with the rows they count, and rows with one another.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::{
    Rows,
    recount::{Key, Recount, end_of_slice},
    sql, tallies,
};
use crate::{
    StoreError, TallyKind,
    sql::Row,
    verify::{Broken, CountDifference, Verified},
};

/// Examples that are named of each rule that is broken.
const EXAMPLES: i64 = 5;

/// What rows of different tables owe each other: the rule, the table whose rows may break it (read in slices if its
/// rows have numbers), the number that is shown of them, and when they break it.
struct Rule {
    says: &'static str,
    table: &'static str,
    shown: &'static str,
    broken: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        says: "a message in the outbox is there",
        table: "outbox",
        shown: "id",
        broken: "x.message_id <> 0 AND NOT EXISTS (
            SELECT 1 FROM message AS m WHERE m.id = x.message_id AND m.workspace_id = x.workspace_id)",
    },
    Rule {
        says: "what is in the outbox belongs to somebody",
        table: "outbox",
        shown: "id",
        // Letters to people who sign in are of no contact.
        broken: "x.contact_id >= 0 AND NOT EXISTS (
            SELECT 1 FROM contact AS c WHERE c.id = x.contact_id AND c.workspace_id = x.workspace_id)",
    },
    Rule { says: "a message belongs to somebody", table: "message", shown: "id", broken: OF_NOBODY },
    Rule { says: "an address belongs to somebody", table: "contact_urn", shown: "id", broken: OF_NOBODY },
    Rule { says: "a timer belongs to somebody", table: "timer", shown: "contact_id", broken: OF_NOBODY },
    Rule { says: "a session belongs to somebody", table: "session", shown: "id", broken: OF_NOBODY },
    Rule {
        says: "a message that is to be sent waits in the outbox",
        table: "message",
        shown: "id",
        broken: "x.status IN ('queued', 'errored') AND x.direction = 'out' AND NOT EXISTS (
            SELECT 1 FROM outbox AS o WHERE o.contact_id = x.contact_id AND o.message_id = x.id)",
    },
    Rule {
        says: "a time-out, expiry or deadline belongs to a session that waits",
        table: "timer",
        shown: "contact_id",
        broken: "x.kind IN ('wait_timeout', 'expiry', 'effect_deadline') AND NOT EXISTS (
            SELECT 1 FROM session AS s WHERE s.id = x.session_id AND s.ended_on IS NULL)",
    },
    Rule {
        says: "the timer of a reminder has its reminder",
        table: "timer",
        shown: "contact_id",
        broken: "x.kind = 'reminder' AND NOT EXISTS (
            SELECT 1 FROM reminder AS r WHERE r.id = x.session_id AND r.contact_id = x.contact_id)",
    },
    Rule {
        says: "a reminder has its timer",
        table: "reminder",
        shown: "id",
        broken: "NOT EXISTS (SELECT 1 FROM timer AS t
            WHERE t.contact_id = x.contact_id AND t.kind = 'reminder' AND t.scope = x.id)",
    },
    Rule {
        says: "the session that somebody is in waits for them",
        table: "contact",
        shown: "id",
        broken: "x.session_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM session AS s WHERE s.id = x.session_id AND s.contact_id = x.id AND s.ended_on IS NULL)",
    },
    Rule {
        says: "an open run belongs to a session that waits",
        table: "run",
        shown: "id",
        broken: "x.exited_on IS NULL AND NOT EXISTS (
            SELECT 1 FROM session AS s WHERE s.id = x.session_id AND s.ended_on IS NULL)",
    },
];

const OF_NOBODY: &str = "NOT EXISTS (
    SELECT 1 FROM contact AS c WHERE c.id = x.contact_id AND c.workspace_id = x.workspace_id)";

impl Rows<'_> {
    /// Everything, or the counts of one local day.
    pub(crate) fn verify(&self, day: Option<i32>) -> Result<Verified, StoreError> {
        let mut found = Recount::of(self.conn, day)?;
        found.add_removed(self.conn)?;
        let (mut kept_days, mut kept_totals) = (BTreeMap::new(), BTreeMap::new());
        for (key, count) in self.kept(day)? {
            match placed(key) {
                Placed::Day(key) => *kept_days.entry(key).or_default() += count,
                Placed::Total(key, sign) if day.is_none() => {
                    *kept_totals.entry(key).or_default() += sign * count
                }
                Placed::Total(..) | Placed::Nowhere => {}
            }
        }
        let mut verified = Verified::default();
        compare(&kept_days, &found.days, &mut verified);
        compare(&kept_totals, &found.totals, &mut verified);
        if day.is_none() {
            for rule in RULES {
                self.rule(rule, &mut verified)?;
            }
            self.pins(&mut verified)?;
        }
        Ok(verified)
    }

    fn kept(&self, day: Option<i32>) -> Result<Vec<(Key, i64)>, StoreError> {
        let (from, to) = day.map_or((i32::MIN, i32::MAX), |day| (day, day));
        let mut kept = Vec::new();
        for text in [
            "SELECT workspace_id, day, kind, subject, name, CAST(sum(count) AS BIGINT) FROM tally
             WHERE day >= $1 AND day <= $2 GROUP BY workspace_id, day, kind, subject, name",
            "SELECT workspace_id, day, 'message', channel_id, direction || '/' || status, count FROM daily_count
             WHERE day >= $1 AND day <= $2",
            "SELECT workspace_id, day, 'outcome', flow_id, name || '=' || value, count FROM outcome_count
             WHERE day >= $1 AND day <= $2",
        ] {
            let rows: Vec<_> = sql::all::<_, StoreError>(self.conn, text, &[&from, &to], tallies::counted)?;
            kept.extend(rows.into_iter().map(|(workspace, row)| {
                ((workspace, row.day, row.kind, row.subject, row.name), row.count)
            }));
        }
        Ok(kept)
    }

    fn rule(&self, rule: &Rule, verified: &mut Verified) -> Result<(), StoreError> {
        verified.checked += 1;
        let Rule { says, table, shown, broken } = rule;
        let mut found = Broken { rule: (*says).to_owned(), rows: 0, examples: Vec::new() };
        let mut note = |row: &Row<'_>| {
            found.rows += 1;
            if found.rows <= EXAMPLES {
                found.examples.push(row.get(0)?);
            }
            Ok(())
        };
        if *table == "timer" {
            let text = format!("SELECT {shown} FROM {table} AS x WHERE {broken}");
            sql::all::<_, StoreError>(self.conn, &text, &[], &mut note)?;
        } else {
            let text =
                format!("SELECT {shown} FROM {table} AS x WHERE x.id > $1 AND x.id <= $2 AND {broken}");
            let mut after = i64::MIN;
            while let Some(last) = end_of_slice(self.conn, table, after)? {
                sql::all::<_, StoreError>(self.conn, &text, &[&after, &last], &mut note)?;
                after = last;
            }
        }
        if found.rows > 0 {
            verified.broken.push(found);
        }
        Ok(())
    }

    /// Sessions that wait name the revisions that they need; each must be there.
    fn pins(&self, verified: &mut Verified) -> Result<(), StoreError> {
        const SLICE: i64 = 20_000;
        let known: std::collections::BTreeSet<SmolStr> = sql::all::<_, StoreError>(
            self.conn,
            "SELECT flow_id, revision FROM flow_revision",
            &[],
            |row| Ok(format_smolstr!("{}:{}", row.get::<i64>(0)?, row.get::<i64>(1)?)),
        )?
        .into_iter()
        .collect();
        verified.checked += 1;
        let (mut after, mut rows, mut examples) = (i64::MIN, 0, Vec::new());
        loop {
            let sessions: Vec<(i64, String)> = sql::all::<_, StoreError>(
                self.conn,
                "SELECT id, pins FROM session WHERE ended_on IS NULL AND id > $1 ORDER BY id LIMIT $2",
                &[&after, &SLICE],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let Some((last, _)) = sessions.last() else { break };
            after = *last;
            for (id, pins) in &sessions {
                // Flow 0 is one that was gone when the session was written.
                let revision = |pin: &str| {
                    pin.starts_with("0:") || pin.rsplit_once(':').is_some_and(|(pin, _)| known.contains(pin))
                };
                if pins.is_empty() || !pins.split(',').all(revision) {
                    rows += 1;
                    if (examples.len() as i64) < EXAMPLES {
                        examples.push(*id);
                    }
                }
            }
        }
        if rows > 0 {
            let rule = "the revisions that a session waits in are there".to_owned();
            verified.broken.push(Broken { rule, rows, examples });
        }
        Ok(())
    }
}

/// What a kept count is compared with.
enum Placed {
    Day(Key),
    /// With a sum over all days, to which it adds or from which it takes away.
    Total(Key, i64),
    /// With nothing: the rows that it counts are not kept.
    Nowhere,
}

fn placed((workspace, day, kind, subject, name): Key) -> Placed {
    match kind {
        TallyKind::Message
        | TallyKind::NewContact
        | TallyKind::ActiveContact
        | TallyKind::Consent
        | TallyKind::Flow
        | TallyKind::Answer
        | TallyKind::CarrierTime
        | TallyKind::FirstReplyTime
        | TallyKind::Job
        | TallyKind::Effect
        | TallyKind::Outcome => Placed::Day((workspace, day, kind, subject, name)),
        // How long is not kept with the message, but that it was delivered is.
        TallyKind::DeliveryTime => Placed::Day((workspace, day, kind, subject, SmolStr::default())),
        TallyKind::ContactStatus | TallyKind::ContactLanguage | TallyKind::JobItems => {
            Placed::Total((workspace, 0, kind, 0, name), 1)
        }
        TallyKind::Ticket if name == "opened" => Placed::Day((workspace, day, kind, subject, name)),
        TallyKind::Ticket => {
            let sign = if name == "closed" { 1 } else { -1 };
            Placed::Total((workspace, 0, kind, 0, SmolStr::new_static("closed")), sign)
        }
        TallyKind::Node
        | TallyKind::ReplyTime
        | TallyKind::QueueTime
        | TallyKind::TicketReply
        | TallyKind::ResolutionTime => Placed::Nowhere,
    }
}

fn compare(kept: &BTreeMap<Key, i64>, found: &BTreeMap<Key, i64>, verified: &mut Verified) {
    let keys: std::collections::BTreeSet<&Key> = kept.keys().chain(found.keys()).collect();
    for key in keys {
        verified.checked += 1;
        let (kept, found) =
            (kept.get(key).copied().unwrap_or_default(), found.get(key).copied().unwrap_or_default());
        if kept != found {
            let (workspace, day, kind, subject, name) = key.clone();
            let day = (day != 0).then_some(day);
            verified.differences.push(CountDifference { workspace, day, kind, subject, name, kept, found });
        }
    }
}
