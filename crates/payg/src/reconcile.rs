//! What becomes of a provider's notice: every source of a payment meets at one identity, and the result is the same in
//! whichever order, and however often, notices come.
//!
//! `decide` is the rule that the ledger's transaction follows; `Book` applies it in memory, as the model against which
//! the ledger is checked. `facts/payg.md` section 3.6.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use crate::{
    mobile_money::{Identity, Notice, Payment},
    reference::normalised,
};

/// What is kept of a payment that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Minor units.
    pub amount_minor: i64,
    /// The account that it is for; without one it is in suspense until a person finds it.
    pub account: Option<SmolStr>,
    /// Whether any notice of it has said what it is for.
    pub has_reference: bool,
    /// It was taken back.
    pub is_reversed: bool,
}

/// A request to pay that we made, by which an answer without reference or amount is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it is for.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// What to do with a payment that is heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Credit this account.
    Credit {
        /// Its number.
        account: SmolStr,
        /// Minor units.
        amount_minor: i64,
    },
    /// Keep it in suspense, with a task for a person: money that has moved is never refused.
    Suspend {
        /// Minor units.
        amount_minor: i64,
    },
    /// It is in suspense because nothing said what it is for, and this notice does: credit this account.
    Allocate {
        /// Its number.
        account: SmolStr,
    },
    /// It is known: nothing.
    Repeated,
    /// It is known with another amount: the first stands, and a person must look at it.
    Conflict {
        /// What this notice says.
        amount_minor: i64,
    },
    /// Neither it nor a request of ours says how much: ask the provider.
    Unknown,
}

/// What a payment means, given what is known of it, the request that it answers, and which account a reference is for.
pub fn decide(
    payment: &Payment,
    known: Option<&Accepted>,
    request: Option<&Request>,
    account_of: impl Fn(&str) -> Option<SmolStr>,
) -> Decision {
    let Some(amount_minor) = payment.amount_minor.or(request.map(|request| request.amount_minor)) else {
        return Decision::Unknown;
    };
    let account = || reference_of(payment, request).and_then(|reference| account_of(&reference));
    match known {
        Some(known) if known.amount_minor != amount_minor => Decision::Conflict { amount_minor },
        Some(known) if known.account.is_some() || known.has_reference => Decision::Repeated,
        Some(_) => account().map_or(Decision::Repeated, |account| Decision::Allocate { account }),
        None => match account() {
            Some(account) => Decision::Credit { account, amount_minor },
            None => Decision::Suspend { amount_minor },
        },
    }
}

/// What a payment is for, by its own words or by those of our request.
fn reference_of(payment: &Payment, request: Option<&Request>) -> Option<String> {
    let written = payment.reference.as_deref().or(request.map(|request| request.reference.as_str()));
    written.map(normalised).filter(|reference| !reference.is_empty())
}

/// Payments in memory.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Account numbers by what references to them are compared by.
    accounts: BTreeMap<String, SmolStr>,
    requests: BTreeMap<SmolStr, Request>,
    /// Everything accepted, by its identity.
    pub payments: BTreeMap<Identity, Accepted>,
    /// Reversals that came before their payment.
    early: BTreeSet<Identity>,
    /// Amounts that were heard of a payment beside the accepted one.
    conflicts: BTreeSet<(Identity, i64)>,
    /// Answers to requests that have not been heard of yet.
    waiting: Vec<Payment>,
}

