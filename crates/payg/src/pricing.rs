//! What a payment buys: deposit first, then time at the plan's price, until all is paid and the device is unlocked.
//!
//! Integers only: money in minor units, time in seconds. Time is granted in whole hours, which is what keycodes can say;
//! the price of granted hours is rounded up, and what is left stays on the account as carry. A rule of our own
//! (`facts/payg.md` sections 3.6 and 5).

use serde::{Deserialize, Serialize};

const HOUR_SECONDS: i64 = 3_600;
const DAY_HOURS: i64 = 24;

/// Highest amount of a plan or a payment, in minor units: sums of a million of them fit in 64 bits.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// Longest period and longest time that a deposit brings.
pub const DAYS_MAX: i64 = 3_650;

/// How a product is paid. Amounts are minor units of the ledger's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The deposit, which must be complete before there is any light.
    pub upfront_minor: i64,
    /// Days that the deposit brings.
    pub upfront_days: i64,
    /// The price of a period.
    pub price_minor: i64,
    /// Days of a period.
    pub period_days: i64,
    /// All that is to be paid, deposit included.
    pub unlock_minor: i64,
    /// Less than this waits until more comes.
    pub min_payment_minor: i64,
}

/// A plan cannot be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An amount below zero or beyond the limit.
    #[error("{0}: an amount is from 0 to {AMOUNT_MAX} in minor units")]
    Amount(&'static str),
    /// Without a price, time is for nothing.
    #[error("price_minor: a period costs something")]
    NoPrice,
    /// Days below one or beyond the limit.
    #[error("{0}: days are from {1} to {DAYS_MAX}")]
    Days(&'static str, i64),
    /// Less to pay in all than at first.
    #[error("unlock_minor: all that is to be paid is at least the deposit")]
    UnlockBelowDeposit,
}

impl Plan {
    /// Says what is wrong with a plan.
    pub fn check(&self) -> Result<(), PlanError> {
        let amounts = [
            ("upfront_minor", self.upfront_minor),
            ("price_minor", self.price_minor),
            ("unlock_minor", self.unlock_minor),
            ("min_payment_minor", self.min_payment_minor),
        ];
        if let Some((name, _)) = amounts.into_iter().find(|(_, amount)| !(0..=AMOUNT_MAX).contains(amount)) {
            return Err(PlanError::Amount(name));
        }
        if self.price_minor == 0 {
            return Err(PlanError::NoPrice);
        }
        for (name, days, least) in
            [("period_days", self.period_days, 1), ("upfront_days", self.upfront_days, 0)]
        {
            if !(least..=DAYS_MAX).contains(&days) {
                return Err(PlanError::Days(name, least));
            }
        }
        if self.unlock_minor < self.upfront_minor {
            return Err(PlanError::UnlockBelowDeposit);
        }
        Ok(())
    }

    /// Whole hours that an amount buys, and what they cost: rounded up, so never for less than the price.
    fn hours_for(&self, amount: i64) -> (i64, i64) {
        let hours_of_period = i128::from(self.period_days * DAY_HOURS);
        let price = i128::from(self.price_minor);
        let hours = i128::from(amount) * hours_of_period / price;
        let cost = (hours * price + hours_of_period - 1) / hours_of_period;
        (narrow(hours), narrow(cost))
    }
}

/// Amounts are limited, so that products of two always fit; a plan that was not checked gets the highest number.
fn narrow(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Where an account stands. All of it follows from its payments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// All that was paid.
    pub paid_minor: i64,
    /// What was paid and has bought nothing yet.
    pub carry_minor: i64,
    /// The deposit is complete.
    pub is_active: bool,
    /// All is paid.
    pub is_unlocked: bool,
    /// Lit until then, in seconds since 1970 by the server's reckoning; nothing before the deposit and after all is paid.
    pub expires_at: Option<i64>,
}

/// What a payment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The deposit is not complete yet.
    DepositPartial,
    /// It is now; these hours are given, maybe none.
    Activated {
        /// Whole hours, those of the deposit included.
        hours: i64,
    },
    /// These hours are given; none if it waits as carry.
    Credited {
        /// Whole hours.
        hours: i64,
    },
    /// All is paid; this is too much.
    Unlocked {
        /// Minor units that belong to the client.
        overpaid_minor: i64,
    },
    /// All was paid before: this belongs to the client.
    Overpaid {
        /// Minor units.
        overpaid_minor: i64,
    },
}

