//! What a portfolio of contracts is measured by: GOGLA's PAYGo PERFORM indicators of 2026, and those that lenders asked
//! for before.
//!
//! Days are whole days of the distributor's zone, counted from any one day; money is minor units of one currency. Deposits,
//! penalties and fees are not in a contract's payments. Sums are integers; only the ratios are fractions. Definitions:
//! `facts/payg.md` section 4; each is printed beside its figure ([`DEFINITIONS`]).

use serde::Serialize;

/// A sale on credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The day of registration.
    pub start: i64,
    /// Days that the deposit brings.
    pub free_days: i64,
    /// Days over which the rest is paid; at least one.
    pub term_days: i64,
    /// The rest.
    pub financed: i64,
    /// Day and amount of each payment, in the order of days.
    pub payments: Vec<(i64, i64)>,
    /// When it was given up.
    pub written_off_day: Option<i64>,
}

/// Days after which the first repayment rate is taken.
const FIRST_DAYS: i64 = 90;

/// Days in which somebody who pays at all has paid.
const ACTIVE_DAYS: i64 = 30;

impl Contract {
    /// All that was paid until the end of a day.
    pub fn paid(&self, day: i64) -> i64 {
        self.payments.iter().take_while(|(at, _)| *at <= day).map(|(_, amount)| amount).sum()
    }

    /// All that was to be paid by then: the same amount each day after the free ones, rounded down.
    pub fn due(&self, day: i64) -> i64 {
        let days = (day - self.start - self.free_days).clamp(0, self.term_days);
        narrow(i128::from(self.financed) * i128::from(days) / i128::from(self.term_days.max(1)))
    }

    /// Whether it was given up by then.
    pub fn is_written_off(&self, day: i64) -> bool {
        self.written_off_day.is_some_and(|written_off| written_off <= day)
    }

    fn is_paid_off(&self, day: i64) -> bool {
        self.paid(day) >= self.financed
    }

    /// What is still owed; nothing once it is given up.
    pub fn outstanding(&self, day: i64) -> i64 {
        if self.is_written_off(day) { 0 } else { self.owed(day) }
    }

    fn owed(&self, day: i64) -> i64 {
        (self.financed - self.paid(day)).max(0)
    }

    /// Days of light that payments bought: day and scaled end of each, where a day is `financed` long, so that nothing
    /// is rounded. Time that passes without a payment moves all that follows.
    fn light(&self, day: i64) -> Light {
        let scale = i128::from(self.financed.max(1));
        let (start, now) = (i128::from(self.start) * scale, i128::from(day) * scale);
        let mut until = i128::from(self.start + self.free_days) * scale;
        let mut lit = (until.min(now) - start).max(0);
        for (at, amount) in self.payments.iter().take_while(|(at, _)| *at <= day) {
            let from = until.max(i128::from(*at) * scale);
            until = from + i128::from(*amount) * i128::from(self.term_days);
            lit += (until.min(now) - from.min(now)).max(0);
        }
        Light { dark: (now - until).max(0) as f64 / scale as f64, lit: lit as f64 / scale as f64 }
    }

    /// Days since the last day that a payment covers, where time stops while nothing is paid (consecutive days unpaid).
    pub fn days_unpaid(&self, day: i64) -> f64 {
        if self.is_paid_off(day) { 0.0 } else { self.light(day).dark }
    }

    /// Days since the oldest instalment that is not paid, by the schedule of the contract.
    pub fn days_past_due(&self, day: i64) -> i64 {
        if self.is_paid_off(day) {
            return 0;
        }
        let covered =
            i128::from(self.paid(day)) * i128::from(self.term_days) / i128::from(self.financed.max(1));
        (day - self.start - self.free_days - narrow(covered)).max(0)
    }

    /// The day on which twice the term is over.
    fn twice(&self) -> i64 {
        self.start + self.free_days + 2 * self.term_days
    }
}

