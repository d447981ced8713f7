//! Airtel Money: callbacks, which say no amount, and answers to asking.

use serde_json::Value as Json;
use smol_str::SmolStr;

use super::{Identity, Notice, NoticeError, Payment, Provider, required, text};

/// A callback (`transaction` at the top) or the answer to asking (`data.transaction`): the amount is that of our request.
pub fn transaction(body: &Json) -> Result<Notice, NoticeError> {
    let asked = &body["data"]["transaction"];
    let transaction = if asked.is_object() { asked } else { &body["transaction"] };
    let request = SmolStr::new(required(transaction, "id")?);
    let status = text(transaction, "status_code").or_else(|| text(transaction, "status"));
    match status.as_deref() {
        Some("TS") => Ok(Notice::Paid(Payment {
            identity: identity(transaction)?,
            amount_minor: None,
            reference: None,
            request: Some(request),
            payer: None,
            name: None,
            at: None,
        })),
        Some(code @ ("TF" | "TE")) => Ok(Notice::Refused {
            request,
            code: code.to_owned(),
            reason: text(transaction, "message").unwrap_or_default(),
        }),
        Some("TR") => Ok(Notice::Reversed { original: identity(transaction)?, receipt: None }),
        // In progress or ambiguous: never taken for a failure.
        _ => Ok(Notice::Pending { request }),
    }
}

fn identity(transaction: &Json) -> Result<Identity, NoticeError> {
    Ok(Identity {
        provider: Provider::Airtel,
        receipt: SmolStr::new(required(transaction, "airtel_money_id")?),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_ambiguous_state_is_no_failure() {
        for status in ["TIP", "TA", "TX"] {
            let body = json!({"transaction": {"id": "a", "status_code": status}});
            assert_eq!(transaction(&body), Ok(Notice::Pending { request: "a".into() }), "{status}");
        }
        let body = json!({"data": {"transaction": {"id": "a", "status": "TS", "airtel_money_id": "MP1"}}});
        assert!(matches!(transaction(&body), Ok(Notice::Paid(paid)) if paid.identity.receipt == "MP1"));
        assert_eq!(transaction(&json!({})), Err(NoticeError::Member("id")));
    }
}
