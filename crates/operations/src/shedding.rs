//! What is turned off under pressure, the least valuable first, and who says so: a person, for all nodes, or each node by
//! what it measures. Replies, opt-outs and payments are never turned off.

use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, format_smolstr};
use store::{Change, SettingRow, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::Context;

/// The setting in which people say the level.
const BY_HAND: &str = "shedding";
/// Settings in which nodes say the level that they measured, each followed by the node's run.
const MEASURED: &str = "shedding.measured.";
/// How long what a node measured is believed without it saying so again.
pub const MEASURED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Something that is turned off under pressure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shed {
    /// Keys for contact searches are made later.
    SearchIndexing,
    /// Attached files are fetched later.
    MediaFetching,
    /// Flows that ask a language model are told at once that it does not answer.
    LanguageUnderstanding,
    /// Lists and counts of contacts, reports, exports: refused, and export jobs wait.
    HeavyReports,
    /// Broadcasts, and flows started for many: they wait.
    BulkSending,
}

impl Shed {
    /// All, the least valuable first.
    pub const ALL: [Self; 5] = [
        Self::SearchIndexing,
        Self::MediaFetching,
        Self::LanguageUnderstanding,
        Self::HeavyReports,
        Self::BulkSending,
    ];

    /// The level from which on it is turned off.
    pub fn level(self) -> u8 {
        match self {
            Self::SearchIndexing => 1,
            Self::MediaFetching => 2,
            Self::LanguageUnderstanding => 3,
            Self::HeavyReports => 4,
            Self::BulkSending => 5,
        }
    }

    /// Its name in metrics and for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::SearchIndexing => "search_indexing",
            Self::MediaFetching => "media_fetching",
            Self::LanguageUnderstanding => "language_understanding",
            Self::HeavyReports => "heavy_reports",
            Self::BulkSending => "bulk_sending",
        }
    }

    /// What that means today.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SearchIndexing => {
                "keys for contact queries are made when this is on again: lists find people as they were, and jobs that \
                 look for people by a query wait"
            }
            Self::MediaFetching => "files that people sent are fetched from their carrier later",
            Self::LanguageUnderstanding => "flows that ask a language model go on at once without an answer",
            Self::HeavyReports => {
                "lists and counts of contacts, reports and exports are refused; jobs that export wait"
            }
            Self::BulkSending => {
                "broadcasts and flows started for many wait; single starts and replies go on"
            }
        }
    }
}

/// The highest level.
pub const MAX_SHEDDING: u8 = 5;

/// Who says how much is turned off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SheddingMode {
    /// Each node, by what it measures.
    #[default]
    Auto,
    /// A person, for all nodes.
    Level(u8),
}

impl SheddingMode {
    /// Reads `auto` or a level.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            _ => text.parse().ok().filter(|level| *level <= MAX_SHEDDING).map(Self::Level),
        }
    }

    fn text(self) -> SmolStr {
        match self {
            Self::Auto => "auto".into(),
            Self::Level(level) => format_smolstr!("{level}"),
        }
    }
}

/// How much is turned off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shedding {
    /// What people said.
    pub mode: SheddingMode,
    /// What nodes measured lately, by run; none of those that measured no pressure.
    pub measured: Vec<(i64, u8)>,
}

impl Shedding {
    /// The level that holds for what is no node's own work, such as reports: the highest of all.
    pub fn level(&self) -> u8 {
        match self.mode {
            SheddingMode::Level(level) => level,
            SheddingMode::Auto => self.measured.iter().map(|(_, level)| *level).max().unwrap_or(0),
        }
    }
}

/// Something is refused because it is turned off.
#[derive(Debug, Clone, Error)]
pub enum TurnedOff {
    /// Under pressure.
    #[error(
        "{} is turned off while the system is under pressure (shedding level {level}); try again later, or see \
         `seedling shed status`", what.word()
    )]
    Shed {
        /// What.
        what: Shed,
        /// The level.
        level: u8,
    },
    /// It is not known whether it is.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says how much is turned off, for all nodes; they follow within seconds.
///
/// # Errors
/// When it could not be kept.
pub async fn set_shedding(ctx: &Context, mode: SheddingMode) -> Result<(), StoreError> {
    let row = SettingRow { name: BY_HAND.into(), value: mode.text(), changed_on: ctx.now() };
    write(ctx, Change::Setting(row)).await
}

/// Says what a node measured.
///
/// # Errors
/// When it could not be kept.
pub async fn report_shedding(ctx: &Context, run: i64, level: u8) -> Result<(), StoreError> {
    let name = format_smolstr!("{MEASURED}{run}");
    let change = if level == 0 {
        Change::ClearSetting(name)
    } else {
        Change::Setting(SettingRow { name, value: format_smolstr!("{level}"), changed_on: ctx.now() })
    };
    write(ctx, change).await
}

async fn write(ctx: &Context, change: Change) -> Result<(), StoreError> {
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// How much is turned off, as people and nodes have said.
///
/// # Errors
/// When the store cannot be read.
pub async fn shedding(ctx: &Context) -> Result<Shedding, StoreError> {
    Ok(read(&ctx.store.settings().await?, ctx.now()))
}

fn read(settings: &[SettingRow], now: Timestamp) -> Shedding {
    let mut shedding = Shedding::default();
    for row in settings {
        if row.name == BY_HAND {
            shedding.mode = SheddingMode::read(&row.value).unwrap_or_default();
        } else if let Some(run) = row.name.strip_prefix(MEASURED)
            && let (Ok(run), Ok(level)) = (run.parse(), row.value.parse())
            && now.duration_since(row.changed_on).abs() <= MEASURED_FOR
        {
            shedding.measured.push((run, level));
        }
    }
    shedding
}

/// Refuses a heavy report while these are turned off.
///
/// # Errors
/// [`TurnedOff`].
pub async fn allow_report(ctx: &Context) -> Result<(), TurnedOff> {
    let level = shedding(ctx).await?.level();
    let what = Shed::HeavyReports;
    if level >= what.level() { Err(TurnedOff::Shed { what, level }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use store::SettingRow;

    use super::{MAX_SHEDDING, Shed, SheddingMode, read};

    #[test]
    fn each_level_turns_one_more_thing_off() {
        let levels: Vec<u8> = Shed::ALL.into_iter().map(Shed::level).collect();
        assert_eq!(levels, (1..=MAX_SHEDDING).collect::<Vec<_>>());
    }

    #[test]
    fn a_person_wins_over_what_nodes_measure_and_old_measures_do_not_count() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let row = |name: &str, value: &str, age: i64| SettingRow {
            name: name.into(),
            value: value.into(),
            changed_on: now - SignedDuration::from_secs(age),
        };
        let measured = [row("shedding.measured.7", "3", 5), row("shedding.measured.8", "5", 500)];
        let shedding = read(&measured, now);
        assert_eq!((shedding.mode, shedding.level()), (SheddingMode::Auto, 3));
        let with = |value| read(&[&measured[..], &[row("shedding", value, 9_999)]].concat(), now).level();
        assert_eq!((with("0"), with("5"), with("auto"), with("9")), (0, 5, 3, 3));
    }
}
