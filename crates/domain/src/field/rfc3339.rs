//! RFC 3339 with an offset, microseconds: `2025-09-01T00:00:00.000000+02:00`, in UTC with `Z`.

use jiff::{
    Timestamp, Zoned,
    fmt::temporal::DateTimeParser,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Writes the moment with its offset.
pub fn serialize<S: Serializer>(value: &Option<Zoned>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(moment) => serializer.collect_str(&text(moment)),
        None => serializer.serialize_none(),
    }
}

/// The moment with its offset, in microseconds.
pub fn text(moment: &Zoned) -> String {
    let layout =
        if moment.offset() == Offset::UTC { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%S%.6f%:z" };
    moment.strftime(layout).to_string()
}

/// Reads a moment with an offset; the zone is that fixed offset.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zoned>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let pieces = DateTimeParser::new().parse_pieces(&text).map_err(D::Error::custom)?;
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    let timestamp: Timestamp = text.parse().map_err(D::Error::custom)?;
    Ok(Some(timestamp.to_zoned(TimeZone::fixed(offset))))
}