/// Amounts of one contract are limited, so this always fits.
fn narrow(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Days of light and of darkness.
struct Light {
    dark: f64,
    lit: f64,
}

/// A part of a whole, or nothing if there is no whole.
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

/// The figures of a portfolio. A ratio is missing where nothing is there to be measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Indicators {
    /// Of what fell due, what was paid.
    pub rr_pvp: Option<f64>,
    /// Of all that was financed, what was paid and due.
    pub rr_pvfin: Option<f64>,
    /// Of what fell due in the first 90 days, what was paid.
    pub rr_90: Option<f64>,
    /// Of what was financed, what was paid within twice the term.
    pub rr_2x: Option<f64>,
    /// Of the contracts, those paid off within twice the term.
    pub ownership_2x: Option<f64>,
    /// What came in during the period against what fell due in it.
    pub collection_rate: Option<f64>,
    /// Of what is outstanding, that of accounts unpaid for more than 30 days.
    pub rar30: Option<f64>,
    /// The same for 90 days.
    pub rar90: Option<f64>,
    /// Of what is outstanding, that of accounts more than 30 days behind their schedule.
    pub par30: Option<f64>,
    /// The same for 90 days.
    pub par90: Option<f64>,
    /// All that is still owed, minor units.
    pub outstanding: i64,
    /// What was given up in the period, minor units.
    pub written_off: i64,
    /// That against the mean of what was outstanding.
    pub write_off_ratio: Option<f64>,
    /// Of the accounts that still owe, those with a payment in 30 days.
    pub active_ratio_30d: Option<f64>,
    /// Days with light of all days since registration.
    pub utilisation: Option<f64>,
}

/// Each figure with what it means, as it stands beside it in reports.
pub const DEFINITIONS: &[(&str, &str)] = &[
    (
        "rr_pvp",
        "Repayment rate, payments against plan: paid (at most what was due) / due, all contracts, given up ones too",
    ),
    ("rr_pvfin", "Repayment rate, payments against financed: paid (at most what was due) / financed"),
    (
        "rr_90",
        "Repayment rate at day 90: paid / due, both at day 90 after the free days, contracts that reached it",
    ),
    ("rr_2x", "Repayment rate at twice the term: paid by then / financed, contracts that reached it"),
    ("ownership_2x", "Ownership at twice the term: contracts paid off by then / contracts that reached it"),
    (
        "collection_rate",
        "Collection rate (2021): paid in the period / due in the period; without contracts given up before it. Hides arrears",
    ),
    (
        "rar30",
        "Receivables at risk: outstanding of accounts with more than 30 consecutive days unpaid / outstanding",
    ),
    (
        "rar90",
        "Receivables at risk: outstanding of accounts with more than 90 consecutive days unpaid / outstanding",
    ),
    ("par30", "Portfolio at risk: outstanding of accounts more than 30 days past due / outstanding"),
    ("par90", "Portfolio at risk: outstanding of accounts more than 90 days past due / outstanding"),
    ("outstanding", "Financed less paid, without contracts given up"),
    ("written_off", "Outstanding of contracts given up in the period, on the day they were given up"),
    ("write_off_ratio", "Written off in the period / mean of outstanding at its beginning and end"),
    (
        "active_ratio_30d",
        "Accounts with a payment in the last 30 days / accounts that still owe and were not given up",
    ),
    ("utilisation", "Days with light that was paid for / days since registration"),
];

/// The figures on day `as_of`; those of a period are of the days after `period.0` until `period.1`.
pub fn indicators(contracts: &[Contract], as_of: i64, period: (i64, i64)) -> Indicators {
    let begun: Vec<&Contract> = contracts.iter().filter(|contract| contract.start <= as_of).collect();
    let sum = |of: &dyn Fn(&Contract) -> i64| begun.iter().map(|contract| of(contract)).sum::<i64>();
    let applied = sum(&|contract| contract.paid(as_of).min(contract.due(as_of)));
    let (first_paid, first_due) = at_first(&begun, as_of);
    let twice: Vec<&&Contract> = begun.iter().filter(|contract| contract.twice() <= as_of).collect();
    let owned = twice.iter().filter(|contract| contract.is_paid_off(contract.twice())).count();
    let outstanding = sum(&|contract| contract.outstanding(as_of));
    let risk = |is_late: &dyn Fn(&Contract) -> bool| {
        ratio(sum(&|contract| if is_late(contract) { contract.outstanding(as_of) } else { 0 }), outstanding)
    };
    let (collected, fallen_due) = in_period(&begun, period);
    let written_off = written_off(&begun, period);
    let before: i64 = begun
        .iter()
        .filter(|contract| contract.start <= period.0)
        .map(|contract| contract.outstanding(period.0))
        .sum();
    Indicators {
        rr_pvp: ratio(applied, sum(&|contract| contract.due(as_of))),
        rr_pvfin: ratio(applied, sum(&|contract| contract.financed)),
        rr_90: ratio(first_paid, first_due),
        rr_2x: ratio(
            twice.iter().map(|contract| contract.paid(contract.twice()).min(contract.financed)).sum(),
            twice.iter().map(|contract| contract.financed).sum(),
        ),
        ownership_2x: (!twice.is_empty()).then(|| owned as f64 / twice.len() as f64),
        collection_rate: ratio(collected, fallen_due),
        rar30: risk(&|contract| contract.days_unpaid(as_of) > 30.0),
        rar90: risk(&|contract| contract.days_unpaid(as_of) > 90.0),
        par30: risk(&|contract| contract.days_past_due(as_of) > 30),
        par90: risk(&|contract| contract.days_past_due(as_of) > 90),
        outstanding,
        written_off,
        write_off_ratio: ratio(2 * written_off, before + outstanding),
        active_ratio_30d: active(&begun, as_of),
        utilisation: utilisation(&begun, as_of),
    }
}