impl Book {
    /// A book for these accounts.
    pub fn new<'a>(accounts: impl IntoIterator<Item = &'a str>) -> Self {
        let accounts =
            accounts.into_iter().map(|number| (normalised(number), SmolStr::new(number))).collect();
        Self { accounts, ..Self::default() }
    }

    /// We asked somebody to pay.
    pub fn request(&mut self, id: SmolStr, request: Request) {
        self.requests.insert(id, request);
        for payment in std::mem::take(&mut self.waiting) {
            self.hear(Notice::Paid(payment));
        }
    }

    /// A provider says something.
    pub fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::Paid(payment) => self.paid(payment),
            Notice::Reversed { original, .. } => match self.payments.get_mut(&original) {
                Some(payment) => payment.is_reversed = true,
                None => {
                    self.early.insert(original);
                }
            },
            Notice::Refused { .. } | Notice::Pending { .. } | Notice::Nothing => {}
        }
    }

    fn paid(&mut self, payment: Payment) {
        let request = payment.request.as_ref().and_then(|id| self.requests.get(id));
        let known = self.payments.get(&payment.identity);
        let has_reference = reference_of(&payment, request).is_some();
        let (amount_minor, account) =
            match decide(&payment, known, request, |reference| self.accounts.get(reference).cloned()) {
                Decision::Credit { account, amount_minor } => (amount_minor, Some(account)),
                Decision::Suspend { amount_minor } => (amount_minor, None),
                Decision::Allocate { account } => {
                    if let Some(known) = self.payments.get_mut(&payment.identity) {
                        (known.account, known.has_reference) = (Some(account), true);
                    }
                    return;
                }
                Decision::Repeated => return,
                Decision::Conflict { amount_minor } => {
                    self.conflicts.insert((payment.identity, amount_minor));
                    return;
                }
                Decision::Unknown => return self.waiting.push(payment),
            };
        let is_reversed = self.early.remove(&payment.identity);
        let accepted = Accepted { amount_minor, account, has_reference, is_reversed };
        self.payments.insert(payment.identity, accepted);
    }

    /// What an account has, less what was taken back.
    pub fn net_of(&self, account: &str) -> i64 {
        self.standing()
            .filter(|payment| payment.account.as_deref() == Some(account))
            .map(|payment| payment.amount_minor)
            .sum()
    }

    /// What nobody has been found for: amount and number of payments.
    pub fn suspense(&self) -> (i64, usize) {
        let open = self.standing().filter(|payment| payment.account.is_none());
        open.fold((0, 0), |(sum, count), payment| (sum + payment.amount_minor, count + 1))
    }

    /// What was taken back.
    pub fn reversed(&self) -> i64 {
        self.payments.values().filter(|payment| payment.is_reversed).map(|payment| payment.amount_minor).sum()
    }

    /// How many payments were heard of with more than one amount, each amount beside the first once.
    pub fn conflicts(&self) -> usize {
        self.conflicts.len()
    }

    fn standing(&self) -> impl Iterator<Item = &Accepted> {
        self.payments.values().filter(|payment| !payment.is_reversed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mobile_money::Provider;

    fn payment(reference: Option<&str>, amount_minor: Option<i64>, request: Option<&str>) -> Payment {
        Payment {
            identity: Identity { provider: Provider::Mpesa, receipt: "R1".into() },
            amount_minor,
            reference: reference.map(str::to_owned),
            request: request.map(SmolStr::new),
            payer: None,
            name: None,
            at: None,
        }
    }

    fn heard(notices: &[Payment]) -> Book {
        let mut book = Book::new(["82534553"]);
        notices.iter().cloned().map(Notice::Paid).for_each(|notice| book.hear(notice));
        book
    }

    #[test]
    fn a_payment_counts_once_from_whatever_it_is_heard() {
        let without = payment(None, Some(500), Some("ours"));
        let with = payment(Some("8253 4553"), Some(500), None);
        let wrong = payment(Some("82534554"), Some(500), None);
        let cases: [(&[Payment], i64, i64); 5] = [
            (&[with.clone(), with.clone()], 500, 0),
            (&[without.clone(), with.clone()], 500, 0),
            (&[with.clone(), without.clone()], 500, 0),
            (&[without.clone(), without.clone()], 0, 500),
            (&[wrong.clone(), with.clone()], 0, 500),
        ];
        for (notices, credited, suspended) in cases {
            let book = heard(notices);
            assert_eq!((book.net_of("82534553"), book.suspense().0), (credited, suspended), "{notices:?}");
        }
    }

    #[test]
    fn what_says_no_amount_waits_for_the_request() {
        let mut book = heard(&[payment(None, None, Some("ours"))]);
        assert_eq!(book.payments.len(), 0);
        book.request("ours".into(), Request { reference: "82534553".into(), amount_minor: 700 });
        assert_eq!(book.net_of("82534553"), 700);
    }

    #[test]
    fn a_reversal_may_come_first_and_another_amount_changes_nothing() {
        let mut book = Book::new(["82534553"]);
        let identity = Identity { provider: Provider::Mpesa, receipt: "R1".into() };
        book.hear(Notice::Reversed { original: identity, receipt: None });
        book.hear(Notice::Paid(payment(Some("82534553"), Some(500), None)));
        book.hear(Notice::Paid(payment(Some("82534553"), Some(600), None)));
        assert_eq!((book.net_of("82534553"), book.reversed(), book.conflicts()), (0, 500, 1));
    }
}
