//! What starts flows is made, changed, put away and removed. Two triggers that the same people would set off by the same
//! thing are refused.

use std::collections::BTreeSet;

use domain::{ChannelUuid, FlowUuid, GroupId, GroupUuid, TriggerId, WorkspaceId};
use flows::FlowType;
use serde_json::json;
use smol_str::{SmolStr, format_smolstr};
use store::{Change, DefinitionChange, TriggerRow};

use crate::{
    Context, Workspace,
    edit_definitions::{SaveError, Saved, edit},
    triggers::referrer_of,
};

/// Triggers of a workspace that are not put away.
pub const MAX_TRIGGERS: usize = 1_000;
/// Keywords of one trigger.
pub const MAX_KEYWORDS: usize = 50;
/// Characters of a keyword.
pub const MAX_KEYWORD: usize = 36;
/// Characters of what people come by.
pub const MAX_REFERRER: usize = 255;

/// What sets a trigger off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerOn {
    /// A word.
    Keyword,
    /// A message that nothing else takes.
    CatchAll,
    /// A call.
    InboundCall,
    /// A call that nobody answered.
    MissedCall,
    /// A conversation is opened.
    NewConversation,
    /// Somebody comes by a link or an advertisement.
    Referral,
    /// A ticket is closed.
    ClosedTicket,
    /// Somebody agrees to get messages.
    OptIn,
    /// Somebody wants no more.
    OptOut,
}

impl TriggerOn {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Keyword,
        Self::CatchAll,
        Self::InboundCall,
        Self::MissedCall,
        Self::NewConversation,
        Self::Referral,
        Self::ClosedTicket,
        Self::OptIn,
        Self::OptOut,
    ];

    /// The letter under which it is kept.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Keyword => "K",
            Self::CatchAll => "C",
            Self::InboundCall => "V",
            Self::MissedCall => "M",
            Self::NewConversation => "N",
            Self::Referral => "R",
            Self::ClosedTicket => "T",
            Self::OptIn => "I",
            Self::OptOut => "O",
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::CatchAll => "catch_all",
            Self::InboundCall => "inbound_call",
            Self::MissedCall => "missed_call",
            Self::NewConversation => "new_conversation",
            Self::Referral => "referral",
            Self::ClosedTicket => "closed_ticket",
            Self::OptIn => "opt_in",
            Self::OptOut => "opt_out",
        }
    }

    /// The one of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on| on.word() == word)
    }

    /// The one of a letter.
    pub fn of_letter(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on| on.letter() == letter)
    }
}

/// A trigger as it shall be.
#[derive(Debug, Clone)]
pub struct TriggerEdit {
    /// What sets it off.
    pub on: TriggerOn,
    /// The flow that starts.
    pub flow: FlowUuid,
    /// Words, whatever their case (only [`TriggerOn::Keyword`], which needs one).
    pub keywords: Vec<SmolStr>,
    /// Whether the word must be the only one.
    pub only_word: bool,
    /// Only members of one of these groups, if any are named.
    pub groups: Vec<GroupUuid>,
    /// Not members of these.
    pub exclude_groups: Vec<GroupUuid>,
    /// Only on this line.
    pub channel: Option<ChannelUuid>,
    /// What people must have come by (only [`TriggerOn::Referral`]); empty for anything.
    pub referrer: SmolStr,
}

/// Makes a trigger, or changes the one with this number.
///
/// # Errors
/// [`SaveError`]; nothing is written then. [`SaveError::Wrong`] names the member, [`SaveError::Clash`] the other trigger.
pub async fn save_trigger(
    ctx: &Context,
    workspace: WorkspaceId,
    id: Option<TriggerId>,
    wanted: TriggerEdit,
) -> Result<Saved<TriggerRow>, SaveError> {
    let archived = archived_ones(ctx, workspace).await?;
    edit(ctx, workspace, |ws| {
        let known = match id {
            Some(id) => {
                let all = ws.definitions().triggers.iter().chain(&archived);
                Some(all.clone().find(|row| row.id == id).ok_or(SaveError::NotFound)?.clone())
            }
            None => None,
        };
        if known.is_none() && ws.definitions().triggers.len() >= MAX_TRIGGERS {
            return Err(SaveError::TooMany(MAX_TRIGGERS));
        }
        let row = row_of(ctx, ws, known.as_ref(), &wanted)?;
        refuse_clash(ws, &row)?;
        let saved = Saved { row: row.clone(), made: known.is_none() };
        Ok((vec![Change::Definition(workspace, DefinitionChange::Trigger(row))], saved))
    })
    .await
}