/// What was paid and due at day 90 after the free days.
fn at_first(contracts: &[&Contract], as_of: i64) -> (i64, i64) {
    let first = |contract: &Contract| contract.start + contract.free_days + FIRST_DAYS;
    let reached = contracts.iter().filter(|contract| first(contract) <= as_of);
    reached.fold((0, 0), |(paid, due), contract| {
        let (day, owed) = (first(contract), contract.due(first(contract)));
        (paid + contract.paid(day).min(owed), due + owed)
    })
}

/// What was collected and what fell due, of contracts that were not given up before.
fn in_period(contracts: &[&Contract], (after, until): (i64, i64)) -> (i64, i64) {
    let running = contracts.iter().filter(|contract| !contract.is_written_off(after));
    running.fold((0, 0), |(paid, due), contract| {
        (paid + contract.paid(until) - contract.paid(after), due + contract.due(until) - contract.due(after))
    })
}

fn written_off(contracts: &[&Contract], (after, until): (i64, i64)) -> i64 {
    let owed = |contract: &&Contract| {
        let day = contract.written_off_day.filter(|day| after < *day && *day <= until)?;
        Some(contract.owed(day))
    };
    contracts.iter().filter_map(owed).sum()
}

fn active(contracts: &[&Contract], as_of: i64) -> Option<f64> {
    let live =
        contracts.iter().filter(|contract| !contract.is_written_off(as_of) && !contract.is_paid_off(as_of));
    let (all, paying) = live.fold((0, 0), |(all, paying), contract| {
        let mut days = contract.payments.iter().map(|(day, _)| *day);
        (all + 1, paying + i64::from(days.any(|day| as_of - ACTIVE_DAYS < day && day <= as_of)))
    });
    ratio(paying, all)
}

fn utilisation(contracts: &[&Contract], as_of: i64) -> Option<f64> {
    let days: i64 = contracts.iter().map(|contract| as_of - contract.start).sum();
    let lit: f64 = contracts.iter().map(|contract| contract.light(as_of).lit).sum();
    (days != 0).then(|| lit / days as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(start: i64, payments: &[(i64, i64)]) -> Contract {
        Contract {
            start,
            free_days: 0,
            term_days: 10,
            financed: 100,
            payments: payments.to_vec(),
            written_off_day: None,
        }
    }

    #[test]
    fn days_are_counted_by_schedule_and_by_light() {
        // Pays three days, a gap of five, then two days.
        let late = contract(0, &[(0, 30), (8, 20)]);
        let cases = [(2, 0.0, 0), (5, 2.0, 2), (9, 0.0, 4), (12, 2.0, 7)];
        for (day, unpaid, past_due) in cases {
            assert_eq!((late.days_unpaid(day), late.days_past_due(day)), (unpaid, past_due), "{day}");
        }
        assert_eq!((late.due(3), late.due(30), late.outstanding(30)), (30, 100, 50));
    }

    #[test]
    fn an_empty_portfolio_has_no_ratios() {
        let none = indicators(&[], 10, (0, 10));
        assert_eq!((none.rr_pvp, none.par30, none.outstanding, none.utilisation), (None, None, 0, None));
    }

    #[test]
    fn every_figure_has_its_definition() {
        let shown = serde_json::to_value(indicators(&[], 0, (0, 0))).unwrap();
        let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
        let defined: Vec<&str> = DEFINITIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, defined);
    }
}
