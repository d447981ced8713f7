//! Nexus Keycode, full and small: the server's side and the device's.

use payg::keycode::nexus::{
    Answer, Credit, FullDevice, SmallDevice,
    channel::{self, Command},
    factory, full, small,
};
use serde_json::{Value as Json, json};

use super::{key, number, same, steps, text};
use crate::report::Outcome;

pub fn activation(case: &Json) -> Outcome {
    let (key, id) = (key(case, "key")?, number(case, "id")?);
    let message = match text(case, "op")? {
        "add_credit" => full::Message::AddCredit { hours: number(case, "hours")? },
        "set_credit" if number(case, "hours")? == 99_999 => full::Message::Unlock,
        "set_credit" => full::Message::SetCredit { hours: number(case, "hours")? },
        "unlock" => full::Message::Unlock,
        "wipe_state" => full::Message::Wipe(full::Wipe::of(number(case, "target")?).ok_or("no such target")?),
        other => return Err(format!("unknown {other}")),
    };
    let code = full::encode(&key, id, message).map_err(|error| error.to_string())?;
    same(
        full::plain_digits(&key, id, message).map_err(|error| error.to_string())?.as_str(),
        text(case, "plain")?,
    )?;
    same(code.digits.as_str(), text(case, "digits")?)?;
    same(code.shown().as_str(), text(case, "keycode")?)
}

pub fn factory(case: &Json) -> Outcome {
    let said = |error: factory::FactoryError| error.to_string();
    let digits = match text(case, "op")? {
        "allow_test" => factory::allow_test(),
        "display_payg_id" => factory::display_id(),
        "oqc_test" => factory::quality_test(number(case, "minutes")?).map_err(said)?,
        "passthrough" => {
            let application =
                u8::try_from(number(case, "application_id")?).map_err(|error| error.to_string())?;
            factory::passthrough(application, text(case, "data")?).map_err(said)?
        }
        "passthrough_uart" => {
            let key = key(case, "key")?;
            same(factory::serial_line_key(&key).to_hex().as_str(), text(case, "uart_key")?)?;
            factory::open_serial_line(&key)
        }
        other => return Err(format!("unknown {other}")),
    };
    same(digits.as_str(), text(case, "digits")?)
}

pub fn channel(case: &Json) -> Outcome {
    let (controller, count) = (key(case, "controller_key")?, number(case, "controller_command_count")?);
    let command = match text(case, "op")? {
        "link_accessory_mode_3" => Command::Link {
            accessory: key(case, "accessory_key")?,
            count: number(case, "accessory_command_count")?,
        },
        "unlink_all" => Command::UnlinkAll,
        "unlink_specific" => {
            Command::Unlink { accessory: case["accessory_nexus_id"].as_u64().ok_or("no number")? }
        }
        other => return Err(format!("unknown {other}")),
    };
    if let Some(plain) = case["token_plain"].as_str() {
        same(channel::plain_digits(&controller, count, command).as_str(), plain)?;
    }
    same(channel::encode(&controller, count, command).as_str(), text(case, "digits")?)
}

/// The name by which the cases know an error.
fn error_of(error: small::EncodeError) -> &'static str {
    match error {
        small::EncodeError::Days(_) => "unsupported_days",
        small::EncodeError::TestCode(_) => "collision_with_test_code",
        small::EncodeError::Ambiguous(_) => "mac_collision",
    }
}

pub fn small(case: &Json) -> Outcome {
    let days = || number(case, "days").unwrap_or(u32::MAX);
    let made = |message: small::Message| Ok(small::encode(&key(case, "key")?, number(case, "id")?, message));
    let service = |what: small::Maintenance| Ok(Ok(small::encode_maintenance(&key(case, "key")?, what)));
    let code: Result<Result<small::Keycode, small::EncodeError>, String> = match text(case, "op")? {
        "add_credit" => made(small::Message::AddCredit { days: days() }),
        "set_credit" => made(small::Message::SetCredit { days: days() }),
        "unlock" => made(small::Message::Unlock),
        "set_unlock" => made(small::Message::SetUnlock),
        "wipe_restricted" => made(small::Message::ClearRestricted),
        "ext_set_credit_wipe_restricted" => {
            let key = key(case, "key")?;
            if let Some(next) = case["next_valid_id"].as_u64() {
                let next = u32::try_from(next).map_err(|error| error.to_string())?;
                let first =
                    (number(case, "id")?..).find(|id| small::encode_set_and_clear(&key, *id, days()).is_ok());
                same(&first, &Some(next))?;
            }
            Ok(small::encode_set_and_clear(&key, number(case, "id")?, days()))
        }
        "maintenance_wipe_state_0" => service(small::Maintenance::Credit),
        "maintenance_wipe_state_1" => service(small::Maintenance::CreditAndIds),
        "maintenance_wipe_ids_all" => service(small::Maintenance::Ids),
        "test_short_test" => Ok(Ok(small::encode_test(small::Test::Short))),
        "test_oqc_test" => Ok(Ok(small::encode_test(small::Test::Quality))),
        other => return Err(format!("unknown {other}")),
    };
    match (code?, case["error"].as_str()) {
        (Ok(code), None) => {
            same(code.keys.as_str(), text(case, "keycode")?)?;
            same(code.shown().as_str(), text(case, "grouped")?)?;
            same(format!("{:028b}", code.bits).as_str(), text(case, "bits28")?)
        }
        (Err(error), Some(expected)) => same(error_of(error), expected),
        (found, expected) => Err(format!("expected {expected:?}, found {found:?}")),
    }
}

/// A device as the cases show it.
fn shown(credit: &Credit, centre: u32, used: &[u32]) -> Json {
    json!({"credit_s": credit.seconds, "unlocked": credit.unlocked, "pd": centre, "used_ids": used,
           "restricted": credit.restricted})
}

fn answered(given: &Json, answer: Answer) -> Outcome {
    same(answer.name(), text(given, "response")?)
}

pub fn full_device(case: &Json) -> Outcome {
    let mut device = FullDevice::new(key(case, "key")?, number(case, "device_id")?);
    let shown = |device: &FullDevice| shown(&device.credit, device.window.centre(), &device.window.used());
    same(&shown(&device), &case["initial"])?;
    steps(case, |given| {
        match text(given, "action")? {
            "enter" => {
                let (answer, handed_on) = device.enter(text(given, "keycode")?);
                answered(given, answer)?;
                same(&handed_on.as_deref(), &given["passthrough"].as_str())?;
            }
            "elapse" => device.elapse(number(given, "seconds")?),
            "set_restricted" => device.credit.restricted = true,
            "power_cycle" => {}
            other => return Err(format!("unknown {other}")),
        }
        same(&shown(&device), &given["after"])
    })
}

pub fn small_device(case: &Json) -> Outcome {
    let mut device = SmallDevice::new(key(case, "key")?);
    let shown = |device: &SmallDevice| shown(&device.credit, device.window.centre(), &device.window.used());
    same(&shown(&device), &case["initial"])?;
    steps(case, |given| {
        match text(given, "action")? {
            "enter" => answered(given, device.enter(text(given, "keycode")?))?,
            "elapse" => device.elapse(number(given, "seconds")?),
            "set_restricted" => device.credit.restricted = true,
            "power_cycle" => {}
            other => return Err(format!("unknown {other}")),
        }
        same(&shown(&device), &given["after"])
    })
}
