//! Which things a change is about, for the rows that somebody's doing leaves. What follows of itself, such as timers, counts
//! and what is on its way to a carrier, is nobody's doing.

use domain::WorkspaceId;
use smol_str::SmolStr;
use uuid::Uuid;

use super::kinds::{self, Kind};
use crate::{
    AccessChange, Change, CodeChange, DefinitionChange, Direction, HouseholdChange, TableSourceChange,
    TemplateSyncChange, TicketEdit, WebhookChange,
};

/// What a thing is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The number of its row.
    Id(i64),
    /// Its public identifier.
    Uuid(Uuid),
    /// What another column says.
    Text(&'static str, SmolStr),
    /// There is one for each workspace.
    Whole,
}

/// A thing that a change is about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub kind: &'static Kind,
    pub workspace: WorkspaceId,
    pub key: Key,
    /// What is done with it, where its row does not say so.
    pub verb: Option<&'static str>,
}

/// The thing that a change is about, if it is about one.
// tidy: table
pub(super) fn subject(change: &Change) -> Option<Subject> {
    let about = |kind, workspace, key| Some(Subject { kind, workspace, key, verb: None });
    let did = |verb, kind, workspace, key| Some(Subject { kind, workspace, key, verb: Some(verb) });
    let id = Key::Id;
    match change {
        Change::NewContact(new) => about(&kinds::CONTACT, new.contact.workspace, id(new.contact.id.0)),
        Change::Contact(update) => about(&kinds::CONTACT, update.contact.workspace, id(update.contact.id.0)),
        Change::NewUrn(new) => about(&kinds::CONTACT, new.workspace, id(new.contact.0)),
        Change::Urn(workspace, contact, _)
        | Change::RemoveUrn(workspace, contact, _)
        | Change::JoinGroup(workspace, contact, ..)
        | Change::LeaveGroup(workspace, contact, _) => about(&kinds::CONTACT, *workspace, id(contact.0)),
        Change::Erase(workspace, contact, _) => did("erased", &kinds::CONTACT, *workspace, id(contact.0)),
        Change::Merge(merged) => did("merged", &kinds::CONTACT, merged.workspace, id(merged.from.0)),
        Change::ContactNote(row) => did("noted", &kinds::CONTACT, row.workspace, id(row.contact.0)),
        Change::Consent(row) => {
            let verb = if row.given { "consent_given" } else { "consent_withdrawn" };
            did(verb, &kinds::CONTACT, row.workspace, id(row.contact.0))
        }
        Change::ArchiveMessages(workspace, contact, _) => {
            did("messages_archived", &kinds::CONTACT, *workspace, id(contact.0))
        }
        Change::EndSubscriptions(workspace, contact, ..) => {
            did("subscriptions_ended", &kinds::CONTACT, *workspace, id(contact.0))
        }
        // What a flow says is the flow's doing.
        Change::Message(new) if new.direction == Direction::Out && new.flow.is_none() => {
            about(&kinds::MESSAGE, new.workspace, id(new.id.0))
        }
        Change::Label(label) | Change::Unlabel(label) => {
            about(&kinds::MESSAGE, label.workspace, id(label.message.0))
        }
        Change::Visibility(workspace, message, ..) => about(&kinds::MESSAGE, *workspace, id(message.0)),
        Change::NewTicket(row) => about(&kinds::TICKET, row.workspace, id(row.id.0)),
        Change::Ticket(change) => {
            let verb = match change.edit {
                TicketEdit::Note(_) => Some("noted"),
                TicketEdit::Reply { .. } => Some("replied"),
                TicketEdit::Status(_) | TicketEdit::Topic(_) | TicketEdit::Assignee(_) => None,
            };
            Some(Subject {
                kind: &kinds::TICKET,
                workspace: change.workspace,
                key: Key::Uuid(change.ticket.0),
                verb,
            })
        }
        Change::ParkJob(workspace, job) => did("held", &kinds::JOB, *workspace, id(job.0)),
        Change::DropJob(workspace, job, ..) => did("stopped", &kinds::JOB, *workspace, id(job.0)),
        Change::JobSpec(workspace, job, _) => about(&kinds::JOB, *workspace, id(job.0)),
        Change::NewJob(row) | Change::Job(row) | Change::ReopenJob(row) => {
            about(&kinds::JOB, row.workspace, id(row.id.0))
        }
        Change::ForgetJobFiles(workspace, job) => did("files_removed", &kinds::JOB, *workspace, id(job.0)),
        Change::JobWeight(workspace, _) => about(&kinds::WORKSPACE, *workspace, id(workspace.0)),
        Change::Setting(row) => about(&kinds::SETTING, WorkspaceId(0), Key::Text("name", row.name.clone())),
        Change::ClearSetting(name) => about(&kinds::SETTING, WorkspaceId(0), Key::Text("name", name.clone())),
        Change::NewSchedule(row) | Change::Schedule(row) => {
            about(&kinds::SCHEDULE, row.workspace, id(row.id.0))
        }
        Change::RemoveSchedule(workspace, schedule) => about(&kinds::SCHEDULE, *workspace, id(schedule.0)),
        Change::NewMedia(row) => about(&kinds::MEDIA, row.workspace, id(row.id.0)),
        Change::NewToken(row) => about(&kinds::TOKEN, row.workspace, id(row.id.0)),
        Change::RemoveToken(workspace, token) => about(&kinds::TOKEN, *workspace, Key::Uuid(token.0)),
        Change::NewSubscription(row) | Change::Subscription(row) => {
            about(&kinds::SUBSCRIPTION, row.workspace, id(row.id.0))
        }
        Change::ReviveOutbox(revive) => did("retried", &kinds::OUTBOX, revive.workspace, id(revive.id.0)),
        Change::DiscardDead(workspace, outbox) => did("discarded", &kinds::OUTBOX, *workspace, id(outbox.0)),
        Change::Household(HouseholdChange::Join(member)) => {
            did("household_joined", &kinds::CONTACT, member.workspace, id(member.contact.0))
        }
        Change::Household(HouseholdChange::Leave(workspace, _, contact)) => {
            did("household_left", &kinds::CONTACT, *workspace, id(contact.0))
        }
        Change::Code(CodeChange::Save(row) | CodeChange::Draw(row)) => {
            about(&kinds::CODE, row.workspace, id(row.id.0))
        }
        Change::Registration(row) => did("registered", &kinds::CONTACT, row.workspace, id(row.contact.0)),
        Change::Retention(row) => about(&kinds::RETENTION, row.workspace, Key::Whole),
        Change::Access(change) => access(change),
        Change::Definition(workspace, change) => definition(*workspace, change),
        Change::Webhook(change) => webhook(change),
        Change::TableSource(TableSourceChange::Set(row)) => {
            about(&kinds::TABLE_SOURCE, row.workspace, Key::Text("name", row.name.clone()))
        }
        Change::TableSource(TableSourceChange::Remove(workspace, name)) => {
            about(&kinds::TABLE_SOURCE, *workspace, Key::Text("name", name.clone()))
        }
        Change::TableSource(TableSourceChange::Update(_))
        | Change::TemplateSync(TemplateSyncChange::Done(_)) => None,
        Change::TemplateSync(TemplateSyncChange::Ask(workspace, channel, _)) => {
            did("synced", &kinds::CHANNEL, *workspace, id(channel.0))
        }
        Change::Note(_)
        | Change::Message(_)
        | Change::Tell(_)
        | Change::PastMessages(_)
        | Change::Status(_)
        | Change::Session(_)
        | Change::EndSession(..)
        | Change::Run(_)
        | Change::ChannelEvent(_)
        | Change::Event(_)
        | Change::SetTimer(_)
        | Change::ClearTimer(..)
        | Change::TakeTimer(_)
        | Change::SetReminder(_)
        | Change::CancelReminders(..)
        | Change::Outcome(_)
        | Change::Outbox(_)
        | Change::FinishOutbox(..)
        | Change::FinishSent(..)
        | Change::RetryOutbox(_)
        | Change::KillOutbox(..)
        | Change::FailSent(..)
        | Change::SettleEarly(..)
        | Change::DropQueued(..)
        | Change::Unpark(_)
        | Change::Archive(_)
        | Change::DropPast(..)
        | Change::IndexMessages(_)
        | Change::ErasedFromArchives(..)
        | Change::CancelEffects(..)
        | Change::Handled(..)
        | Change::Seen(..)
        | Change::Tallies(_)
        | Change::RateUse(_)
        | Change::ForgetRates(_)
        | Change::LeftOut(_)
        | Change::JobChunk(_)
        | Change::Media(_)
        | Change::IndexContact(..)
        | Change::PruneFeed(_)
        | Change::KeepCall(_)
        | Change::AnswerCall(..)
        | Change::ForgetCalls(_)
        | Change::Code(CodeChange::Import(..) | CodeChange::Retire(..))
        | Change::Delivery(_)
        | Change::ProgrammeEvent(_) => None,
    }
}

