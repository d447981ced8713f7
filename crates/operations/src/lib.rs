//! One file, one operation, one transaction.
//!
//! Every input of the world, whether a message, a carrier's report, a timer or a click, is one operation: it loads
//! what it needs in one read, runs pure code in memory, and commits all changes as one unit. What must leave the
//! node is an outbox row of the same commit, and is handed to the dispatcher only afterwards ([`Committed`]).

mod access;
mod act_on_contacts;
mod act_on_messages;
mod add_channel;
mod add_service;
mod add_user;
mod archives;
mod batch;
mod bring_in;
mod broadcast;
mod campaigns;
mod canned_replies;
mod change_channel;
mod change_workspace;
mod codes;
mod complete_effect;
mod consent;
mod context;
mod counts;
mod create_workspace;
mod dead_set;
mod dispatch;
mod edit_definitions;
mod email_server;
mod export_definitions;
mod features;
mod fill_group;
mod find_contacts;
mod fire_timers;
mod happening;
mod import_export;
mod index_later;
mod index_messages;
mod inspected;
mod interrupt;
mod jobs;
mod keep_unhandled;
mod lanes;
mod locations;
mod media;
mod merge_contacts;
mod move_address;
mod note;
mod on_the_way;
mod once;
mod outgoing;
mod person;
mod person_data;
mod preview_broadcast;
mod programmes;
mod prune_feed;
mod receive;
mod record_sent;
mod record_status;
mod registry;
mod reminders;
mod reply_in_ticket;
mod save_campaign;
mod save_contact;
mod save_field;
mod save_global;
mod save_group;
mod save_label;
mod save_resthook;
mod save_template;
mod save_topic;
mod save_trigger;
mod schedules;
mod send_message;
mod services;
mod set_global;
mod shedding;
mod sheets;
mod sprint;
mod start_flow;
mod stop_contact;
mod table_sources;
mod tables;
mod tallies;
mod teams;
mod template_syncs;
mod ticket_report;
mod tickets;
mod tokens;
mod triggers;
mod turn;
mod webhooks;
mod window;
mod withdrawn;
mod workspace;