impl Outcome {
    /// The word for it in reports and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::DepositPartial => "deposit_partial",
            Self::Activated { .. } => "activated",
            Self::Credited { .. } => "payment",
            Self::Unlocked { .. } => "unlocked",
            Self::Overpaid { .. } => "overpayment",
        }
    }

    /// The hours that a keycode must add.
    pub fn hours(self) -> i64 {
        match self {
            Self::Activated { hours } | Self::Credited { hours } => hours,
            Self::DepositPartial | Self::Unlocked { .. } | Self::Overpaid { .. } => 0,
        }
    }

    /// What belongs to the client.
    pub fn overpaid_minor(self) -> i64 {
        match self {
            Self::Unlocked { overpaid_minor } | Self::Overpaid { overpaid_minor } => overpaid_minor,
            Self::DepositPartial | Self::Activated { .. } | Self::Credited { .. } => 0,
        }
    }
}

impl Standing {
    /// A payment of `amount` minor units at `at` (seconds since 1970).
    pub fn pay(&mut self, plan: &Plan, at: i64, amount: i64) -> Outcome {
        self.paid_minor = self.paid_minor.saturating_add(amount);
        if self.is_unlocked {
            return Outcome::Overpaid { overpaid_minor: amount };
        }
        if self.paid_minor >= plan.unlock_minor {
            (self.is_active, self.is_unlocked) = (true, true);
            (self.carry_minor, self.expires_at) = (0, None);
            return Outcome::Unlocked { overpaid_minor: self.paid_minor - plan.unlock_minor };
        }
        self.carry_minor = self.carry_minor.saturating_add(amount);
        let was_active = self.is_active;
        if !was_active && self.carry_minor < plan.upfront_minor {
            return Outcome::DepositPartial;
        }
        let mut hours = 0;
        if !was_active {
            self.is_active = true;
            self.carry_minor -= plan.upfront_minor;
            hours = plan.upfront_days * DAY_HOURS;
        }
        hours += self.spend_carry(plan);
        if hours > 0 {
            let from = self.expires_at.map_or(at, |expires_at| expires_at.max(at));
            self.expires_at = Some(from.saturating_add(hours.saturating_mul(HOUR_SECONDS)));
        }
        if was_active { Outcome::Credited { hours } } else { Outcome::Activated { hours } }
    }

    /// Turns carry into hours, if there is enough of it.
    fn spend_carry(&mut self, plan: &Plan) -> i64 {
        if self.carry_minor < plan.min_payment_minor {
            return 0;
        }
        let (hours, cost) = plan.hours_for(self.carry_minor);
        self.carry_minor -= cost;
        hours
    }

    /// What is still to be paid.
    pub fn outstanding_minor(&self, plan: &Plan) -> i64 {
        (plan.unlock_minor - self.paid_minor).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            upfront_minor: 2_000,
            upfront_days: 7,
            price_minor: 700,
            period_days: 7,
            unlock_minor: 9_000,
            min_payment_minor: 100,
        }
    }

    #[test]
    fn money_becomes_time() {
        let day = 86_400;
        let cases: &[(i64, i64, Outcome, Option<i64>)] = &[
            (0, 1_000, Outcome::DepositPartial, None),
            (day, 1_050, Outcome::Activated { hours: 7 * 24 }, Some(8 * day)),
            (2 * day, 60, Outcome::Credited { hours: 26 }, Some(8 * day + 26 * 3_600)),
            (20 * day, 100, Outcome::Credited { hours: 24 }, Some(21 * day)),
            (21 * day, 7_000, Outcome::Unlocked { overpaid_minor: 210 }, None),
            (22 * day, 5, Outcome::Overpaid { overpaid_minor: 5 }, None),
        ];
        let mut standing = Standing::default();
        for (at, amount, expected, expires_at) in cases {
            assert_eq!(
                (standing.pay(&plan(), *at, *amount), standing.expires_at),
                (*expected, *expires_at),
                "{at}"
            );
        }
        assert_eq!(standing.outstanding_minor(&plan()), 0);
    }

    #[test]
    fn plans_are_checked() {
        let cases = [
            (Plan { price_minor: 0, ..plan() }, Err(PlanError::NoPrice)),
            (Plan { price_minor: -1, ..plan() }, Err(PlanError::Amount("price_minor"))),
            (Plan { unlock_minor: 1, ..plan() }, Err(PlanError::UnlockBelowDeposit)),
            (Plan { period_days: 0, ..plan() }, Err(PlanError::Days("period_days", 1))),
            (plan(), Ok(())),
        ];
        for (plan, expected) in cases {
            assert_eq!(plan.check(), expected);
        }
    }
}
