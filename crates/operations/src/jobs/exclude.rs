//! Who is left out of what is done for many, decided when their turn comes.

use std::collections::BTreeSet;

use domain::{Contact, ContactId, ContactUuid, FlowUuid, Query, query::Searched};
use jiff::{SignedDuration, Timestamp};
use store::StoreError;

use super::{recipients::RecipientsError, spec::Exclude};
use crate::{Context, Workspace};

/// Who is left out, with its query read.
pub(crate) struct Excluded<'e> {
    rule: &'e Exclude,
    query: Option<Query>,
    now: Timestamp,
    key: [u32; 4],
    /// Who agreed to what the rule says, of those who were asked for.
    agreed: BTreeSet<ContactUuid>,
}

impl<'e> Excluded<'e> {
    /// `None` if nobody is left out.
    pub fn of(ws: &Workspace, rule: &'e Exclude, now: Timestamp) -> Result<Option<Self>, RecipientsError> {
        if rule.is_nobody() {
            return Ok(None);
        }
        let query = match rule.query.as_str() {
            "" => None,
            text => Some(ws.query(text, now).map_err(|error| RecipientsError::Query(error.to_string()))?),
        };
        Ok(Some(Self { rule, query, now, key: ws.env.obfuscation_key, agreed: BTreeSet::new() }))
    }

    /// The same, knowing which of these people agreed to what the rule says.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn asking(
        mut self,
        ctx: &Context,
        ws: &Workspace,
        ids: &[ContactId],
    ) -> Result<Self, StoreError> {
        if !self.rule.not_agreed_to.is_empty() {
            let purpose = self.rule.not_agreed_to.clone();
            self.agreed.extend(ctx.store.agreed(ws.row.id, purpose, ids.to_vec()).await?);
        }
        Ok(self)
    }

    /// Why somebody is left out, if they are. `flow`: the one they are in.
    pub fn why(&self, contact: &Contact, flow: Option<FlowUuid>) -> Option<&'static str> {
        if self.rule.groups.iter().any(|group| contact.groups.contains(group)) {
            return Some("the contact is in a group that is left out");
        }
        if !self.rule.not_agreed_to.is_empty() && !self.agreed.contains(&contact.uuid) {
            return Some("the contact has not agreed to this");
        }
        if self.rule.in_a_flow && flow.is_some() {
            return Some("the contact is in a flow");
        }
        if let Some(days) = self.rule.not_seen_since_days {
            let since = self.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
            let since = since.unwrap_or(Timestamp::MIN);
            if contact.last_seen_on.is_none_or(|seen| seen < since) {
                return Some("the contact has not written for too long");
            }
        }
        let searched = Searched { contact, flow, history: &[], obfuscation_key: self.key };
        let fits = self.query.as_ref().is_some_and(|query| query.matches(&searched));
        fits.then_some("the contact fits the query of those who are left out")
    }
}
