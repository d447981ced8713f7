//! Codes for keypads with ten digits, entered as `*digits#`: 14 digits of type (1), number (2), body (5) and check (6).

use super::{check_digits, digits_of, obscure, text_of};
use crate::keycode::{DeviceKey, grouped};

/// Digits of a code that gives or takes time.
pub(super) const DIGITS: usize = 14;

/// Most hours that one code adds or sets so that it can do either: one less than what unlocks.
pub const HOURS_MAX: u32 = 99_998;

/// The hours that unlock for good, where time is set.
pub(super) const UNLOCK_HOURS: u32 = 99_999;

/// What a code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Adds hours to what is left.
    AddCredit {
        /// 0 to 99,999.
        hours: u32,
    },
    /// Says how many hours are left from now on; older codes do nothing any more.
    SetCredit {
        /// 0 to 99,998.
        hours: u32,
    },
    /// Paid off.
    Unlock,
    /// Takes state away. After those that clear numbers, **old codes are taken again**: whoever may issue them can
    /// give light away.
    Wipe(Wipe),
}

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Wipe {
    /// The credit.
    Credit = 0,
    /// The credit, and which codes were entered.
    CreditAndIds = 1,
    /// Which codes were entered.
    Ids = 2,
    /// The maker's mark.
    Restricted = 3,
}

impl Wipe {
    /// The target of this number.
    pub fn of(number: u32) -> Option<Self> {
        [Self::Credit, Self::CreditAndIds, Self::Ids, Self::Restricted]
            .into_iter()
            .find(|wipe| *wipe as u32 == number)
    }

    /// Whether codes that were entered before are taken again after it.
    pub fn reopens_old_codes(self) -> bool {
        matches!(self, Self::CreditAndIds | Self::Ids)
    }
}

/// A code cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More than a code can hold.
    #[error("a code holds at most {HOURS_MAX} hours, not {0}: issue several, or unlock")]
    TooManyHours(u32),
}

/// A code as it is sent and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keycode {
    /// 14 digits.
    pub digits: String,
}

impl Keycode {
    /// With the keys that begin and end it, in groups of three: `*924 551 965 305 06#`.
    pub fn shown(&self) -> String {
        shown(&self.digits)
    }
}

/// Digits as they are shown to whoever types them.
pub(super) fn shown(digits: &str) -> String {
    format!("*{}#", grouped(digits, 3))
}

/// Type and value of a message, as its check covers them.
fn type_and_value(message: Message) -> Result<(u8, u32), EncodeError> {
    Ok(match message {
        Message::AddCredit { hours } if hours <= UNLOCK_HOURS => (0, hours),
        Message::SetCredit { hours } if hours <= HOURS_MAX => (1, hours),
        Message::AddCredit { hours } | Message::SetCredit { hours } => {
            return Err(EncodeError::TooManyHours(hours));
        }
        Message::Unlock => (1, UNLOCK_HOURS),
        Message::Wipe(target) => (2, target as u32),
    })
}

/// The check of a message with its whole number.
pub(super) fn check(key: &DeviceKey, id: u32, kind: u8, value: u32) -> u32 {
    let mut message = [0; 9];
    message[..4].copy_from_slice(&id.to_le_bytes());
    message[4] = kind;
    message[5..].copy_from_slice(&value.to_le_bytes());
    check_digits(key, &message)
}

/// The digits before they are obscured, and the check at their end.
fn plain(key: &DeviceKey, id: u32, message: Message) -> Result<([u8; DIGITS], u32), EncodeError> {
    let (kind, value) = type_and_value(message)?;
    let check = check(key, id, kind, value);
    let number = ((u64::from(kind) * 100 + u64::from(id & 63)) * 100_000 + u64::from(value)) * 1_000_000
        + u64::from(check);
    Ok((digits_of(number), check))
}

/// The digits of a code before they are obscured: for showing how a code is made.
pub fn plain_digits(key: &DeviceKey, id: u32, message: Message) -> Result<String, EncodeError> {
    plain(key, id, message).map(|(digits, _)| text_of(&digits))
}

/// The code number `id` for the device with this key.
pub fn encode(key: &DeviceKey, id: u32, message: Message) -> Result<Keycode, EncodeError> {
    let (mut digits, check) = plain(key, id, message)?;
    obscure(&mut digits[..8], check, false);
    Ok(Keycode { digits: text_of(&digits) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification() {
        let first = DeviceKey::from_hex("deadbeefdeadbeefdeadbeefdeadbeef").unwrap();
        let second = DeviceKey::from_hex("c4b84048cf0424a25dc5e9d3f0674036").unwrap();
        let cases = [
            (&first, 42, Message::AddCredit { hours: 168 }, "59979149319443"),
            (&first, 43, Message::SetCredit { hours: 240 }, "68207035709312"),
            (&first, 44, Message::Unlock, "57839669730545"),
            (&first, 45, Message::Wipe(Wipe::Ids), "35610777630738"),
            (&second, 42, Message::AddCredit { hours: 168 }, "18626101219303"),
            (&second, 242, Message::SetCredit { hours: 168 }, "84916574650252"),
            (&second, 243, Message::Unlock, "59419380735396"),
            (&second, 666, Message::Wipe(Wipe::Credit), "99184586395646"),
            (&second, 30, Message::Wipe(Wipe::Restricted), "86258582930005"),
        ];
        for (key, id, message, expected) in cases {
            assert_eq!(encode(key, id, message).unwrap().digits, expected, "{message:?}");
        }
        assert_eq!(
            encode(&first, 1, Message::SetCredit { hours: 99_999 }),
            Err(EncodeError::TooManyHours(99_999))
        );
    }
}
