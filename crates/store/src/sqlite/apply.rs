//! Which change is written by which function.

use super::{
    access, apply_dead, apply_definitions, apply_early, apply_erase, apply_extensions, apply_feed,
    apply_jobs, apply_merge, apply_messages, apply_outbox, apply_parked, apply_past, apply_people,
    apply_search, apply_sessions, apply_settings, apply_tickets, archives, audit, channel_events, codes,
    consents, households, kept_calls, media, message_search, programmes, schedules, table_sources,
    template_syncs, tokens, webhooks, writer::SideEffects,
};
use crate::{
    Change, Unit, UnitDone, UnitError,
    sql::{self, Connection},
};

/// Applies all changes of a unit, within its savepoint.
pub(crate) fn unit(conn: &Connection, unit: &Unit, side: &mut SideEffects) -> Result<UnitDone, UnitError> {
    let mut done = UnitDone::default();
    side.search_later = unit.search_later;
    let begun = unit.acting.as_deref().map(|acting| audit::begin(conn, acting, unit)).transpose()?;
    for change in &unit.changes {
        one(conn, change, &mut done, side)?;
    }
    if let Some(begun) = begun {
        begun.finish(conn)?;
    }
    side.feed.unit(unit);
    if let Some(workspace) = side.definitions_of {
        apply_definitions::raise_version(conn, workspace)?;
    }
    Ok(done)
}