/// Puts a trigger away, or takes it back.
///
/// # Errors
/// As [`save_trigger`].
pub async fn archive_trigger(
    ctx: &Context,
    workspace: WorkspaceId,
    id: TriggerId,
    away: bool,
) -> Result<(), SaveError> {
    let archived = archived_ones(ctx, workspace).await?;
    edit(ctx, workspace, |ws| {
        let mut all = ws.definitions().triggers.iter().chain(&archived);
        let mut row = all.find(|row| row.id == id).ok_or(SaveError::NotFound)?.clone();
        if row.archived == away {
            return Ok((Vec::new(), ()));
        }
        row.archived = away;
        if !away {
            flow_of(ws, &row)?;
            refuse_clash(ws, &row)?;
        }
        Ok((vec![Change::Definition(workspace, DefinitionChange::Trigger(row))], ()))
    })
    .await
}

/// Removes a trigger for good.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_trigger(ctx: &Context, workspace: WorkspaceId, id: TriggerId) -> Result<(), SaveError> {
    let archived = archived_ones(ctx, workspace).await?;
    edit(ctx, workspace, |ws| {
        let mut all = ws.definitions().triggers.iter().chain(&archived);
        all.find(|row| row.id == id).ok_or(SaveError::NotFound)?;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveTrigger(id))], ()))
    })
    .await
}

async fn archived_ones(ctx: &Context, workspace: WorkspaceId) -> Result<Vec<TriggerRow>, SaveError> {
    Ok(ctx.store.archived_triggers(workspace, MAX_TRIGGERS).await?)
}

fn flow_of<'w>(ws: &'w Workspace, row: &TriggerRow) -> Result<&'w store::FlowRow, SaveError> {
    let flow = ws.flow_by_id(row.flow).filter(|flow| !flow.archived);
    flow.ok_or_else(|| SaveError::Wrong("flow", "The flow is not in use.".into()))
}

fn row_of(
    ctx: &Context,
    ws: &Workspace,
    known: Option<&TriggerRow>,
    wanted: &TriggerEdit,
) -> Result<TriggerRow, SaveError> {
    let wrong = |member, said: &str| Err(SaveError::Wrong(member, said.into()));
    let flow = ws.flow(wanted.flow).filter(|flow| !flow.archived);
    let Some(flow) = flow else { return wrong("flow", "The flow is not in use.") };
    let speaks = ws.assets.flow(flow.uuid).is_some_and(|flow| flow.flow_type == FlowType::Voice);
    if speaks && !matches!(wanted.on, TriggerOn::InboundCall | TriggerOn::MissedCall) {
        return wrong("flow", "A flow that speaks starts by calls only.");
    }
    let is_keyword = wanted.on == TriggerOn::Keyword;
    if !is_keyword && !wanted.keywords.is_empty() {
        return wrong("keywords", "Only triggers of type keyword have these.");
    }
    if wanted.on != TriggerOn::Referral && !wanted.referrer.is_empty() {
        return wrong("referrer_id", "Only triggers of type referral have this.");
    }
    if wanted.on == TriggerOn::ClosedTicket && wanted.channel.is_some() {
        return wrong("channel", "A closed ticket has no channel.");
    }
    let ids = |member, groups: &[GroupUuid]| {
        let each = groups.iter().map(|uuid| ws.group_id(*uuid));
        let found: Option<BTreeSet<GroupId>> = each.collect();
        let found = found.ok_or_else(|| SaveError::Wrong(member, "A group is not there.".into()))?;
        Ok::<_, SaveError>(found.into_iter().collect::<Vec<_>>())
    };
    let include_groups = ids("groups", &wanted.groups)?;
    let exclude_groups = ids("exclude_groups", &wanted.exclude_groups)?;
    if include_groups.iter().any(|group| exclude_groups.contains(group)) {
        return wrong("exclude_groups", "A group cannot be both included and left out.");
    }
    let channel = match wanted.channel {
        None => None,
        Some(uuid) => match ws.channel(uuid) {
            Some(channel) => Some(channel.id),
            None => return wrong("channel", "The channel is not there."),
        },
    };
    let now = ctx.now();
    Ok(TriggerRow {
        id: known.map_or_else(|| TriggerId(ctx.next_id(now)), |row| row.id),
        trigger_type: wanted.on.letter().into(),
        flow: flow.id,
        keywords: if is_keyword { keywords(&wanted.keywords)? } else { Vec::new() },
        match_type: is_keyword.then(|| if wanted.only_word { "O" } else { "F" }.into()),
        include_groups,
        exclude_groups,
        channel,
        detail: match wanted.referrer.trim() {
            "" => json!({}),
            referrer => json!({"referrer_id": referrer}),
        },
        archived: false,
        created_on: known.map_or(now, |row| row.created_on),
    })
}

