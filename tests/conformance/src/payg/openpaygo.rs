//! OpenPAYGO: codes, the device, and signed reports.

use payg::keycode::{
    DeviceKey,
    openpaygo::{
        Device, EncodeError, Entered, Kind, Settings, encode, metrics, next_code as after, next_long_code,
        starting_code as drawn,
        token::{encode_long, from_four_keys, with_four_keys},
    },
};
use serde_json::{Value as Json, json};

use super::{key, number, same, steps, text};
use crate::report::Outcome;

/// A value in parts of a day, rounded to the nearest.
fn value(case: &Json) -> Result<u32, String> {
    let days = case["value"].as_f64().ok_or("no value")?;
    let divider = case["value_divider"].as_f64().unwrap_or(1.0);
    Ok((days * divider).round_ties_even() as u32)
}

fn kind(case: &Json) -> Result<Kind, String> {
    Ok(match case["token_type"].as_str().unwrap_or("ADD_TIME") {
        "ADD_TIME" => Kind::AddTime(value(case)?),
        "SET_TIME" => Kind::SetTime(value(case)?),
        "DISABLE_PAYG" => Kind::DisablePayg,
        "COUNTER_SYNC" => Kind::CounterSync,
        other => return Err(format!("unknown {other}")),
    })
}

fn settings(case: &Json) -> Result<Settings, String> {
    let key = key(case, "key")?;
    let starting_code =
        if case["starting_code"].is_null() { drawn(&key) } else { number(case, "starting_code")? };
    Ok(Settings { key, starting_code, is_restricted: case["restricted_digit_set"] == json!(true) })
}

pub fn token(case: &Json) -> Outcome {
    let make = if case["extended"] == json!(true) { encode_long } else { encode };
    let made =
        make(&settings(case)?, number(case, "count")?, kind(case)?).map_err(|error| error.to_string())?;
    same(made.digits.as_str(), text(case, "token")?)?;
    same(&made.count, &number(case, "new_count")?)
}

pub fn error(case: &Json) -> Outcome {
    let expected = text(case, "error")?;
    if DeviceKey::from_hex(text(case, "key")?).is_err() {
        return same("bad_key_format", expected);
    }
    // A code that turns the lock off has no place for a value, so there is nothing to refuse.
    if matches!(kind(case)?, Kind::DisablePayg | Kind::CounterSync) && !case["value"].is_null() {
        return same("value_not_allowed", expected);
    }
    let make = if case["extended"] == json!(true) { encode_long } else { encode };
    match make(&settings(case)?, number(case, "count")?, kind(case)?) {
        Err(EncodeError::TooHigh(_)) => same("value_too_high", expected),
        other => Err(format!("expected {expected}, found {other:?}")),
    }
}

pub fn starting_code(case: &Json) -> Outcome {
    same(&drawn(&key(case, "key")?), &number(case, "starting_code")?)
}

pub fn four_keys(case: &Json) -> Outcome {
    for (plain, keys, length) in [("nine", "fifteen", 15), ("twelve", "twenty", 20)] {
        let Some(digits) = case[plain].as_str() else { continue };
        let value: u64 = digits.parse().map_err(|error| format!("{error}"))?;
        same(with_four_keys(value, length).as_str(), text(case, keys)?)?;
        same(&from_four_keys(text(case, keys)?), &Some(value))?;
    }
    Ok(())
}

pub fn next_code(case: &Json) -> Outcome {
    let key = key(case, "key")?;
    if let Some(last) = case["last_ext"].as_u64() {
        return same(&Some(next_long_code(&key, last)), &case["next_ext"].as_u64());
    }
    same(&after(&key, number(case, "last")?), &number(case, "next")?)
}

/// A device as the cases show it.
fn shown(device: &Device) -> Json {
    json!({"count": device.count, "used": device.used(), "payg_enabled": device.is_payg})
}

fn expected(given: &Json) -> Json {
    json!({"count": given["count"], "used": given["used"], "payg_enabled": given["payg_enabled"]})
}

/// Seconds of a number of days; the cases elapse in parts of which a second is one.
fn seconds(days: f64) -> u32 {
    (days * 86_400.0).round() as u32
}

fn same_days(device: &Device, given: &Json) -> Outcome {
    let days = given["days_left"].as_f64().ok_or("no days left")?;
    let found = device.days_left();
    if (found - days).abs() < 1e-6 { Ok(()) } else { Err(format!("expected {days} days, found {found}")) }
}

pub fn device(case: &Json) -> Outcome {
    let divider = u8::try_from(number(case, "value_divider")?).map_err(|error| error.to_string())?;
    let mut device = Device::new(settings(case)?, divider, number(&case["initial"], "count")?);
    same(&shown(&device), &expected(&case["initial"]))?;
    steps(case, |given| {
        match text(given, "action")? {
            "enter" => {
                let entered = device.enter(text(given, "token")?);
                same(entered.name(), text(given, "result")?)?;
                let found = match entered {
                    Entered::Added(value, count) | Entered::Set(value, count) => Some((value, count)),
                    Entered::Disabled(count) => Some((998, count)),
                    Entered::Synced(count) => Some((999, count)),
                    Entered::AlreadyUsed | Entered::Invalid => None,
                };
                if given["decoded_count"].is_number() {
                    same(&found, &Some((number(given, "decoded_value")?, number(given, "decoded_count")?)))?;
                }
            }
            "elapse" => device.elapse(seconds(given["days"].as_f64().ok_or("no days")?)),
            other => return Err(format!("unknown {other}")),
        }
        same(&shown(&device), &expected(&given["after"]))?;
        same_days(&device, &given["after"])
    })
}

pub fn metrics(case: &Json) -> Outcome {
    let key = key(case, "secret_key")?;
    let report = metrics::read(text(case, "request")?).map_err(|error| error.to_string())?;
    same(&report.check(&key).is_ok(), &case["auth_valid"].as_bool().ok_or("auth_valid is missing")?)?;
    let answer: Json = serde_json::from_str(text(case, "answer")?).map_err(|error| error.to_string())?;
    let said = |member: &str| answer.get(member).cloned();
    let tokens = said("tkl").map(serde_json::from_value).transpose().map_err(|error| error.to_string())?;
    let reply = metrics::Reply {
        tokens,
        active_until: answer["auts"].as_i64(),
        seconds_left: answer["asl"].as_i64(),
        settings: said("st"),
        extra: said("ed"),
        signature: None,
    };
    let signed = serde_json::to_string(&reply.sign(&key, &report)).map_err(|error| error.to_string())?;
    same(signed.as_str(), text(case, "answer")?)
}
