//! M-Pesa, as Safaricom's Daraja 3.0 sends it: confirmations, answers to a push, results of reversals and of questions.

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::Offset};
use serde_json::Value as Json;
use smol_str::SmolStr;

use super::{Identity, Notice, NoticeError, Payment, Provider, amount, required, text};

/// Daraja's moments carry no zone; they are those of Nairobi, which knows no summer time.
const NAIROBI: Offset = Offset::constant(3);

/// A moment as Daraja writes it (`20191122063845`).
pub fn moment(digits: &str) -> Option<Timestamp> {
    let is_whole =
        digits.len() == "20191122063845".len() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_whole.then(|| civil("%Y%m%d%H%M%S", digits)).flatten()
}

/// A moment of Nairobi by a pattern.
pub(super) fn civil(pattern: &str, text: &str) -> Option<Timestamp> {
    let parsed: DateTime = strtime::parse(pattern, text.trim()).ok()?.to_datetime().ok()?;
    NAIROBI.to_timestamp(parsed).ok()
}

fn identity(receipt: &str) -> Identity {
    Identity { provider: Provider::Mpesa, receipt: SmolStr::new(receipt.to_ascii_uppercase()) }
}

/// A confirmation (or the question whether a payment is welcome, which has the same members). `decimals` are those of
/// the short code's currency.
pub fn confirmation(body: &Json, decimals: u32) -> Result<Payment, NoticeError> {
    let names = ["FirstName", "MiddleName", "LastName"].into_iter().filter_map(|member| text(body, member));
    let name = names.collect::<Vec<_>>().join(" ");
    Ok(Payment {
        identity: identity(&required(body, "TransID")?),
        amount_minor: Some(amount(body, "TransAmount", decimals)?),
        reference: text(body, "BillRefNumber"),
        request: None,
        payer: text(body, "MSISDN"),
        name: Some(name).filter(|name| !name.is_empty()),
        at: text(body, "TransTime").and_then(|digits| moment(&digits)),
    })
}

/// The answer to a push. Its items come in any order, and any of them may lack its value.
pub fn push_result(body: &Json, decimals: u32) -> Result<Notice, NoticeError> {
    let callback = &body["Body"]["stkCallback"];
    let request = SmolStr::new(required(callback, "CheckoutRequestID")?);
    let code = required(callback, "ResultCode")?;
    if code != "0" {
        return Ok(Notice::Refused {
            request,
            code,
            reason: text(callback, "ResultDesc").unwrap_or_default(),
        });
    }
    let items = named(&callback["CallbackMetadata"]["Item"], "Name");
    Ok(Notice::Paid(Payment {
        identity: identity(&required(&items, "MpesaReceiptNumber")?),
        amount_minor: Some(amount(&items, "Amount", decimals)?),
        reference: None,
        request: Some(request),
        payer: text(&items, "PhoneNumber"),
        name: None,
        at: text(&items, "TransactionDate").and_then(|digits| moment(&digits)),
    }))
}

/// A list of names and values as one object; a single one may stand without its list.
fn named(items: &Json, name: &str) -> Json {
    let one = std::slice::from_ref(items);
    let items = items.as_array().map_or(one, Vec::as_slice);
    items.iter().filter_map(|item| Some((item[name].as_str()?.to_owned(), item["Value"].clone()))).collect()
}

/// The answer to the question what became of a push; its code is a text here.
pub fn push_query(body: &Json) -> Result<Option<Notice>, NoticeError> {
    let request = SmolStr::new(required(body, "CheckoutRequestID")?);
    let Some(code) = text(body, "ResultCode") else { return Ok(Some(Notice::Pending { request })) };
    // Paid, but without a receipt: the confirmation or the statement brings it.
    if code == "0" {
        return Ok(None);
    }
    Ok(Some(Notice::Refused { request, code, reason: text(body, "ResultDesc").unwrap_or_default() }))
}

/// The result of a reversal that we asked for, or that was made by hand.
pub fn reversal_result(body: &Json) -> Result<Notice, NoticeError> {
    let result = &body["Result"];
    if required(result, "ResultCode")? != "0" {
        return Ok(Notice::Nothing);
    }
    let parameters = named(&result["ResultParameters"]["ResultParameter"], "Key");
    Ok(Notice::Reversed {
        original: identity(&required(&parameters, "OriginalTransactionID")?),
        receipt: text(result, "TransactionID").map(SmolStr::new),
    })
}

/// Why a payment is not welcome, as Daraja's answer to its question says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such account.
    Account,
    /// More or less than is allowed.
    Amount,
    /// Not our short code.
    ShortCode,
    /// Anything else.
    Other,
}

impl Refusal {
    /// The code that Daraja knows.
    pub fn code(self) -> &'static str {
        match self {
            Self::Account => "C2B00012",
            Self::Amount => "C2B00013",
            Self::ShortCode => "C2B00015",
            Self::Other => "C2B00016",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_those_of_nairobi() {
        assert_eq!(moment("20191122063845").unwrap().to_string(), "2019-11-22T03:38:45Z");
        assert_eq!((moment("2019112206384"), moment("20191322063845"), moment("")), (None, None, None));
    }

    #[test]
    fn what_is_missing_is_named() {
        let full = json!({"TransID": "rk1", "TransAmount": "10.00", "BillRefNumber": "", "FirstName": "A", "LastName": "B"});
        let read = confirmation(&full, 2).unwrap();
        assert_eq!(
            (read.identity.receipt.as_str(), read.amount_minor, read.reference, read.name.as_deref()),
            ("RK1", Some(1_000), None, Some("A B"))
        );
        assert_eq!(confirmation(&json!({"TransAmount": "1"}), 2), Err(NoticeError::Member("TransID")));
        assert_eq!(
            confirmation(&json!({"TransID": "x", "TransAmount": "0"}), 2),
            Err(NoticeError::Member("TransAmount"))
        );
        assert!(confirmation(&json!({"TransID": "x", "TransAmount": "ten"}), 2).is_err());
        assert!(push_result(&json!(null), 2).is_err() && reversal_result(&json!([]),).is_err());
    }
}
