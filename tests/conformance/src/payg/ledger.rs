//! Reconciliation: notices in the order given, backwards and twice must come to the same; and providers' payloads.

use payg::{
    mobile_money::{Notice, airtel, mpesa, mtn, statement},
    reconcile::{Book, Request},
    reference::is_account_number,
};
use serde_json::{Value as Json, json};
use smol_str::SmolStr;

use super::same;
use crate::report::Outcome;

/// The cases count all amounts in hundredths.
const DECIMALS: u32 = 2;

enum Event {
    Request(SmolStr, Request),
    Notice(Notice),
}

fn request(body: &Json, members: [&str; 3]) -> Result<Event, String> {
    let [id, reference, amount] = members;
    let text = |member: &str| body[member].as_str().ok_or_else(|| format!("{member} is no text"));
    let amount = body[amount].as_i64().ok_or("no amount")?;
    let request = Request { reference: text(reference)?.to_owned(), amount_minor: amount * 100 };
    Ok(Event::Request(SmolStr::new(text(id)?), request))
}

fn event(given: &Json) -> Result<Event, String> {
    let body = &given["body"];
    let notice = match given["src"].as_str().unwrap_or_default() {
        "mpesa.stk.request" => return request(body, ["CheckoutRequestID", "AccountReference", "Amount"]),
        "airtel.request" => return request(body, ["transaction_id", "reference", "amount"]),
        "mpesa.stk.callback" => mpesa::push_result(body, DECIMALS),
        "mpesa.c2b.confirmation" => mpesa::confirmation(body, DECIMALS).map(Notice::Paid),
        "mpesa.reversal.result" => mpesa::reversal_result(body),
        "mpesa.statement.row" => statement::row(&statement::cells(body).ok_or("no cells")?, DECIMALS),
        "mtn.callback" => mtn::request_to_pay(body, None, DECIMALS),
        "airtel.callback" => airtel::transaction(body),
        other => return Err(format!("unknown {other}")),
    };
    notice.map(Event::Notice).map_err(|error| format!("{}: {error}", given["src"]))
}

fn booked(accounts: &[&str], events: impl Iterator<Item = Json>) -> Result<Book, String> {
    let mut book = Book::new(accounts.iter().copied());
    for given in events {
        match event(&given)? {
            Event::Request(id, request) => book.request(id, request),
            Event::Notice(notice) => book.hear(notice),
        }
    }
    Ok(book)
}

fn summary(book: &Book, accounts: &[&str]) -> Json {
    let nets: serde_json::Map<String, Json> =
        accounts.iter().map(|account| ((*account).to_owned(), json!(book.net_of(account)))).collect();
    let (suspense, open) = book.suspense();
    let all: i64 = accounts.iter().map(|account| book.net_of(account)).sum::<i64>() + suspense;
    json!({
        "distinct_payments": book.payments.len(), "account_net_minor": nets, "suspense_net_minor": suspense,
        "suspense_open_items": open, "reversed_minor": book.reversed(), "conflicts": book.conflicts(),
        "sum_check_minor": all,
    })
}

pub fn scenario(case: &Json) -> Outcome {
    let accounts: Vec<&str> =
        case["accounts"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if let Some(wrong) = accounts.iter().find(|account| !is_account_number(account)) {
        return Err(format!("{wrong} has another check digit"));
    }
    let events = case["events"].as_array().ok_or("no events")?;
    let forth = booked(&accounts, events.iter().cloned())?;
    same(&summary(&forth, &accounts), &case["expected"])?;
    // A conflict depends on which amount came first, so such a scenario has one order.
    if forth.conflicts() == 0 {
        let is_request =
            |event: &&Json| event["src"].as_str().is_some_and(|source| source.ends_with(".request"));
        let (asked, heard): (Vec<&Json>, Vec<&Json>) = events.iter().partition(is_request);
        let back = booked(&accounts, asked.into_iter().chain(heard.into_iter().rev()).cloned())?;
        same(&summary(&back, &accounts), &case["expected"])
            .map_err(|difference| format!("backwards: {difference}"))?;
    }
    let twice = booked(&accounts, events.iter().chain(events).cloned())?;
    same(&summary(&twice, &accounts), &case["expected"]).map_err(|difference| format!("twice: {difference}"))
}

/// All payloads of a file in the providers' forms must be read.
pub fn payloads(file: &Json) -> Outcome {
    let said = |error: payg::mobile_money::NoticeError| error.to_string();
    let mpesa_ones = &file["mpesa"];
    let asked = &mpesa_ones["c2b_validation_request"];
    let paid = mpesa::confirmation(asked, DECIMALS).map_err(said)?;
    let found = (Some(paid.identity.receipt.as_str()), paid.reference.as_deref());
    same(&found, &(asked["TransID"].as_str(), asked["BillRefNumber"].as_str()))?;
    let pushed = mpesa::push_result(&mpesa_ones["stk_callback_ok"], DECIMALS).map_err(said)?;
    same(&matches!(&pushed, Notice::Paid(paid) if paid.at.is_some() && paid.payer.is_some()), &true)?;
    let given = &mpesa_ones["stk_callback_cancelled"];
    let code = given["Body"]["stkCallback"]["ResultCode"].to_string();
    let cancelled = mpesa::push_result(given, DECIMALS).map_err(said)?;
    same(&matches!(&cancelled, Notice::Refused { code: found, .. } if *found == code), &true)?;
    same(&mpesa::push_query(&mpesa_ones["stk_query_response"]).map_err(said)?, &None)?;
    let reversed = mpesa::reversal_result(&mpesa_ones["reversal_result"]).map_err(said)?;
    same(&matches!(&reversed, Notice::Reversed { receipt: Some(_), .. }), &true)?;
    for (member, is_paid) in
        [("status_success", true), ("status_failed", false), ("status_failed_object_form", false)]
    {
        let notice = mtn::request_to_pay(&file["mtn"][member], None, 0).map_err(said)?;
        same(&matches!(notice, Notice::Paid(_)), &is_paid)?;
    }
    for member in ["callback", "callback_signed"] {
        let given = &file["airtel"][member];
        let Notice::Paid(paid) = airtel::transaction(given).map_err(said)? else {
            return Err("not paid".to_owned());
        };
        same(&Some(paid.identity.receipt.as_str()), &given["transaction"]["airtel_money_id"].as_str())?;
    }
    let asked = airtel::transaction(&file["airtel"]["enquiry"]["response"]).map_err(said)?;
    same(&matches!(asked, Notice::Paid(_)), &true)
}