/// Keywords as they are compared, each once.
fn keywords(given: &[SmolStr]) -> Result<Vec<SmolStr>, SaveError> {
    let mut found: Vec<SmolStr> = Vec::new();
    for word in given {
        let word = SmolStr::from(word.trim().to_lowercase());
        let is_word = !word.is_empty()
            && word.chars().count() <= MAX_KEYWORD
            && !word
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c.is_ascii_punctuation() && c != '_');
        if !is_word {
            let said = format_smolstr!("Write single words of at most {MAX_KEYWORD} letters and digits.");
            return Err(SaveError::Wrong("keywords", said));
        }
        if !found.contains(&word) {
            found.push(word);
        }
    }
    match found.len() {
        0 => Err(SaveError::Wrong("keywords", "Give at least one word.".into())),
        1..=MAX_KEYWORDS => Ok(found),
        _ => Err(SaveError::Wrong("keywords", format_smolstr!("Give at most {MAX_KEYWORDS} words."))),
    }
}

/// Whether two triggers would be set off by the same thing of the same people.
fn clash(one: &TriggerRow, other: &TriggerRow) -> bool {
    let groups = |row: &TriggerRow| row.include_groups.iter().copied().collect::<BTreeSet<GroupId>>();
    one.trigger_type == other.trigger_type
        && one.channel == other.channel
        && groups(one) == groups(other)
        && match one.trigger_type.as_str() {
            "K" => one.keywords.iter().any(|word| other.keywords.contains(word)),
            "R" => referrer_of(one).to_lowercase() == referrer_of(other).to_lowercase(),
            _ => true,
        }
}

fn refuse_clash(ws: &Workspace, row: &TriggerRow) -> Result<(), SaveError> {
    let others = ws.definitions().triggers.iter().filter(|other| other.id != row.id);
    let other = others.into_iter().find(|other| clash(row, other));
    match other {
        Some(other) => Err(SaveError::Clash(described(ws, other))),
        None => Ok(()),
    }
}

/// A trigger in words.
pub fn described(ws: &Workspace, row: &TriggerRow) -> SmolStr {
    let on = TriggerOn::of_letter(&row.trigger_type).map_or("unknown", TriggerOn::word);
    let words = if row.keywords.is_empty() { String::new() } else { format!(" {}", row.keywords.join(", ")) };
    let flow = ws.flow_by_id(row.flow).map_or("a flow that is gone", |flow| flow.name.as_str());
    format_smolstr!("trigger {} ({on}{words}) of flow {flow:?}", row.id)
}
