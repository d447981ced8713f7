//! The kinds of things whose changes leave rows: where they stand, and what of them is shown.

/// What a column holds, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// As it is.
    Plain,
    /// 0 or 1.
    Flag,
    /// A moment.
    Moment,
    /// JSON.
    Json,
    /// It is only said that it changed.
    Secret,
}
use As::{Flag, Json, Moment, Plain, Secret};

/// What stands in other tables: a name for it, and a statement with the row's number as its parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beside {
    /// One value.
    One(&'static str, &'static str),
    /// Any number of them.
    Many(&'static str, &'static str),
}
use Beside::{Many, One};

/// A kind of thing.
#[derive(Debug)]
pub(super) struct Kind {
    /// As it is called.
    pub word: &'static str,
    pub table: &'static str,
    /// The column that says whose it is; empty if it belongs to the whole store.
    pub owner: &'static str,
    /// The column of its public identifier, or empty.
    pub uuid: &'static str,
    /// The column of what it is called, or empty.
    pub name: &'static str,
    pub columns: &'static [(&'static str, As)],
    /// Columns of which nothing is said: numbers of rows, counts, what follows from others.
    pub left: &'static [&'static str],
    pub beside: &'static [Beside],
}

const NAMED: Kind = Kind {
    word: "",
    table: "",
    owner: "workspace_id",
    uuid: "uuid",
    name: "name",
    columns: &[],
    left: &["id", "created_on"],
    beside: &[],
};

