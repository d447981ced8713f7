//! How contacts are reached: which of several channels serves an address best.

use domain::{Channel, ContactUrn};

/// The best of the channels that can serve an address. For phone numbers: one of the same country, then the
/// one whose own number, or one of whose listed prefixes, begins most like the address. Otherwise the first.
pub(crate) fn best_channel<'a>(
    channels: impl Iterator<Item = &'a Channel>,
    urn: &ContactUrn,
) -> Option<&'a Channel> {
    if urn.urn.scheme != "tel" {
        let mut channels = channels;
        return channels.next();
    }
    let number = urn.urn.path.trim_start_matches('+');
    let mut best: Option<(&Channel, usize)> = None;
    for channel in channels {
        let overlap = overlap(channel, number);
        if best.is_none_or(|(_, most)| overlap > most) {
            best = Some((channel, overlap));
        }
    }
    best.map(|(channel, _)| channel)
}

/// How many digits of a number the channel's listed prefixes, or else its own number, begin alike.
fn overlap(channel: &Channel, number: &str) -> usize {
    let listed = channel
        .match_prefixes
        .iter()
        .map(|prefix| prefix.trim_start_matches('+'))
        .filter(|prefix| number.starts_with(prefix))
        .map(str::len)
        .max();
    listed.unwrap_or_else(|| {
        let own = channel.address.trim_start_matches('+');
        own.bytes().zip(number.bytes()).take_while(|(a, b)| a == b).count()
    })
}
