//! How often somebody may ask: a burst, then a steady pace (GCRA), for many callers in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use node::limits;
use tokio::time::Instant;

/// Rates of callers named by `K`.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    burst: Duration,
    every: Duration,
    /// The moment up to which each caller has used what is theirs.
    used: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> Rates<K> {
    /// `burst` requests at once, then one `every` so often.
    pub(crate) fn new(burst: u32, every: Duration) -> Self {
        Self { burst: every * burst, every, used: Mutex::default() }
    }

    /// Whether this caller was here lately.
    pub(crate) fn knows(&self, caller: &K) -> bool {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).contains_key(caller)
    }

    /// Takes one request of a caller.
    ///
    /// # Errors
    /// How long to wait if it is too many.
    pub(crate) fn take(&self, caller: &K, now: Instant) -> Result<(), Duration> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let until = used.get(caller).copied().filter(|until| *until > now).unwrap_or(now) + self.every;
        let ahead = until - now;
        if ahead > self.burst {
            return Err(ahead - self.burst);
        }
        if used.len() >= limits::CHAT_RATES_REMEMBERED && !used.contains_key(caller) {
            used.retain(|_, until| *until > now);
            if used.len() >= limits::CHAT_RATES_REMEMBERED {
                return Err(self.every);
            }
        }
        used.insert(caller.clone(), until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Rates;

    #[test]
    fn a_burst_and_then_a_pace() {
        let rates = Rates::new(3, Duration::from_secs(2));
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(rates.take(&"a", now), Ok(()));
        }
        assert_eq!(rates.take(&"a", now), Err(Duration::from_secs(2)));
        assert_eq!(rates.take(&"b", now), Ok(()), "others are free");
        assert_eq!(rates.take(&"a", now + Duration::from_secs(2)), Ok(()));
        assert!(rates.take(&"a", now + Duration::from_secs(2)).is_err());
    }
}
