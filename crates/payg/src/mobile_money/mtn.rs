//! MTN Mobile Money: what became of a request to pay, from its one callback or from asking.

use serde_json::Value as Json;
use smol_str::SmolStr;

use super::{Identity, Notice, NoticeError, Payment, Provider, amount, required, text};

/// The state of a request to pay. `request` is our number of it (X-Reference-Id), which callbacks may leave out.
pub fn request_to_pay(body: &Json, request: Option<SmolStr>, decimals: u32) -> Result<Notice, NoticeError> {
    let known = || request.clone().or_else(|| text(body, "referenceId").map(SmolStr::new));
    match required(body, "status")?.as_str() {
        "SUCCESSFUL" => Ok(Notice::Paid(Payment {
            identity: Identity {
                provider: Provider::Mtn,
                receipt: SmolStr::new(required(body, "financialTransactionId")?),
            },
            amount_minor: Some(amount(body, "amount", decimals)?),
            reference: text(body, "externalId"),
            request: known(),
            payer: text(&body["payer"], "partyId"),
            name: None,
            at: None,
        })),
        "FAILED" => {
            let reason = &body["reason"];
            let code =
                text(body, "reason").or_else(|| text(reason, "code")).unwrap_or_else(|| "FAILED".to_owned());
            let said = text(reason, "message").unwrap_or_else(|| code.clone());
            let request = known().or_else(|| text(body, "externalId").map(SmolStr::new));
            Ok(Notice::Refused {
                request: request.ok_or(NoticeError::Member("externalId"))?,
                code,
                reason: said,
            })
        }
        _ => Ok(Notice::Pending { request: known().ok_or(NoticeError::Member("referenceId"))? }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_is_a_text_or_an_object() {
        for reason in
            [json!("NOT_ENOUGH_FUNDS"), json!({"code": "NOT_ENOUGH_FUNDS", "message": "NOT_ENOUGH_FUNDS"})]
        {
            let body = json!({"externalId": "1", "status": "FAILED", "reason": reason});
            let refused = Notice::Refused {
                request: "r1".into(),
                code: "NOT_ENOUGH_FUNDS".into(),
                reason: "NOT_ENOUGH_FUNDS".into(),
            };
            assert_eq!(request_to_pay(&body, Some("r1".into()), 0), Ok(refused));
        }
        let pending = request_to_pay(&json!({"status": "PENDING"}), Some("r1".into()), 0);
        assert_eq!(pending, Ok(Notice::Pending { request: "r1".into() }));
        let paid = json!({"status": "SUCCESSFUL", "financialTransactionId": "9", "amount": "5000", "externalId": "16953192"});
        let Ok(Notice::Paid(paid)) = request_to_pay(&paid, None, 0) else { panic!("not paid") };
        assert_eq!((paid.amount_minor, paid.reference.as_deref()), (Some(5_000), Some("16953192")));
    }
}