pub(super) static CONTACT: Kind = Kind {
    word: "contact",
    table: "contact",
    columns: &[("language", Plain), ("status", Plain), ("timezone", Plain), ("fields", Json)],
    left: &[
        "id",
        "version",
        "session_id",
        "flow_id",
        "created_on",
        "modified_on",
        "last_seen_on",
        "groups_as_of",
        "deleted_on",
        "merged_into",
    ],
    beside: &[
        Many(
            "urns",
            "SELECT scheme || ':' || path FROM contact_urn WHERE contact_id = $1 ORDER BY priority DESC, id",
        ),
        Many(
            "groups",
            "SELECT g.name FROM contact_group_member m JOIN contact_group g ON g.id = m.group_id
             WHERE m.contact_id = $1 ORDER BY g.name",
        ),
    ],
    ..NAMED
};
pub(super) static MESSAGE: Kind = Kind {
    word: "message",
    table: "message",
    name: "",
    columns: &[("direction", Plain), ("visibility", Plain)],
    // What was said is in the contact's history, from which it can be erased.
    left: &[
        "id",
        "contact_id",
        "urn_id",
        "channel_id",
        "flow_id",
        "status",
        "text",
        "attachments",
        "quick_replies",
        "detail",
        "external_id",
        "reason",
        "error_count",
        "possibly_repeated",
        "day",
        "created_on",
        "modified_on",
        "sent_on",
        "job_id",
        "user_id",
        "ticket_id",
    ],
    beside: &[
        One("contact", "SELECT c.uuid FROM message m JOIN contact c ON c.id = m.contact_id WHERE m.id = $1"),
        Many(
            "labels",
            "SELECT l.name FROM message_label m JOIN label l ON l.id = m.label_id
             WHERE m.message_id = $1 ORDER BY l.name",
        ),
    ],
    ..NAMED
};
pub(super) static TICKET: Kind = Kind {
    word: "ticket",
    table: "ticket",
    name: "",
    columns: &[("status", Plain)],
    left: &[
        "id",
        "contact_id",
        "topic_id",
        "assignee_id",
        "note",
        "flow_id",
        "run_id",
        "opened_on",
        "modified_on",
        "closed_on",
        "replied_on",
        "replied_by_id",
        "opened_by_id",
    ],
    beside: &[
        One("contact", "SELECT c.uuid FROM ticket t JOIN contact c ON c.id = t.contact_id WHERE t.id = $1"),
        One("topic", "SELECT o.name FROM ticket t JOIN topic o ON o.id = t.topic_id WHERE t.id = $1"),
        One(
            "assignee",
            "SELECT u.email FROM ticket t JOIN user_account u ON u.id = t.assignee_id WHERE t.id = $1",
        ),
    ],
    ..NAMED
};
pub(super) static SUBSCRIPTION: Kind = Kind {
    word: "subscription",
    table: "subscription",
    name: "",
    columns: &[
        ("language", Plain),
        ("schedule", Plain),
        ("anchor", Json),
        ("status", Plain),
        ("reason", Plain),
    ],
    left: &[
        "id",
        "contact_id",
        "about_id",
        "set_id",
        "initial_sequence",
        "next_sequence",
        "previous_id",
        "begun_on",
        "last_run",
        "next_due",
        "sent",
        "left_out",
        "steps",
        "created_on",
        "modified_on",
        "ended_on",
    ],
    beside: &[
        One(
            "contact",
            "SELECT c.uuid FROM subscription s JOIN contact c ON c.id = s.contact_id WHERE s.id = $1",
        ),
        One(
            "message_set",
            "SELECT m.short_name FROM subscription s JOIN message_set m ON m.id = s.set_id WHERE s.id = $1",
        ),
    ],
    ..NAMED
};
pub(super) static JOB: Kind = Kind {
    word: "job",
    table: "job",
    name: "kind",
    columns: &[("status", Plain), ("spec", Json)],
    left: &[
        "id",
        "unique_key",
        "place",
        "steps",
        "done",
        "left_out",
        "failures",
        "next_step",
        "error",
        "created_on",
        "modified_on",
        "ended_on",
        "total",
        "schedule_id",
        "schedule_due",
    ],
    ..NAMED
};
pub(super) static SCHEDULE: Kind = Kind {
    word: "schedule",
    table: "schedule",
    columns: &[
        ("cron", Plain),
        ("zone", Plain),
        ("catch_up", Plain),
        ("catch_up_limit", Plain),
        ("spec", Json),
        ("paused", Flag),
    ],
    left: &[
        "id",
        "name_key",
        "next_due",
        "last_due",
        "fired",
        "skipped",
        "error",
        "steps",
        "created_on",
        "modified_on",
    ],
    ..NAMED
};
pub(super) static MEDIA: Kind = Kind {
    word: "media",
    table: "media",
    name: "",
    columns: &[("mime", Plain), ("bytes", Plain)],
    left: &[
        "id",
        "channel_id",
        "message_id",
        "place",
        "source",
        "state",
        "steps",
        "next_try",
        "sha256",
        "reason",
        "created_on",
        "changed_on",
    ],
    ..NAMED
};
pub(super) static WORKSPACE: Kind = Kind {
    word: "workspace",
    table: "workspace",
    owner: "id",
    columns: &[
        ("timezone", Plain),
        ("country", Plain),
        ("languages", Json),
        ("date_format", Plain),
        ("time_format", Plain),
        ("input_collation", Plain),
        ("anonymous", Flag),
        ("job_weight", Plain),
    ],
    left: &["id", "obfuscation_key", "definitions_version", "created_on"],
    ..NAMED
};
pub(super) static USER: Kind = Kind {
    word: "user",
    table: "user_account",
    name: "email",
    columns: &[("name", Plain), ("role", Plain), ("password_hash", Secret)],
    left: &["id", "created_on", "team_id"],
    beside: &[One(
        "team",
        "SELECT t.name FROM user_account u JOIN team t ON t.id = u.team_id WHERE u.id = $1",
    )],
    ..NAMED
};
pub(super) static CHANNEL: Kind = Kind {
    word: "channel",
    table: "channel",
    columns: &[
        ("channel_type", Plain),
        ("address", Plain),
        ("schemes", Json),
        ("roles", Json),
        ("country", Plain),
        ("config", Secret),
        ("rate", Plain),
        ("rate_seconds", Plain),
        ("active", Flag),
    ],
    ..NAMED
};
pub(super) static FIELD: Kind = Kind {
    word: "field",
    table: "contact_field",
    name: "key",
    columns: &[("name", Plain), ("value_type", Plain)],
    left: &["id"],
    ..NAMED
};
pub(super) static GROUP: Kind = Kind {
    word: "group",
    table: "contact_group",
    columns: &[("query", Plain)],
    left: &["id", "name_key"],
    ..NAMED
};
pub(super) static LABEL: Kind = Kind { word: "label", table: "label", left: &["id", "name_key"], ..NAMED };
pub(super) static TOPIC: Kind = Kind { word: "topic", table: "topic", left: &["id", "name_key"], ..NAMED };
pub(super) static TEAM: Kind = Kind {
    word: "team",
    table: "team",
    columns: &[("topics", Json)],
    left: &["id", "name_key", "created_on"],
    ..NAMED
};
pub(super) static CANNED_REPLY: Kind = Kind {
    word: "canned_reply",
    table: "canned_reply",
    columns: &[("said", Json)],
    left: &["id", "name_key", "modified_on"],
    ..NAMED
};
pub(super) static GLOBAL: Kind = Kind {
    word: "global",
    table: "global_value",
    uuid: "",
    name: "key",
    columns: &[("name", Plain), ("value", Plain)],
    left: &["id", "modified_on"],
    ..NAMED
};
pub(super) static FLOW: Kind = Kind {
    word: "flow",
    table: "flow",
    columns: &[
        ("flow_type", Plain),
        ("expire_after_minutes", Plain),
        ("ignore_triggers", Flag),
        ("revision", Plain),
        ("archived", Flag),
    ],
    left: &["id", "created_on", "modified_on"],
    ..NAMED
};
pub(super) static TRIGGER: Kind = Kind {
    word: "trigger",
    table: "flow_trigger",
    uuid: "",
    name: "trigger_type",
    columns: &[
        ("keywords", Json),
        ("match_type", Plain),
        ("include_groups", Json),
        ("exclude_groups", Json),
        ("detail", Json),
        ("archived", Flag),
    ],
    left: &["id", "flow_id", "channel_id", "created_on"],
    beside: &[One(
        "flow",
        "SELECT f.name FROM flow_trigger t JOIN flow f ON f.id = t.flow_id WHERE t.id = $1",
    )],
    ..NAMED
};
pub(super) static TABLE: Kind = Kind {
    word: "table",
    table: "lookup_table",
    uuid: "",
    columns: &[("key_column", Plain), ("columns", Json), ("version", Plain), ("row_count", Plain)],
    left: &["id", "created_on", "modified_on"],
    ..NAMED
};
pub(super) static CAMPAIGN: Kind = Kind {
    word: "campaign",
    table: "campaign",
    columns: &[("archived", Flag)],
    left: &["id", "group_id", "created_on"],
    beside: &[
        One(
            "group",
            "SELECT g.name FROM campaign c JOIN contact_group g ON g.id = c.group_id WHERE c.id = $1",
        ),
        Many("points", "SELECT e.uuid FROM campaign_event e WHERE e.campaign_id = $1 ORDER BY e.id"),
    ],
    ..NAMED
};
pub(super) static CAMPAIGN_EVENT: Kind = Kind {
    word: "campaign_event",
    table: "campaign_event",
    name: "",
    columns: &[
        ("relative_to", Plain),
        ("offset_count", Plain),
        ("offset_unit", Plain),
        ("delivery_hour", Plain),
        ("start_mode", Plain),
        ("message", Json),
        ("base_language", Plain),
    ],
    left: &["id", "campaign_id", "flow_id", "created_on"],
    beside: &[
        One(
            "campaign",
            "SELECT c.name FROM campaign_event e JOIN campaign c ON c.id = e.campaign_id WHERE e.id = $1",
        ),
        One("flow", "SELECT f.name FROM campaign_event e JOIN flow f ON f.id = e.flow_id WHERE e.id = $1"),
    ],
    ..NAMED
};
pub(super) static FEATURE: Kind = Kind {
    word: "feature",
    table: "feature",
    uuid: "",
    columns: &[("enabled", Flag)],
    left: &["changed_on"],
    ..NAMED
};
pub(super) static SERVICE: Kind = Kind {
    word: "service",
    table: "service",
    columns: &[("kind", Plain), ("config", Json), ("secret", Secret), ("active", Flag)],
    ..NAMED
};
pub(super) static RESTHOOK: Kind = Kind {
    word: "resthook",
    table: "resthook",
    uuid: "",
    name: "slug",
    columns: &[("subscribers", Json), ("secret", Secret)],
    left: &["id"],
    ..NAMED
};
pub(super) static TEMPLATE: Kind = Kind {
    word: "template",
    table: "template",
    columns: &[("translations", Json)],
    left: &["id", "created_on", "modified_on"],
    ..NAMED
};
pub(super) static OPTIN: Kind =
    Kind { word: "optin", table: "optin", left: &["id", "name_key", "created_on"], ..NAMED };
