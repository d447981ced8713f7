//! Rows of M-Pesa's statement, as the organisation's portal exports it. They bring what callbacks lost.

use serde_json::Value as Json;
use smol_str::SmolStr;

use super::{Identity, Notice, NoticeError, Payment, Provider, TEXT_CHARS, mpesa::civil};
use crate::money::read_amount;

/// The columns of a statement, in their order.
pub const COLUMNS: [&str; 8] = [
    "Receipt No.",
    "Completion Time",
    "Initiation Time",
    "Details",
    "Transaction Status",
    "Paid In",
    "Withdrawn",
    "Balance",
];

/// One row: by receipt, paid in, and the reference in its details. Charges, withdrawals and what did not complete are
/// nothing for us.
pub fn row(cells: &[&str], decimals: u32) -> Result<Notice, NoticeError> {
    let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).ok_or(NoticeError::Member(COLUMNS[at]));
    let (receipt, details, paid_in) = (cell(0)?, cell(3)?, cell(5)?);
    if !cell(4)?.eq_ignore_ascii_case("completed") || paid_in.is_empty() {
        return Ok(Notice::Nothing);
    }
    let amount = read_amount(paid_in, decimals)?;
    if receipt.is_empty() {
        return Err(NoticeError::Member(COLUMNS[0]));
    }
    if amount <= 0 {
        return Ok(Notice::Nothing);
    }
    let (payer, name, reference) = parties(details);
    Ok(Notice::Paid(Payment {
        identity: Identity { provider: Provider::Mpesa, receipt: SmolStr::new(receipt.to_ascii_uppercase()) },
        amount_minor: Some(amount),
        reference,
        request: None,
        payer,
        name,
        at: civil("%Y-%m-%d %H:%M:%S", cell(1)?),
    }))
}

/// Payer, name and reference of `Pay Bill from 25470****149 - JOHN DOE Acc. 16953192`.
fn parties(details: &str) -> (Option<String>, Option<String>, Option<String>) {
    let kept = |text: &str| {
        Some(text.trim().chars().take(TEXT_CHARS).collect::<String>()).filter(|text| !text.is_empty())
    };
    let (before, reference) =
        details.rsplit_once("Acc.").map_or((details, None), |(before, after)| (before, kept(after)));
    let from = before.split_once(" from ").map_or("", |(_, from)| from);
    let (payer, name) = from.split_once(" - ").unwrap_or((from, ""));
    (kept(payer), kept(name), reference)
}

/// The cells of a row that is given as JSON: texts.
pub fn cells(row: &Json) -> Option<Vec<&str>> {
    row.as_array()?.iter().map(Json::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_bring_receipt_amount_and_reference() {
        let paid = [
            "RK1",
            "2019-11-22 06:38:45",
            "",
            "Pay Bill from 25470****149 - JOHN DOE Acc. 16953192",
            "Completed",
            "1,010.00",
            "",
            "30671.00",
        ];
        let Ok(Notice::Paid(paid)) = row(&paid, 2) else { panic!("not paid") };
        assert_eq!(
            (paid.amount_minor, paid.reference.as_deref(), paid.name.as_deref()),
            (Some(101_000), Some("16953192"), Some("JOHN DOE"))
        );
        assert_eq!(paid.at.unwrap().to_string(), "2019-11-22T03:38:45Z");
        for cells in [
            ["RK2", "", "", "Pay Bill Charge", "Completed", "", "-0.55", "1"],
            ["RK3", "", "", "Pay Bill from 1 - A Acc. 1", "Failed", "5", "", "1"],
        ] {
            assert_eq!(row(&cells, 2), Ok(Notice::Nothing), "{cells:?}");
        }
        assert_eq!(row(&["RK4"], 2), Err(NoticeError::Member("Details")));
    }
}