// tidy: table
fn one(
    conn: &Connection,
    change: &Change,
    done: &mut UnitDone,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    match change {
        Change::NewContact(new) => apply_people::new_contact(conn, new, side.search_later)?,
        Change::Contact(update) => apply_people::contact(conn, update, side.search_later)?,
        Change::Tell(tell) => {
            if apply_outbox::tell(conn, tell, side)? {
                done.claimed.extend(tell.outbox.as_ref().map(|new| new.id));
            }
        }
        Change::NewUrn(new) => apply_people::new_urn(conn, new)?,
        Change::Urn(workspace, contact, urn) => apply_people::urn(conn, *workspace, *contact, urn)?,
        Change::RemoveUrn(workspace, contact, urn) => {
            apply_people::remove_urn(conn, *workspace, *contact, *urn)?;
        }
        Change::JoinGroup(workspace, contact, group, at) => {
            apply_people::join_group(conn, *workspace, *contact, *group, *at)?;
        }
        Change::LeaveGroup(workspace, contact, group) => {
            apply_people::leave_group(conn, *workspace, *contact, *group)?;
        }
        Change::Message(message) => apply_messages::insert(conn, message, side)?,
        Change::PastMessages(past) => apply_past::messages(conn, past, side)?,
        Change::Status(status) => done.statuses.push(apply_messages::status(conn, status, side)?),
        Change::Label(label) => apply_messages::label(conn, label)?,
        Change::Unlabel(label) => apply_messages::unlabel(conn, label)?,
        Change::Visibility(workspace, message, visibility, at) => {
            apply_messages::visibility(conn, (*workspace, *message), *visibility, *at)?;
        }
        Change::ArchiveMessages(workspace, contact, at) => {
            apply_messages::archive_all(conn, *workspace, *contact, *at)?;
        }
        Change::Handled(workspace, message, flow, reason, at) => {
            apply_messages::handled(conn, (*workspace, *message), *flow, reason.as_deref(), *at, side)?;
        }
        Change::Session(session) => apply_sessions::session(conn, session)?,
        Change::EndSession(workspace, session, status, at) => {
            apply_sessions::end(conn, *workspace, *session, *status, *at)?;
        }
        Change::Run(run) => apply_sessions::run(conn, run)?,
        Change::ChannelEvent(row) => channel_events::insert(conn, row)?,
        Change::Event(event) => apply_sessions::event(conn, event)?,
        Change::SetTimer(timer) => apply_sessions::set_timer(conn, timer)?,
        Change::ClearTimer(workspace, contact, kind, session) => {
            apply_sessions::clear_timer(conn, *workspace, *contact, *kind, *session)?;
        }
        Change::TakeTimer(timer) => apply_sessions::take_timer(conn, timer)?,
        Change::SetReminder(reminder) => apply_extensions::set_reminder(conn, reminder)?,
        Change::CancelReminders(workspace, contact, key) => {
            apply_extensions::cancel_reminders(conn, *workspace, *contact, key.as_deref())?;
        }
        Change::Outcome(outcome) => apply_extensions::outcome(conn, outcome)?,
        Change::Outbox(new) => {
            if apply_outbox::insert(conn, new)? {
                done.claimed.push(new.id);
            }
        }
        Change::FinishOutbox(workspace, id) => apply_outbox::finish(conn, *workspace, *id)?,
        Change::FinishSent(id, status) => {
            let finished = apply_outbox::remove(conn, status.workspace, *id)?;
            if finished {
                apply_messages::status(conn, status, side)?;
            }
            done.finished.push(finished);
        }
        Change::RetryOutbox(retry) => done.released.extend(apply_outbox::retry(conn, retry)?),
        Change::KillOutbox(workspace, id, reason) => apply_outbox::kill(conn, *workspace, *id, reason)?,
        Change::FailSent(id, status) => {
            done.finished.push(apply_dead::fail(conn, *id, status, side)?);
        }
        Change::ReviveOutbox(revive) => done.revived.push(apply_dead::revive(conn, revive, side)?),
        Change::DiscardDead(workspace, id) => apply_dead::discard(conn, *workspace, *id)?,
        Change::SettleEarly(report, before) => {
            done.statuses.extend(apply_early::settle(conn, report, *before, side)?);
        }
        Change::DropQueued(workspace, contact, reason, at) => {
            let dropped = apply_outbox::drop_queued(conn, (*workspace, *contact), reason, *at, side)?;
            done.dropped.extend(dropped);
        }
        Change::ParkJob(workspace, job) => {
            done.dropped.extend(apply_parked::park(conn, *workspace, *job)?);
        }
        Change::Unpark(revive) => apply_parked::unpark(conn, revive, side)?,
        Change::DropJob(workspace, job, reason, at) => {
            done.dropped.extend(apply_parked::drop_job(conn, (*workspace, *job), reason, *at, side)?);
        }
        Change::ReopenJob(job) => apply_jobs::reopen(conn, job, side)?,
        Change::CancelEffects(workspace, contact, session) => {
            apply_outbox::cancel_effects(conn, *workspace, *contact, *session)?;
        }
        Change::NewTicket(ticket) => apply_tickets::insert(conn, ticket, side)?,
        Change::Ticket(change) => apply_tickets::change(conn, change, side)?,
        Change::NewJob(job) => apply_jobs::insert(conn, job, side)?,
        Change::Job(job) => apply_jobs::update(conn, job, side)?,
        Change::JobSpec(workspace, job, spec) => apply_jobs::spec(conn, *workspace, *job, spec)?,
        Change::Seen(workspace, contact, day) => apply_people::seen(conn, *workspace, *contact, *day, side)?,
        Change::Tallies(tallies) => {
            tallies.iter().for_each(|(tally, by)| side.tallies.add(tally.clone(), *by))
        }
        Change::Setting(row) => apply_settings::set(conn, row)?,
        Change::ClearSetting(name) => apply_settings::clear(conn, name)?,
        Change::RateUse(row) => apply_settings::rate_use(conn, row)?,
        Change::ForgetRates(before) => apply_settings::forget_rates(conn, *before)?,
        Change::LeftOut(left_out) => apply_jobs::left_out(conn, left_out)?,
        Change::JobChunk(chunk) => apply_jobs::chunk(conn, chunk)?,
        Change::ForgetJobFiles(workspace, job) => apply_jobs::forget_files(conn, *workspace, *job)?,
        Change::JobWeight(workspace, weight) => apply_jobs::weight(conn, *workspace, *weight)?,
        Change::NewSchedule(new) => schedules::insert(conn, new)?,
        Change::Schedule(row) => schedules::update(conn, row)?,
        Change::RemoveSchedule(workspace, id) => schedules::remove(conn, *workspace, *id)?,
        Change::NewMedia(row) => media::insert(conn, row)?,
        Change::Media(row) => media::update(conn, row)?,
        Change::IndexContact(workspace, contact) => apply_search::catch_up(conn, *workspace, *contact)?,
        Change::PruneFeed(before) => apply_feed::prune(conn, *before)?,
        Change::Merge(merged) => apply_merge::merge(conn, merged)?,
        Change::Consent(row) => consents::insert(conn, row)?,
        Change::ContactNote(row) => consents::insert_note(conn, row)?,
        Change::Erase(workspace, contact, at) => apply_erase::erase(conn, *workspace, *contact, *at)?,
        Change::NewToken(row) => tokens::insert(conn, row)?,
        Change::RemoveToken(workspace, uuid) => tokens::remove(conn, *workspace, *uuid)?,
        Change::KeepCall(call) => kept_calls::keep(conn, call)?,
        Change::AnswerCall(key, answer) => kept_calls::answered(conn, key, answer)?,
        Change::ForgetCalls(before) => kept_calls::forget(conn, *before)?,
        Change::Access(change) => access::change(conn, change, side)?,
        Change::NewSubscription(new) => programmes::insert(conn, new)?,
        Change::Subscription(row) => programmes::update(conn, row)?,
        Change::EndSubscriptions(workspace, contact, reason, at) => {
            programmes::end_all(conn, *workspace, *contact, reason, *at)?;
        }
        Change::Delivery(row) => programmes::delivery(conn, row)?,
        Change::ProgrammeEvent(row) => programmes::event(conn, row)?,
        Change::Household(change) => households::apply(conn, change)?,
        Change::Code(change) => codes::apply(conn, change)?,
        Change::Registration(row) => households::register(conn, row)?,
        Change::IndexMessages(new) => message_search::index(conn, new)?,
        Change::Retention(row) => archives::retain(conn, row)?,
        Change::Archive(row) => archives::save(conn, row)?,
        Change::DropPast(workspace, past) => archives::drop_past(conn, *workspace, past)?,
        Change::ErasedFromArchives(workspace, contacts) => archives::erased(conn, *workspace, contacts)?,
        Change::Note(_) => {}
        Change::Webhook(change) => webhooks::apply(conn, change)?,
        Change::TableSource(change) => table_sources::apply(conn, change)?,
        Change::TemplateSync(change) => template_syncs::apply(conn, change)?,
        Change::Definition(workspace, change) => {
            side.definitions_of = Some(*workspace);
            apply_definitions::change(conn, *workspace, change)?;
        }
    }
    Ok(())
}