pub(super) static TABLE_SOURCE: Kind = Kind {
    word: "table_source",
    table: "table_source",
    uuid: "",
    columns: &[("key_column", Plain), ("url", Plain), ("minutes", Plain)],
    left: &[
        "id",
        "etag",
        "last_modified",
        "next_fetch",
        "fetched_on",
        "changed_on",
        "failures",
        "error",
        "steps",
        "created_on",
    ],
    ..NAMED
};
pub(super) static WEBHOOK: Kind = Kind {
    word: "webhook",
    table: "webhook",
    columns: &[("target_url", Plain), ("events", Json), ("secret", Secret), ("status", Plain)],
    left: &[
        "id",
        "tx",
        "place",
        "failures",
        "failing_since",
        "rests_until",
        "error",
        "last_success",
        "steps",
        "created_on",
        "modified_on",
    ],
    ..NAMED
};
pub(super) static MESSAGE_SET: Kind = Kind {
    word: "message_set",
    table: "message_set",
    name: "short_name",
    columns: &[
        ("programme", Plain),
        ("stage", Plain),
        ("content_type", Plain),
        ("schedule", Plain),
        ("placement", Json),
        ("anchor", Json),
        ("weeks", Json),
        ("switches", Json),
        ("base_language", Plain),
        ("catch_up", Plain),
    ],
    left: &["id", "name_key", "next_set_id", "channel_id", "created_on", "modified_on"],
    beside: &[Many(
        "messages",
        "SELECT CAST(count(*) AS BIGINT) FROM programme_message p WHERE p.set_id = $1",
    )],
    ..NAMED
};
pub(super) static TOKEN: Kind = Kind {
    word: "token",
    table: "api_token",
    name: "",
    left: &["id", "user_id", "sha256", "created_on"],
    beside: &[One(
        "user",
        "SELECT u.email FROM api_token t JOIN user_account u ON u.id = t.user_id WHERE t.id = $1",
    )],
    ..NAMED
};
pub(super) static SETTING: Kind = Kind {
    word: "setting",
    table: "setting",
    owner: "",
    uuid: "",
    columns: &[("value", Plain)],
    left: &["changed_on"],
    ..NAMED
};
pub(super) static LOCATIONS: Kind = Kind {
    word: "locations",
    table: "location_tree",
    uuid: "",
    name: "",
    columns: &[("tree", Json)],
    left: &[],
    ..NAMED
};
pub(super) static LOGIN: Kind = Kind {
    word: "login",
    table: "login",
    owner: "",
    uuid: "",
    name: "email",
    columns: &[
        ("password_hash", Secret),
        ("totp_secret", Secret),
        ("totp_since", Moment),
        ("recovery", Secret),
    ],
    left: &["totp_step", "steps", "changed_on"],
    ..NAMED
};
pub(super) static SESSION: Kind = Kind {
    word: "session",
    table: "sign_in",
    name: "email",
    columns: &[("means", Plain), ("second_factor", Flag), ("address", Plain), ("agent", Plain)],
    left: &["id", "sha256", "user_id", "created_on", "seen_on", "ends_on"],
    ..NAMED
};
pub(super) static LINK: Kind = Kind {
    word: "link",
    table: "sign_in_link",
    name: "email",
    columns: &[("kind", Plain), ("role", Plain), ("ends_on", Moment)],
    left: &["id", "sha256", "created_by", "created_on"],
    ..NAMED
};
pub(super) static RULE: Kind = Kind {
    word: "sign_in_rule",
    table: "sign_in_rule",
    uuid: "",
    name: "",
    columns: &[("two_factor_roles", Json)],
    left: &[],
    ..NAMED
};
pub(super) static RETENTION: Kind = Kind {
    word: "retention",
    table: "retention",
    uuid: "",
    name: "",
    columns: &[
        ("messages", Plain),
        ("runs", Plain),
        ("events", Plain),
        ("audit", Plain),
        ("channel_events", Plain),
    ],
    left: &["looked_on"],
    ..NAMED
};
pub(super) static CODE: Kind = Kind {
    word: "code",
    table: "code",
    uuid: "",
    name: "code",
    columns: &[("kind", Plain), ("name", Plain), ("place", Plain), ("active", Flag)],
    left: &["id", "code_key", "contact_id", "created_on", "modified_on"],
    ..NAMED
};
pub(super) static OUTBOX: Kind = Kind {
    word: "outbox",
    table: "outbox",
    uuid: "",
    name: "kind",
    columns: &[("dead_reason", Plain)],
    left: &[
        "id",
        "contact_id",
        "channel_id",
        "message_id",
        "session_id",
        "payload",
        "claimed_by",
        "attempts",
        "parts_sent",
        "next_attempt",
        "possibly_repeated",
        "created_on",
        "priority",
        "source",
    ],
    ..NAMED
};

/// All of them, for the test that holds them against the schema.
#[cfg(test)]
pub(super) static ALL: [&Kind; 40] = [
    &CONTACT,
    &MESSAGE,
    &TICKET,
    &SUBSCRIPTION,
    &JOB,
    &SCHEDULE,
    &MEDIA,
    &WORKSPACE,
    &USER,
    &CHANNEL,
    &FIELD,
    &GROUP,
    &LABEL,
    &TOPIC,
    &TEAM,
    &CANNED_REPLY,
    &GLOBAL,
    &FLOW,
    &TRIGGER,
    &TABLE,
    &CAMPAIGN,
    &CAMPAIGN_EVENT,
    &FEATURE,
    &SERVICE,
    &RESTHOOK,
    &WEBHOOK,
    &TEMPLATE,
    &OPTIN,
    &TABLE_SOURCE,
    &MESSAGE_SET,
    &TOKEN,
    &SETTING,
    &LOCATIONS,
    &LOGIN,
    &SESSION,
    &LINK,
    &RULE,
    &CODE,
    &OUTBOX,
    &RETENTION,
];