fn access(change: &AccessChange) -> Option<Subject> {
    let about = |kind, workspace, key| Some(Subject { kind, workspace, key, verb: None });
    let (nowhere, email) = (WorkspaceId(0), |email: &SmolStr| Key::Text("email", email.clone()));
    match change {
        AccessChange::Login(row) => about(&kinds::LOGIN, nowhere, email(&row.email)),
        AccessChange::SignIn(row) => about(&kinds::SESSION, row.workspace, Key::Id(row.id.0)),
        AccessChange::EnterWorkspace(id, workspace, _) => Some(Subject {
            kind: &kinds::SESSION,
            workspace: *workspace,
            key: Key::Id(id.0),
            verb: Some("entered"),
        }),
        AccessChange::Proved(id) => about(&kinds::SESSION, nowhere, Key::Id(id.0)),
        AccessChange::End(uuid) => about(&kinds::SESSION, nowhere, Key::Uuid(uuid.0)),
        AccessChange::Link(row) => about(&kinds::LINK, row.workspace, Key::Id(row.id.0)),
        AccessChange::TakeLink(workspace, uuid) => about(&kinds::LINK, *workspace, Key::Uuid(uuid.0)),
        AccessChange::Rule(row) => about(&kinds::RULE, row.workspace, Key::Whole),
        AccessChange::RemoveUser(workspace, user) => about(&kinds::USER, *workspace, Key::Id(user.0)),
        AccessChange::ExpectLogin(..)
        | AccessChange::Seen(..)
        | AccessChange::EndAll(..)
        | AccessChange::Tidy { .. }
        | AccessChange::KeepAdministrator(_) => None,
    }
}

