//! Nodes tell each other through the store who is near a limit, and count what others gave out.

use std::collections::HashMap;
use std::sync::Arc;

use operations::Context;
use smol_str::{SmolStr, format_smolstr};
use store::{Change, RateUse, StoreError, Unit, UnitError};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Caller, Rates};
use crate::limits;

/// What other nodes have said so far: what they gave out, by caller and node.
type Heard = HashMap<(SmolStr, i64), i64>;

/// The task that exchanges them. It ends after `stop` is notified. While the store is away each node holds callers to
/// its own counts.
pub(crate) async fn run(ctx: Context, rates: Arc<Rates>, node: i64, stop: Arc<Notify>) {
    if !ctx.store.is_shared() {
        // There is no other node to tell.
        return stop.notified().await;
    }
    let mut heard = Heard::new();
    let mut rounds = 0_u64;
    loop {
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = tokio::time::sleep(limits::RATES_EXCHANGED) => {}
        }
        rounds += 1;
        if let Err(error) = round(&ctx, &rates, node, &mut heard, rounds).await {
            tracing::debug!(%error, "limits could not be shared; this node goes on with its own counts");
        }
    }
}

async fn round(
    ctx: &Context,
    rates: &Rates,
    node: i64,
    heard: &mut Heard,
    rounds: u64,
) -> Result<(), StoreError> {
    let now = ctx.now();
    let told = rates.to_tell(Instant::now());
    let mut changes: Vec<Change> = Vec::new();
    for (caller, used) in &told {
        let row = RateUse { caller: caller.clone(), node, used: *used, changed_on: now };
        changes.push(Change::RateUse(row));
    }
    if rounds.is_multiple_of(limits::RATES_TIDIED) {
        changes.push(Change::ForgetRates(now - limits::RATES_KEPT));
    }
    if !changes.is_empty() {
        match ctx.store.write_one(Unit::new(changes)).await {
            Ok(_) => rates.have_told(&told),
            Err(UnitError::Store(error)) => return Err(error),
            Err(other) => return Err(StoreError::Database(other.to_string())),
        }
    }
    let uses = ctx.store.rate_uses(node, limits::RATES_HEARD).await?;
    rates.hear(heard, &uses, Instant::now());
    Ok(())
}

impl Rates {
    /// Who has used half of their burst, the nearest to the limit first, with what this node gave out to them; only
    /// what others were not told yet.
    fn to_tell(&self, now: Instant) -> Vec<(SmolStr, i64)> {
        let mut used = self.lock();
        // Who has used nothing lately begins anew.
        used.retain(|_, used| used.until > now || used.told > 0);
        let mut near: Vec<_> = Vec::new();
        for ((name, caller), used) in used.iter_mut() {
            if used.until <= now {
                (used.count, used.told) = (0, 0);
            } else if used.ahead(now) * 2 >= used.limit.whole_burst() && used.count > used.told {
                let share = used.ahead(now).as_nanos() * 1_000 / used.limit.whole_burst().as_nanos().max(1);
                near.push((share, format_smolstr!("{name} {}", caller.text()), used.count));
            }
        }
        near.sort_unstable_by(|a, b| b.cmp(a));
        near.truncate(limits::RATES_TOLD);
        near.into_iter().map(|(_, caller, count)| (caller, count)).collect()
    }

    fn have_told(&self, told: &[(SmolStr, i64)]) {
        let mut used = self.lock();
        for ((name, caller), used) in used.iter_mut() {
            let text = format_smolstr!("{name} {}", caller.text());
            if let Some((_, count)) = told.iter().find(|(told, _)| *told == text) {
                used.told = *count;
            }
        }
    }

    /// Counts what other nodes gave out since they were last heard. A count that fell began anew.
    fn hear(&self, heard: &mut Heard, uses: &[RateUse], now: Instant) {
        let mut now_heard = Heard::with_capacity(uses.len());
        let mut used = self.lock();
        for row in uses {
            let key = (row.caller.clone(), row.node);
            let before = heard.get(&key).copied().filter(|before| *before <= row.used).unwrap_or(0);
            now_heard.insert(key, row.used);
            let more = u32::try_from(row.used - before).unwrap_or(u32::MAX);
            let Some((name, caller)) = row.caller.split_once(' ') else { continue };
            if more == 0 {
                continue;
            }
            let Some(caller) = Caller::read(caller) else { continue };
            // Whom this node does not know it holds to its own count when they come: the name alone is no limit.
            let Some(limit) = limits::rate_named(name) else { continue };
            let known = used.entry((limit.name, caller)).or_insert(super::Used {
                limit,
                until: now,
                count: 0,
                told: 0,
            });
            let most = now + limit.whole_burst();
            known.until = (known.until.max(now) + limit.every.saturating_mul(more)).min(most);
        }
        *heard = now_heard;
    }
}

#[cfg(test)]
mod tests {
    use store::RateUse;
    use tokio::time::Instant;

    use super::{Caller, Heard, Rates};
    use crate::limits::CHAT_CLIENT;

    fn row(rates: &Rates, node: i64, now: Instant) -> Vec<RateUse> {
        let told = rates.to_tell(now);
        rates.have_told(&told);
        let changed_on = jiff::Timestamp::UNIX_EPOCH;
        told.into_iter().map(|(caller, used)| RateUse { caller, node, used, changed_on }).collect()
    }

    #[test]
    fn what_one_node_gave_out_counts_at_the_other() {
        let (one, two, now) = (Rates::default(), Rates::default(), Instant::now());
        let school = || Caller::Client([10, 0, 0, 1].into());
        let half = CHAT_CLIENT.burst / 2;
        for _ in 0..half - 1 {
            one.take_at(&CHAT_CLIENT, school(), now).unwrap();
        }
        assert!(row(&one, 1, now).is_empty(), "who is far from the limit is nobody's business");
        one.take_at(&CHAT_CLIENT, school(), now).unwrap();
        let said = row(&one, 1, now);
        assert_eq!(said.len(), 1);
        let mut heard = Heard::new();
        two.hear(&mut heard, &said, now);
        two.hear(&mut heard, &said, now);
        let left =
            (0..CHAT_CLIENT.burst).take_while(|_| two.take_at(&CHAT_CLIENT, school(), now).is_ok()).count();
        assert_eq!(left, (CHAT_CLIENT.burst - half) as usize, "heard twice, counted once");
        assert!(row(&one, 1, now).is_empty(), "what was said is not said again");
        one.take_at(&CHAT_CLIENT, school(), now).unwrap();
        assert_eq!(row(&one, 1, now)[0].used, i64::from(half) + 1);
        // Much later both have forgotten.
        let later = now + CHAT_CLIENT.every * (CHAT_CLIENT.burst + 1);
        assert!(row(&one, 1, later).is_empty());
        assert_eq!(two.take_at(&CHAT_CLIENT, school(), later), Ok(()));
    }
}
