//! Writes who is alive and who holds which lease. These are transactions of their own, beside the writer's groups, and
//! the same on both databases.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    apply_outbox,
    read_nodes::{self, NODES, node_row},
};
use crate::{
    Beat, IdSource, LeaseName, NewNode, NodeState, Recovered, Registered, Registration, Standing,
    migrate::{self, CURRENT},
    sql::{self, Connection},
};

/// Enters a node, unless one of its name is there or all slots are taken.
pub(crate) fn register(conn: &Connection, new: &NewNode, now: Timestamp) -> sql::Result<Registration> {
    let lock = "UPDATE node_registry SET last_run = last_run + 0 WHERE id = 1 RETURNING last_run";
    let last_run = sql::one(conn, lock, &[], |row| row.get::<i64>(0))?.unwrap_or(0);
    // The schema may have gone on since the store was opened.
    let newest = sql::one(conn, "SELECT max(version) FROM schema_migration", &[], |row| row.get::<i64>(0))?;
    if let Some(found) = newest.filter(|found| *found > CURRENT)
        && !migrate::is_served_by(conn, found)?
    {
        return Ok(Registration::Outdated { found, known: CURRENT });
    }
    if new.alone {
        sql::exec(conn, "DELETE FROM node", &[])?;
    }
    let text = format!("{NODES} WHERE name = $1");
    if let Some(row) = sql::one(conn, &text, &[&new.name], node_row)? {
        return Ok(Registration::NameTaken(Box::new(row)));
    }
    let taken: BTreeSet<i64> =
        sql::all::<_, sql::Error>(conn, "SELECT slot FROM node", &[], |row| row.get(0))?
            .into_iter()
            .collect();
    let Some(slot) = (0..IdSource::NODE_SLOTS).find(|slot| !taken.contains(&i64::from(*slot))) else {
        return Ok(Registration::Full(taken.len()));
    };
    // Whoever had the slot before can write no more, so its numbers end here.
    let highest = read_nodes::highest_id(conn)?;
    let run = IdSource::new(slot, highest).next(now).max(last_run + 1);
    sql::exec(conn, "UPDATE node_registry SET last_run = $1 WHERE id = 1", &[&run])?;
    let (at, ttl) = (now.as_microsecond(), i64::try_from(new.ttl.as_micros()).unwrap_or(i64::MAX));
    sql::exec(
        conn,
        "INSERT INTO node (run, name, slot, version, schema_version, address, host, process, ttl, started_on, beat_on,
             state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            &run,
            &new.name,
            &i64::from(slot),
            &new.version,
            &CURRENT,
            &new.address,
            &new.host,
            &new.process,
            &ttl,
            &at,
            &at,
            &NodeState::Running.as_str(),
        ],
    )?;
    Ok(Registration::Done(Registered { run, slot, highest }))
}

/// Says that a run is alive, if it is, and how it stands; answers who else is.
pub(crate) fn beat(conn: &Connection, run: i64, standing: Standing, now: Timestamp) -> sql::Result<Beat> {
    let text = "UPDATE node SET beat = beat + 1, beat_on = $1, state = $2, spool_from = $3 WHERE run = $4";
    let spool_from = standing.spool_from.map(Timestamp::as_microsecond);
    let alive =
        sql::exec(conn, text, &[&now.as_microsecond(), &standing.state.as_str(), &spool_from, &run])? == 1;
    Ok(Beat { alive, nodes: read_nodes::nodes(conn)?, leases: read_nodes::leases(conn)? })
}

/// Ends a run, if it is there and, where one is given, its beat is still this one. What it had in hand is given back.
/// On PostgreSQL this waits for the end of what the run is writing just now: each of its transactions holds its row.
pub(crate) fn evict(
    conn: &Connection,
    run: i64,
    beat: Option<i64>,
    now: Timestamp,
) -> sql::Result<Option<Recovered>> {
    let text = "DELETE FROM node WHERE run = $1 AND beat = coalesce($2, beat)";
    if sql::exec(conn, text, &[&run, &beat])? == 0 {
        return Ok(None);
    }
    sql::exec(conn, "UPDATE lease SET run = 0 WHERE run = $1", &[&run])?;
    apply_outbox::recover_of(conn, run, now).map(Some)
}

/// Takes a lease for a run, unless another that is alive has it. Answers its new count.
pub(crate) fn take_lease(
    conn: &Connection,
    name: LeaseName,
    run: i64,
    now: Timestamp,
) -> sql::Result<Option<i64>> {
    let text =
        "INSERT INTO lease (name, run, fence, taken_on) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO NOTHING";
    sql::exec(conn, text, &[&name.as_str()])?;
    // The row is locked before its holder is looked up: one that came meanwhile is seen.
    let lock = "UPDATE lease SET fence = fence + 0 WHERE name = $1 RETURNING run";
    let holder = sql::one(conn, lock, &[&name.as_str()], |row| row.get::<i64>(0))?.unwrap_or(0);
    let is_alive = |run: i64| -> sql::Result<bool> {
        let text = "SELECT run FROM node WHERE run = $1";
        Ok(sql::one(conn, text, &[&run], |row| row.get::<i64>(0))?.is_some())
    };
    if !is_alive(run)? || (holder != run && holder != 0 && is_alive(holder)?) {
        return Ok(None);
    }
    let text = "UPDATE lease SET run = $1, fence = fence + 1, taken_on = $2 WHERE name = $3 RETURNING fence";
    sql::one(conn, text, &[&run, &now.as_microsecond(), &name.as_str()], |row| row.get(0))
}

/// Gives a lease back that a run has.
pub(crate) fn give_back_lease(conn: &Connection, name: LeaseName, run: i64) -> sql::Result<()> {
    sql::exec(conn, "UPDATE lease SET run = 0 WHERE name = $1 AND run = $2", &[&name.as_str(), &run])?;
    Ok(())
}