/// Whether everything that can be refused will be taken, asked before anything is written. A unit that passes needs
/// no savepoint, which costs a copy of every page it touches. `false`: it cannot be told beforehand.
// tidy: table
pub(super) fn check(conn: &Connection, unit: &Unit) -> Result<bool, UnitError> {
    let mut sure = true;
    for change in &unit.changes {
        match change {
            Change::NewContact(new) => {
                for urn in &new.urns {
                    apply_people::check_urn_free(conn, new.contact.workspace, urn)?;
                }
            }
            Change::Contact(update) => apply_people::check_version(conn, update)?,
            Change::NewUrn(new) => apply_people::check_urn_free(conn, new.workspace, &new.urn)?,
            Change::Message(message) => apply_messages::check_new(conn, message)?,
            Change::Handled(workspace, message, ..) => {
                apply_messages::check_pending(conn, *workspace, *message)?;
            }
            Change::TakeTimer(timer) => apply_sessions::check_timer(conn, timer)?,
            Change::FinishOutbox(workspace, id) | Change::KillOutbox(workspace, id, _) => {
                apply_outbox::check(conn, *workspace, *id)?;
            }
            Change::DiscardDead(workspace, id) => apply_dead::check(conn, *workspace, *id)?,
            Change::RetryOutbox(retry) => apply_outbox::check(conn, retry.workspace, retry.id)?,
            Change::Job(job) => apply_jobs::check(conn, job)?,
            Change::Schedule(row) => schedules::check(conn, row)?,
            Change::Media(row) => media::check(conn, row)?,
            Change::Subscription(row) => programmes::check(conn, row)?,
            Change::Definition(..)
            | Change::ReopenJob(_)
            | Change::Archive(_)
            | Change::IndexMessages(_)
            | Change::Webhook(_)
            | Change::TableSource(_)
            | Change::TemplateSync(_)
            | Change::NewSchedule(_)
            | Change::NewSubscription(_)
            | Change::Code(_)
            | Change::Registration(_)
            | Change::Delivery(_)
            | Change::RemoveSchedule(..)
            | Change::Merge(_)
            | Change::NewToken(_)
            | Change::KeepCall(_)
            | Change::Access(_)
            | Change::RemoveToken(..) => sure = false,
            Change::Urn(..)
            | Change::RemoveUrn(..)
            | Change::JoinGroup(..)
            | Change::LeaveGroup(..)
            | Change::PastMessages(_)
            | Change::Status(_)
            | Change::Label(_)
            | Change::Unlabel(_)
            | Change::Visibility(..)
            | Change::ArchiveMessages(..)
            | Change::Session(_)
            | Change::Run(_)
            | Change::ChannelEvent(_)
            | Change::Event(_)
            | Change::SetTimer(_)
            | Change::ClearTimer(..)
            | Change::SetReminder(_)
            | Change::CancelReminders(..)
            | Change::Outcome(_)
            | Change::Outbox(_)
            | Change::FinishSent(..)
            | Change::FailSent(..)
            | Change::ReviveOutbox(_)
            | Change::SettleEarly(..)
            | Change::DropQueued(..)
            | Change::ParkJob(..)
            | Change::Unpark(_)
            | Change::DropJob(..)
            | Change::CancelEffects(..)
            | Change::NewJob(_)
            | Change::JobSpec(..)
            | Change::LeftOut(_)
            | Change::Tell(_)
            | Change::JobChunk(_)
            | Change::ForgetJobFiles(..)
            | Change::JobWeight(..)
            | Change::NewTicket(_)
            | Change::Setting(_)
            | Change::ClearSetting(_)
            | Change::RateUse(_)
            | Change::ForgetRates(_)
            | Change::AnswerCall(..)
            | Change::ForgetCalls(_)
            | Change::Ticket(_)
            | Change::Seen(..)
            | Change::Tallies(_)
            | Change::PruneFeed(_)
            | Change::EndSubscriptions(..)
            | Change::ProgrammeEvent(_)
            | Change::Household(_)
            | Change::Note(_)
            | Change::IndexContact(..)
            | Change::NewMedia(_)
            | Change::Retention(_)
            | Change::DropPast(..)
            | Change::ErasedFromArchives(..)
            | Change::Erase(..)
            | Change::Consent(_)
            | Change::ContactNote(_)
            | Change::EndSession(..) => {}
        }
    }
    Ok(sure)
}

/// Turns a broken uniqueness into what it means here.
pub(super) fn unless_taken(error: sql::Error, meaning: UnitError) -> UnitError {
    if error.is_taken() { meaning } else { error.into() }
}
