//! What a job is to do, as it is kept.

use std::sync::Arc;

use domain::{CampaignUuid, ContactUuid, FlowUuid, GroupUuid, Reference, Urn, UserUuid};
use flows::events::{BroadcastContent, BroadcastCreated, SessionHistory, SessionTriggered};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use store::JobKind;

use super::contact_file::ContactColumn;

/// Whom a job is for. Who is named in several ways is meant once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Members of these groups at the moment when their turn comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupUuid>,
    /// These contacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactUuid>,
    /// Whoever fits this query at the moment when their turn comes; empty for nobody.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub query: SmolStr,
    /// Whoever has these addresses; made where nobody has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urns: Vec<Urn>,
    /// Whether one new contact is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_contact: bool,
    /// Who of these is left out.
    #[serde(default, skip_serializing_if = "Exclude::is_nobody")]
    pub exclude: Exclude,
}

/// Who is left out, as they are when their turn comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclude {
    /// Members of these groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupUuid>,
    /// Whoever fits this query; empty for nobody.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub query: SmolStr,
    /// Who is in a flow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_a_flow: bool,
    /// Who has not written for so many days, or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_seen_since_days: Option<u32>,
    /// Who has not agreed to this, or took it back; empty for nobody. It is the purpose of a consent, such as an opt-in's name.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub not_agreed_to: SmolStr,
}

impl Exclude {
    /// Whether nobody is left out.
    pub fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

impl Recipients {
    /// Whether they are, or may be, more than one.
    pub fn are_many(&self) -> bool {
        let single = self.contacts.len() + self.urns.len() + usize::from(self.create_contact);
        !self.groups.is_empty() || !self.query.is_empty() || single > 1
    }
}

/// Who wants a flow started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum StartedBy {
    /// A person or a program.
    Person {
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Reference<UserUuid>>,
        /// `ui` or `api`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<SmolStr>,
    },
    /// Another contact's flow.
    Flow {
        /// The run that did, which the started runs see as `@parent`.
        run_summary: Arc<serde_json::Value>,
        /// How far the started sessions are from a person's last word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<SessionHistory>,
    },
}

/// A flow to be started for many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartJob {
    /// The flow.
    pub flow: FlowUuid,
    /// For whom.
    pub recipients: Recipients,
    /// Whether people who are in a flow are left in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_in_a_flow: bool,
    /// Whether people who have been in the flow before are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_again: bool,
    /// Values for `@trigger.params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Arc<serde_json::Value>>,
    /// Who wants it.
    pub started_by: StartedBy,
}

/// A message to many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BroadcastJob {
    /// What is said, in each language. Whom it names is in `recipients`.
    pub broadcast: Box<BroadcastCreated>,
    /// To whom.
    pub recipients: Recipients,
    /// Whether expressions in it are evaluated for each person. What a flow says was evaluated there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evaluate: bool,
    /// How it begins with a few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_start: Option<SoftStart>,
}

/// A broadcast that goes to a few first, and waits then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftStart {
    /// Of how many of a hundred people, 1 to 50.
    pub percent: u8,
    /// When the others follow; `None`: when a person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_on: Option<Timestamp>,
}

impl BroadcastJob {
    /// Whether what is said differs from person to person by more than their language.
    pub(crate) fn has_expressions(&self) -> bool {
        let has = |text: &SmolStr| text.contains('@');
        let said = &self.broadcast;
        let content = |content: &BroadcastContent| has(&content.text) || content.attachments.iter().any(has);
        self.evaluate && (said.translations.values().any(content) || said.template_variables.iter().any(has))
    }
}

/// A group whose members are to be brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillGroupJob {
    /// The group; it is defined by a query.
    pub group: GroupUuid,
}

/// A campaign to be planned for everybody it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCampaignJob {
    /// The campaign.
    pub campaign: CampaignUuid,
}

/// Programmes to be planned anew, after the workspace got another zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanProgrammesJob {}

/// Contacts to be brought in from a file of comma-separated values, which lies with the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportContactsJob {
    /// Name of the file, for people.
    pub file: SmolStr,
    /// What each column is.
    pub columns: Vec<ContactColumn>,
    /// Groups that everybody of the file joins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupUuid>,
    /// The first line of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<SmolStr>,
    /// The lines below it, for people to see what they bring in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<Vec<SmolStr>>,
    /// Whether nobody has said yet that the columns are what they were taken for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// Who handed it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Reference<UserUuid>>,
}

/// Contacts to be written into a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportContactsJob {
    /// Whoever fits this query; empty for everybody.
    #[serde(default)]
    pub query: SmolStr,
    /// As what people fetch the file. It is kept as comma-separated values.
    #[serde(default, skip_serializing_if = "SheetFormat::is_csv")]
    pub format: SheetFormat,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Reference<UserUuid>>,
}

