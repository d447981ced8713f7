//! Prices and indicators.

use payg::{
    indicators::{Contract, indicators as figures},
    pricing::{Plan, Standing},
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{read_as, same};
use crate::report::Outcome;

#[derive(Deserialize)]
struct PricingCase {
    plan: Plan,
    payments: Vec<Json>,
}

pub fn pricing(case: &Json) -> Outcome {
    let PricingCase { plan, payments } = read_as(case)?;
    plan.check().map_err(|error| error.to_string())?;
    let mut standing = Standing::default();
    for (at, given) in payments.iter().enumerate() {
        let member = |name: &str| given[name].as_i64().ok_or_else(|| format!("{name} is no number"));
        let done = standing.pay(&plan, member("at_s")?, member("amount_minor")?);
        let code = match done.hours() {
            _ if done.name() == "unlocked" => Some("unlock".to_owned()),
            0 => None,
            hours => Some(format!("add_credit_hours:{hours}")),
        };
        let found = json!({
            "at_s": given["at_s"], "amount_minor": given["amount_minor"], "result": done.name(),
            "credit_granted_s": done.hours() * 3600, "expires_at_s": standing.expires_at,
            "carry_minor": standing.carry_minor, "paid_total_minor": standing.paid_minor,
            "overpaid_minor": done.overpaid_minor(), "unlocked": standing.is_unlocked, "code": code,
        });
        same(&found, given).map_err(|difference| format!("payment {at}: {difference}"))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct IndicatorCase {
    contracts: Vec<GivenContract>,
    as_of: i64,
    period: (i64, i64),
    expected: Json,
    per_contract: Vec<Json>,
}

#[derive(Deserialize)]
struct GivenContract {
    id: i64,
    start: i64,
    free_days: i64,
    term_days: i64,
    financed: i64,
    payments: Vec<(i64, i64)>,
    #[serde(default)]
    written_off_day: Option<i64>,
}

/// Ratios are given to six digits, days to two.
fn close(name: &str, found: &Json, expected: &Json) -> Outcome {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => {
            let within = if name == "cdu" { 0.006 } else { 1e-6 };
            if (found - expected).abs() <= within {
                Ok(())
            } else {
                Err(format!("{name}: expected {expected}, found {found}"))
            }
        }
        _ => same(found, expected).map_err(|difference| format!("{name}: {difference}")),
    }
}

pub fn indicators(case: &Json) -> Outcome {
    let IndicatorCase { contracts, as_of, period, expected, per_contract } = read_as(case)?;
    let ids: Vec<i64> = contracts.iter().map(|given| given.id).collect();
    let contracts: Vec<Contract> = contracts
        .into_iter()
        .map(|given| Contract {
            start: given.start,
            free_days: given.free_days,
            term_days: given.term_days,
            financed: given.financed,
            payments: given.payments,
            written_off_day: given.written_off_day,
        })
        .collect();
    for given in &per_contract {
        let at = ids.iter().position(|id| Some(*id) == given["id"].as_i64()).ok_or("no such contract")?;
        let contract = &contracts[at];
        let found = json!({
            "paid": contract.paid(as_of), "due": contract.due(as_of), "outstanding": contract.outstanding(as_of),
            "cdu": contract.days_unpaid(as_of), "dpd": contract.days_past_due(as_of),
        });
        for (name, value) in found.as_object().into_iter().flatten() {
            close(name, value, &given[name])
                .map_err(|difference| format!("contract {}: {difference}", given["id"]))?;
        }
    }
    let found =
        serde_json::to_value(figures(&contracts, as_of, period)).map_err(|error| error.to_string())?;
    expected.as_object().into_iter().flatten().try_for_each(|(name, value)| close(name, &found[name], value))
}
