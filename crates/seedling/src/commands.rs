//! Every command of the binary, one file each.

mod archive;
mod audit;
mod broadcast;
mod canned_reply;
mod channel;
mod code;
mod contact;
mod demo;
mod drill;
mod export;
mod feature;
mod feed;
mod flow;
mod global;
mod import;
mod init;
mod job;
mod location;
mod media;
mod migrate_rapidpro;
mod move_store;
mod node;
mod optin;
mod outbox;
mod programme;
mod report;
mod rows;
mod schedule;
mod service;
mod shed;
mod table;
mod team;
mod template;
mod token;
mod trigger;
mod user;
mod verify;
mod webhook;
mod workspace;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

/// Shown below `seedling --help`.
pub const EXAMPLE: &str = "\
Example:
  seedling demo                      a programme to talk to, in a temporary folder
  seedling drill load --rate 500     how much this machine takes";

/// What the binary can do.
#[derive(Subcommand)]
pub enum Command {
    /// Talk to a programme at once: chat page and carrier included
    Demo(demo::Demo),
    /// Make a data folder with a workspace and its administrator
    Init(init::Init),
    /// Take messages from carriers and browsers, and answer them
    Serve(crate::serve::Serve),
    /// The nodes that share a database: who serves, since when, in which version
    Node(node::Node),
    /// Bring in flows, fields, groups, triggers and campaigns from an export
    Import(import::Import),
    /// Write flows with everything they need, for RapidPro or another Seedling
    Export(export::Export),
    /// Old messages and runs in files, and how long rows are kept before
    Archive(archive::Archive),
    /// Files that people sent: move them to another place
    Media(media::Media),
    /// Messages, and what flows kept, as files
    Rows(rows::Rows),
    /// Values that all flows share
    Global(global::Global),
    /// Places of the country: states, districts, wards
    Location(location::Location),
    /// Lines to carriers
    Channel(channel::Channel),
    /// What has to leave and could not: the dead set
    Outbox(outbox::Outbox),
    /// What flows ask of others: language models, airtime, e-mail
    Service(service::Service),
    /// Reference data that flows look things up in
    Table(table::Table),
    /// Texts that carriers approve
    Template(template::Template),
    /// What people can agree to
    Optin(optin::Optin),
    /// Codes of clinics and personnel that registrations are checked against
    Code(code::Code),
    /// The people that a programme talks with: find them, count them
    Contact(contact::Contact),
    /// Copy a whole store to another database, and compare both
    Move(move_store::Move),
    /// Bring workspaces of a RapidPro 9 over, with the conversations that wait now
    MigrateRapidpro(migrate_rapidpro::MigrateRapidpro),
    /// What was counted: messages, people, flows, times
    Report(report::Report),
    /// What was committed, in order, for other programs
    Feed(feed::Feed),
    /// Whether counts and rows agree
    Verify(verify::Verify),
    /// What a workspace may use
    Feature(feature::Feature),
    /// Turn less valuable work off under pressure
    Shed(shed::Shed),
    /// Tell many people something, or start a flow for many
    Broadcast(broadcast::Broadcast),
    /// Broadcasts and flows that begin at moments set beforehand
    Schedule(schedule::Schedule),
    /// Messages in stages that people get one by one, by their week
    Programme(programme::Programme),
    /// Long work: how far it is, pause it, end it
    Job(job::Job),
    /// The settings of a workspace
    Workspace(workspace::Workspace),
    /// People who work in the console
    User(user::User),
    /// Agents who deal with the tickets of some topics only
    Team(team::Team),
    /// What agents answer often
    CannedReply(canned_reply::CannedReply),
    /// What programs prove themselves with to the API
    Token(token::Token),
    /// What starts flows: words, missed calls, new conversations
    Trigger(trigger::Trigger),
    /// Programs that are told what happens
    Webhook(webhook::Webhook),
    /// Who changed what
    Audit(audit::Audit),
    /// Flows in a file: check them, talk to them
    Flow(flow::Flow),
    /// Rehearse: load, crashes, a fake carrier
    Drill(drill::Drill),
}

impl Command {
    /// Does it. The exit code is part of the answer of commands that check something.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Demo(demo) => demo.run(),
            Self::Init(init) => briefly(init.run()),
            Self::Serve(serve) => serve.run(),
            Self::Node(node) => briefly(node.run()),
            Self::Import(import) => briefly(import.run()),
            Self::Export(export) => briefly(export.run()),
            Self::Archive(archive) => briefly(archive.run()),
            Self::Media(media) => briefly(media.run()),
            Self::Rows(rows) => briefly(rows.run()),
            Self::Global(global) => briefly(global.run()),
            Self::Location(location) => briefly(location.run()),
            Self::Channel(channel) => briefly(channel.run()),
            Self::Outbox(outbox) => briefly(outbox.run()),
            Self::Service(service) => briefly(service.run()),
            Self::Table(table) => briefly(table.run()),
            Self::Webhook(webhook) => briefly(webhook.run()),
            Self::Template(template) => briefly(template.run()),
            Self::Optin(optin) => briefly(optin.run()),
            Self::Code(code) => briefly(code.run()),
            Self::Contact(contact) => briefly(contact.run()),
            Self::Move(moving) => moving.run(),
            Self::MigrateRapidpro(migrate) => migrate.run(),
            Self::Report(report) => briefly(report.run()),
            Self::Feed(feed) => briefly(feed.run()),
            Self::Verify(verify) => briefly(verify.run()),
            Self::Feature(feature) => briefly(feature.run()),
            Self::Shed(shed) => briefly(shed.run()),
            Self::Broadcast(broadcast) => briefly(broadcast.run()),
            Self::Schedule(schedule) => briefly(schedule.run()),
            Self::Programme(programme) => briefly(programme.run()),
            Self::Job(job) => briefly(job.run()),
            Self::Workspace(workspace) => briefly(workspace.run()),
            Self::User(user) => briefly(user.run()),
            Self::Team(team) => briefly(team.run()),
            Self::CannedReply(reply) => briefly(reply.run()),
            Self::Token(token) => briefly(token.run()),
            Self::Trigger(trigger) => briefly(trigger.run()),
            Self::Audit(audit) => briefly(audit.run()),
            Self::Flow(flow) => flow.run(),
            Self::Drill(drill) => briefly(drill.run()),
        }
    }
}

/// Runs on one thread. Commands do one thing and end; a drill shares the machine with the node that it measures.
fn briefly(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}