/// Messages, or what flows kept, to be written into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRowsJob {
    /// Which.
    pub rows: RowsKind,
    /// As what people fetch the file.
    pub format: RowsFormat,
    /// Of which flows; of all without any. Of messages it says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowUuid>,
    /// Messages that were written, and runs that last changed, not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// And not after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Reference<UserUuid>>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsKind {
    /// Messages in and out.
    Messages,
    /// Runs with what they kept.
    Results,
}

impl RowsKind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Results => "results",
        }
    }
}

/// As what rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsFormat {
    /// Comma-separated values.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// A JSON object for each, as in archives.
    Jsonl,
    /// A package of Flow Results.
    FlowResults,
}

impl RowsFormat {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
            Self::FlowResults => "flow_results",
        }
    }
}

/// What kind of spreadsheet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetFormat {
    /// Comma-separated values.
    #[default]
    Csv,
    /// An Excel workbook.
    Xlsx,
}

impl SheetFormat {
    fn is_csv(&self) -> bool {
        *self == Self::Csv
    }

    /// As it is written, and as file names end.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// An export to be brought in, which lies with the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportDefinitionsJob {
    /// Name of the file, for people.
    pub file: SmolStr,
}

/// An export to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportDefinitionsJob {
    /// Names or identifiers of flows; none for everything in use.
    pub flows: Vec<String>,
    /// Specification of the flows, as in `13.6.1`.
    pub specification: SmolStr,
    /// Where the export says that it was made.
    pub site: String,
}

/// What is too old is put into files, and files are emptied of who was erased. What is too old is asked when it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveJob {}

/// What a job is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobSpec {
    /// Start a flow.
    StartFlow(StartJob),
    /// Say something.
    Broadcast(BroadcastJob),
    /// Bring the members of a group up to date.
    FillGroup(FillGroupJob),
    /// Plan the points of a campaign.
    PlanCampaign(PlanCampaignJob),
    /// Plan programmes anew.
    PlanProgrammes(PlanProgrammesJob),
    /// Bring contacts in.
    ImportContacts(ImportContactsJob),
    /// Write contacts out.
    ExportContacts(ExportContactsJob),
    /// Write messages or results out.
    ExportRows(ExportRowsJob),
    /// Bring definitions in.
    ImportDefinitions(ImportDefinitionsJob),
    /// Write definitions out.
    ExportDefinitions(ExportDefinitionsJob),
    /// Put what is too old into files.
    Archive(ArchiveJob),
}

impl JobSpec {
    /// The kind under which it is kept.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::StartFlow(_) => JobKind::StartFlow,
            Self::Broadcast(_) => JobKind::Broadcast,
            Self::FillGroup(_) => JobKind::FillGroup,
            Self::PlanCampaign(_) => JobKind::PlanCampaign,
            Self::PlanProgrammes(_) => JobKind::PlanProgrammes,
            Self::ImportContacts(_) => JobKind::ImportContacts,
            Self::ExportContacts(_) => JobKind::ExportContacts,
            Self::ExportRows(_) => JobKind::ExportRows,
            Self::ImportDefinitions(_) => JobKind::ImportDefinitions,
            Self::ExportDefinitions(_) => JobKind::ExportDefinitions,
            Self::Archive(_) => JobKind::Archive,
        }
    }
}

impl From<&SessionTriggered> for JobSpec {
    fn from(triggered: &SessionTriggered) -> Self {
        Self::StartFlow(StartJob {
            flow: triggered.flow.uuid,
            recipients: Recipients {
                groups: triggered.groups.iter().map(|group| group.uuid).collect(),
                contacts: triggered.contacts.iter().map(|contact| contact.uuid).collect(),
                query: triggered.contact_query.clone(),
                urns: triggered.urns.clone(),
                create_contact: triggered.create_contact,
                exclude: Exclude::default(),
            },
            skip_in_a_flow: triggered.exclusions.in_a_flow,
            not_again: false,
            params: None,
            started_by: StartedBy::Flow {
                run_summary: triggered.run_summary.clone(),
                history: triggered.history,
            },
        })
    }
}

impl From<&BroadcastCreated> for JobSpec {
    fn from(created: &BroadcastCreated) -> Self {
        let recipients = Recipients {
            groups: created.groups.iter().map(|group| group.uuid).collect(),
            contacts: created.contacts.iter().map(|contact| contact.uuid).collect(),
            query: created.contact_query.clone(),
            urns: created.urns.clone(),
            ..Recipients::default()
        };
        let broadcast = BroadcastCreated {
            groups: Vec::new(),
            contacts: Vec::new(),
            contact_query: SmolStr::default(),
            urns: Vec::new(),
            ..created.clone()
        };
        Self::Broadcast(BroadcastJob {
            broadcast: Box::new(broadcast),
            recipients,
            ..BroadcastJob::default()
        })
    }
}
