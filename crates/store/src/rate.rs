//! How much a line may send: so many messages in so many seconds, also less than one a second.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest time that a rate may be over: a day.
const MAX_SECONDS: i64 = 86_400;
/// Most messages of a rate.
const MAX_MESSAGES: i64 = 1_000_000;

/// Messages in a time, sent at even distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, 1 or more.
    pub messages: i64,
    /// In how many seconds, 1 or more.
    pub seconds: i64,
}

impl Rate {
    /// So many messages a second.
    pub const fn per_second(messages: i64) -> Self {
        Self { messages, seconds: 1 }
    }

    /// Whether it is one that a line can keep.
    pub fn is_valid(self) -> bool {
        (1..=MAX_MESSAGES).contains(&self.messages) && (1..=MAX_SECONDS).contains(&self.seconds)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            1 => write!(f, "{}/s", self.messages),
            60 => write!(f, "{}/min", self.messages),
            3_600 => write!(f, "{}/h", self.messages),
            seconds => write!(f, "{}/{seconds}s", self.messages),
        }
    }
}

/// What is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a rate is a number of messages of 1 or more, a second (80, 80/s), a minute (30/min) or an hour (100/h)"
)]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (messages, time) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match time.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3_600,
            other => other.strip_suffix('s').and_then(|n| n.trim().parse().ok()).ok_or(RateError)?,
        };
        let messages = messages.trim().parse().map_err(|_| RateError)?;
        Some(Self { messages, seconds }).filter(|rate| rate.is_valid()).ok_or(RateError)
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn reads_what_it_writes() {
        for (text, messages, seconds, written) in [
            ("80", 80, 1, "80/s"),
            ("80/s", 80, 1, "80/s"),
            ("30/min", 30, 60, "30/min"),
            (" 1 / hour", 1, 3_600, "1/h"),
            ("2/90s", 2, 90, "2/90s"),
        ] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!((rate, rate.to_string().as_str()), (Rate { messages, seconds }, written));
        }
        for text in ["", "0", "-1", "1/0s", "1/fortnight", "1.5", "9999999", "1/99999s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