pub use access::{
    Accept, AccessError, Enrolment, INVITATION_LASTS, LETTER_LASTS, Letters, MAX_INVITATIONS, MAX_SIGN_INS,
    MAX_USER_NAME, MAX_WORKSPACES_OF_USER, MadeLink, Present, Provided, RESET_LASTS, SEEN_EVERY,
    SIGN_IN_IDLE, SIGN_IN_LASTS, SignIn, SignedIn, UserEdit, accept, begin_two_factor, change_password,
    change_user, check_password, confirm_two_factor, end_sign_in, end_two_factor, enter_workspace,
    finish_letter, forget_two_factor, forgot_password, invite, is_letter, letter_id, make_reset_link,
    needs_two_factor, present, prove_two_factor, put_off_letter, remove_user, require_two_factor,
    reset_password, sign_in, sign_in_provided, sign_out, uninvite, workspaces_of,
};
pub use act_on_contacts::{ContactAction, act_on_contacts};
pub use act_on_messages::{ActOnMessagesError, LabelNamed, MessageAction, act_on_messages};
pub use add_channel::{AddChannelError, NewChannel, add_channel};
pub use add_service::{AddServiceError, NewService, add_resthook_subscriber, add_service, add_topic};
pub use add_user::{AddUserError, NewUser, Role, add_user};
pub use archives::{
    ARCHIVE_LINK_FOR, BringBackError, BroughtBack, KEPT_DAYS_MAX, KEPT_DAYS_MIN, RetentionError,
    UnknownPeople, archive_date, archive_link, archive_what_is_due, begin_archiving, bring_back,
    is_archive_link, keep_archive, retention, set_retention,
};
pub use bring_in::{bring_in, plan_campaigns};
pub use broadcast::{
    Broadcast, BroadcastError, MAX_BROADCAST_CHARS, MAX_SOFT_START, Said, broadcast, broadcast_spec,
    preview_broadcast, soft_broadcast_spec,
};
pub use canned_replies::{
    CannedReplyEdit, MAX_CANNED_REPLIES, MAX_CANNED_REPLY_NAME, canned_reply_said, remove_canned_reply,
    save_canned_reply,
};
pub use change_channel::{
    ChangeChannelError, ChannelEdit, MAX_CHANNEL_NAME, change_channel, release_channel,
};
pub use change_workspace::{
    COLLATIONS, ChangeWorkspaceError, MAX_LANGUAGES, TIME_FORMATS, WorkspaceEdit, change_workspace,
};
pub use codes::{
    CodeError, CodesImported, MAX_CODE, MAX_CODE_KIND, MAX_CODE_NAME, MAX_CODES, MAX_CODES_BYTES, NewCode,
    WrongCode, check_code, code_kind, import_codes, save_code,
};
pub use complete_effect::{CompleteError, EffectDone, complete_effect, fail_effect};
pub use consent::{ConsentError, MAX_CONSENT_REASON, MAX_PURPOSE, MAX_SHOWN, NewConsent, record_consent};
pub use context::{Committed, Context, Fenced, SharedHost};
pub use counts::{
    Days, FlowFunnel, LineTimes, NodeReached, Spread, date_of, day_number, flow_funnels, line_names,
    line_times, repair_counts,
};
pub use create_workspace::{CreateWorkspaceError, NewWorkspace, create_workspace, create_workspace_with};
pub use dead_set::{Cleared, discard_dead, forget_dead, list_dead, retry_dead};
pub use dispatch::{Look, Room, claim_outbox, recover};
pub use edit_definitions::{SaveError, Saved};
pub use email_server::set_email_server;
pub use export_definitions::{
    ExportDefinitionsError, ExportRequest, ExportedDefinitions, export_definitions,
};
pub use features::{Feature, SetFeatureError, set_feature};
pub use fill_group::{FillGroupError, Filled, fill_group, misplaced};
pub use find_contacts::find_contacts;
pub use fire_timers::{Fired, fire_timers, fire_timers_of};
pub use import_export::{ImportError, import_export};
pub use index_later::index_later;
pub use index_messages::index_messages;
pub use inspected::inspected;
pub use interrupt::{InterruptError, interrupt};
pub use jobs::{
    ArchiveJob, BroadcastJob, ColumnError, ContactColumn, ContactFileError, ContactIntake, Exclude,
    ExportContactsJob, ExportDefinitionsJob, ExportRowsJob, FillGroupJob, ImportContactsJob,
    ImportDefinitionsJob, ImportErrors, JobError, JobSpec, MAX_CONTACT_FILE_BYTES, MAX_CONTACT_LINES,
    MadeFile, MadeFileError, NewJob, PlanCampaignJob, PlanProgrammesJob, Recipients, RowsFormat, RowsKind,
    SheetFormat, SoftStart, StartJob, StartedBy, confirm_import, create_job, export_contacts,
    export_definitions_later, export_rows, forget_old_files, held_since_soft_start, import_contacts,
    import_definitions_later, job_broke_off, read_job_file, release_broadcast, run_job_slice, set_job_status,
    set_job_weight, work_off,
};
pub use locations::{
    ImportLocationsError, LocationsReport, MAX_LOCATIONS_BYTES, ReadLocationsError, import_locations,
    read_locations,
};
pub use media::{FileEnd, claim_file, end_file, keep_upload};
pub use merge_contacts::{MergeError, merge_contacts};
pub use move_address::learn_address;
pub use note::note;
pub use on_the_way::{OnTheWay, Ticket, in_order};
pub use once::{forget_calls, keep_answer};
pub use person_data::PersonData;
pub use preview_broadcast::{MAX_PREVIEWED, Preview, PreviewLine, preview_of};
pub use programmes::{
    Anchor, ImportProgrammeError, Joined, MAX_MEMBERS, MAX_MESSAGE_SETS, MAX_PLANNED, MAX_PROGRAMME_BYTES,
    MAX_RECEIVERS, MISSED_AFTER, OWN_HOST, OptOut, OptOutKind, Planned, ProgrammeError, ProgrammeFile,
    ProgrammeFileError, ProgrammeImported, Receiver, Registered, Registration, StartAt, SubscribeTo, Switch,
    SwitchRule, answer_flow, import_programme, import_programme_messages, join_household, leave_household,
    opt_out, planned, read_programme, read_registration, register, resend_last, shown_registration,
    subscribe, switch, wrong_members,
};
pub use prune_feed::prune_feed;
pub use receive::{InboundItem, InboundKind, Receipt, ReceiveError, Stamp, receive};
pub use record_sent::{Recorded, SendOutcome, SentRecord, record_sent};
pub use record_status::{StatusReport, record_status, settle_early};
pub use registry::Registry;
pub use reply_in_ticket::{ReplyError, ReplyInTicket, reply_in_ticket};
pub use save_campaign::{
    MAX_CAMPAIGN_EVENTS, MAX_CAMPAIGN_NAME, MAX_CAMPAIGNS, Point, PointDoes, PointMode, PointNamed,
    remove_campaign_event, save_campaign, save_campaign_event,
};
pub use save_contact::{
    ContactEdit, MAX_CONTACT_NAME, MAX_NOTE, SaveContactError, SavedContact, Whom, save_contact,
};
pub use save_field::{MAX_FIELD_NAME, MAX_FIELDS, save_field};
pub use save_global::{GlobalNamed, save_global};
pub use save_group::{MAX_GROUP_NAME, MAX_GROUPS, MAX_QUERY, remove_group, save_group};
pub use save_label::{MAX_LABEL_NAME, MAX_LABELS, remove_label, save_label};
pub use save_resthook::{
    MAX_SUBSCRIBERS, Subscriber, remove_subscriber, save_subscriber, subscribers, unsubscribe,
};
pub use save_template::{
    MAX_OPTIN_NAME, MAX_TEMPLATE_NAME, MAX_TEMPLATE_TEXT, MAX_TEMPLATES, MAX_TRANSLATIONS, TranslationEdit,
    remove_template, save_optin, save_template,
};
pub use save_topic::{MAX_TOPIC_NAME, MAX_TOPICS, save_topic};
pub use save_trigger::{
    MAX_KEYWORD, MAX_KEYWORDS, MAX_REFERRER, MAX_TRIGGERS, TriggerEdit, TriggerOn, archive_trigger,
    described, remove_trigger, save_trigger,
};
pub use schedules::{
    LATE, MAX_CATCH_UP, MAX_SCHEDULES, Moments, NewSchedule, ScheduleError, SchedulesFired, add_schedule,
    find_schedule, fire_schedules, next_moments, pause_schedule, remove_schedule,
};
pub use send_message::{SendMessage, SendMessageError, send_message};
pub use services::{AirtimeSettings, EmailSettings, ModelSettings, ServiceError};
pub use set_global::{
    MAX_GLOBALS, MAX_KEY as MAX_GLOBAL_KEY, MAX_VALUE as MAX_GLOBAL_VALUE, SetGlobalError, set_global,
};
pub use shedding::{
    MAX_SHEDDING, MEASURED_FOR, Shed, Shedding, SheddingMode, TurnedOff, allow_report, report_shedding,
    set_shedding, shedding,
};
pub use sprint::EFFECT_DEADLINE;
pub use start_flow::{FlowStart, StartError, StartTarget, Started, start_flow};
pub use stop_contact::{StopError, stop_contact};
pub use table_sources::{FETCH_MINUTES, Fetched, record_fetch, remove_table, set_table_source};
pub use tables::{ImportTableError, NewTable, TableImported, import_table};
pub use teams::{MAX_TEAM_NAME, MAX_TEAMS, TeamEdit, remove_team, save_team};
pub use template_syncs::{TEMPLATES_EVERY, ask_for_templates, record_templates};
pub use ticket_report::{TicketCounts, TicketReport, ticket_report};
pub use tickets::{TicketAction, TicketError, change_ticket, change_tickets};
pub use tokens::{
    AddTokenError, AddedToken, MAX_TOKENS, RemoveTokenError, add_token, remove_token, token_digest,
};
pub use webhooks::{
    Called, DISABLED_AFTER, MAX_ATTEMPTS, MAX_WEBHOOK_NAME, MAX_WEBHOOK_URL, MAX_WEBHOOKS, ReplayFrom,
    SIGNATURE_HEADERS, WebhookEdit, WebhookError, add_webhook, change_webhook, find_webhook,
    forget_deliveries, gather_webhook, id_of_event, record_round, remove_webhook, renew_webhook_secret,
    replay_webhook, retry_webhook, signed_headers,
};
pub use withdrawn::Withdrawn;
pub use workspace::Workspace;