fn webhook(change: &WebhookChange) -> Option<Subject> {
    let kind = &kinds::WEBHOOK;
    let about =
        |workspace, id: domain::WebhookId, verb| Some(Subject { kind, workspace, key: Key::Id(id.0), verb });
    match change {
        WebhookChange::New(row) | WebhookChange::Update(row) => about(row.workspace, row.id, None),
        WebhookChange::Remove(workspace, id) => about(*workspace, *id, None),
        WebhookChange::Rewind(workspace, id, _) => about(*workspace, *id, Some("replayed")),
        WebhookChange::Revive(workspace, id, _) => about(*workspace, *id, Some("retried")),
        WebhookChange::Deliveries(_)
        | WebhookChange::Answered(_)
        | WebhookChange::Forget(..)
        | WebhookChange::Called(_) => None,
    }
}

// tidy: table
fn definition(workspace: WorkspaceId, change: &DefinitionChange) -> Option<Subject> {
    let about = |kind, id| Some(Subject { kind, workspace, key: Key::Id(id), verb: None });
    let did = |verb, kind, id| Some(Subject { kind, workspace, key: Key::Id(id), verb: Some(verb) });
    match change {
        DefinitionChange::Expect(_) | DefinitionChange::FormerZone(_) => None,
        DefinitionChange::NewWorkspace(row) | DefinitionChange::Workspace(row) => {
            about(&kinds::WORKSPACE, row.id.0)
        }
        DefinitionChange::User(row) => about(&kinds::USER, row.id.0),
        DefinitionChange::Channel(row) => about(&kinds::CHANNEL, row.id.0),
        DefinitionChange::Field(row) => about(&kinds::FIELD, row.id.0),
        DefinitionChange::Group(row) => about(&kinds::GROUP, row.id.0),
        DefinitionChange::RemoveGroup(id) => about(&kinds::GROUP, id.0),
        DefinitionChange::Label(row) => about(&kinds::LABEL, row.id.0),
        DefinitionChange::RemoveLabel(id) => about(&kinds::LABEL, id.0),
        DefinitionChange::Global(row) => about(&kinds::GLOBAL, row.id.0),
        DefinitionChange::Locations(_) => {
            Some(Subject { kind: &kinds::LOCATIONS, workspace, key: Key::Whole, verb: None })
        }
        DefinitionChange::Flow(row) => about(&kinds::FLOW, row.id.0),
        DefinitionChange::Revision(row) => about(&kinds::FLOW, row.flow.0),
        DefinitionChange::Trigger(row) => about(&kinds::TRIGGER, row.id.0),
        DefinitionChange::RemoveTrigger(id) => about(&kinds::TRIGGER, id.0),
        DefinitionChange::Template(row) => about(&kinds::TEMPLATE, row.id.0),
        DefinitionChange::RemoveTemplate(id) => about(&kinds::TEMPLATE, id.0),
        DefinitionChange::Optin(row) => about(&kinds::OPTIN, row.id.0),
        DefinitionChange::RemoveTable(id) => about(&kinds::TABLE, id.0),
        DefinitionChange::Table(row) => about(&kinds::TABLE, row.id.0),
        DefinitionChange::TableContent(content) => did("filled", &kinds::TABLE, content.table.0),
        DefinitionChange::Campaign(row) => about(&kinds::CAMPAIGN, row.id.0),
        DefinitionChange::CampaignEvent(row) => about(&kinds::CAMPAIGN_EVENT, row.id.0),
        DefinitionChange::RemoveCampaignEvent(id) => about(&kinds::CAMPAIGN_EVENT, id.0),
        DefinitionChange::ClearCampaignEvents(campaign) => about(&kinds::CAMPAIGN, campaign.0),
        DefinitionChange::Feature(row) => Some(Subject {
            kind: &kinds::FEATURE,
            workspace,
            key: Key::Text("name", row.name.clone()),
            verb: None,
        }),
        DefinitionChange::Service(row) => about(&kinds::SERVICE, row.id.0),
        DefinitionChange::Resthook(row) => about(&kinds::RESTHOOK, row.id.0),
        DefinitionChange::Topic(row) => about(&kinds::TOPIC, row.id.0),
        DefinitionChange::Team(row) => about(&kinds::TEAM, row.id.0),
        DefinitionChange::RemoveTeam(id) => about(&kinds::TEAM, id.0),
        DefinitionChange::CannedReply(row) => about(&kinds::CANNED_REPLY, row.id.0),
        DefinitionChange::RemoveCannedReply(id) => about(&kinds::CANNED_REPLY, id.0),
        DefinitionChange::MessageSet(row) => about(&kinds::MESSAGE_SET, row.id.0),
        DefinitionChange::ProgrammeMessage(row) => about(&kinds::MESSAGE_SET, row.set.0),
        DefinitionChange::ClearProgrammeMessages(set) => did("messages_replaced", &kinds::MESSAGE_SET, set.0),
    }
}
