//! Latencies, kept one by one: a minute at 1,800 a second is 108,000 numbers, which needs no sketch.

use std::time::Duration;

use serde::Serialize;

/// Measured durations.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    micros: Vec<u64>,
}

/// What people look at, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half were faster.
    pub p50: f64,
    /// 95 of 100 were faster.
    pub p95: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, duration: Duration) {
        self.micros.push(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// How many were measured.
    pub fn len(&self) -> usize {
        self.micros.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.micros.is_empty()
    }

    /// The quantiles by nearest rank; all zero if nothing was measured.
    pub fn quantiles(&self) -> Quantiles {
        self.quantiles_since(0)
    }

    /// The quantiles of all but the first `from`.
    pub fn quantiles_since(&self, from: usize) -> Quantiles {
        let mut sorted = self.micros.get(from..).unwrap_or_default().to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            let micros = rank.checked_sub(1).and_then(|index| sorted.get(index)).copied().unwrap_or_default();
            milliseconds(micros)
        };
        Quantiles { p50: at(50), p95: at(95), p99: at(99), max: at(100) }
    }
}

/// Milliseconds with two decimals: finer is noise.
fn milliseconds(micros: u64) -> f64 {
    let hundredths = (micros + 5) / 10;
    u32::try_from(hundredths).map_or(f64::from(u32::MAX), f64::from) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantiles(), Quantiles::default());
        for ms in (1..=200).rev() {
            latencies.record(Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantiles(), Quantiles { p50: 100.0, p95: 190.0, p99: 198.0, max: 200.0 });
    }
}
