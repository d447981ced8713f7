//! The letters of layouts such as `DD-MM-YYYY tt:mm`, shared by writing and reading.

use thiserror::Error;

/// What is written or read, which decides the letters a layout may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutKind {
    /// Days only.
    Date,
    /// Times of day only.
    Time,
    /// Moments: everything.
    DateTime,
}

impl LayoutKind {
    fn word(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
        }
    }
}

/// Why a layout or a text under a layout was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LayoutError {
    /// The layout holds a letter or symbol that cannot be written.
    #[error("'{token}' is not valid in a {} formatting layout", kind.word())]
    NotWritable {
        /// The run of equal characters.
        token: String,
        /// What was to be written.
        kind: LayoutKind,
    },
    /// The layout holds a letter or symbol that cannot be read.
    #[error("'{token}' is not valid in a {} parsing layout", kind.word())]
    NotReadable {
        /// The run of equal characters.
        token: String,
        /// What was to be read.
        kind: LayoutKind,
    },
    /// The text does not follow the layout; `wanted` is empty if text is left over.
    #[error("cannot parse '{text}' as '{wanted}'")]
    Unlike {
        /// Where reading stopped.
        text: String,
        /// The part of the layout that was expected there.
        wanted: String,
    },
    /// Day and month do not exist together, or the moment is beyond the year 9999.
    #[error("day out of range in '{text}'")]
    OutOfRange {
        /// The whole text.
        text: String,
    },
}

/// One element of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(char),
    ShortYear,
    Year,
    Month {
        padded: bool,
    },
    ShortMonthName,
    MonthName,
    Day {
        padded: bool,
    },
    ShortWeekday,
    Weekday,
    Hour12 {
        padded: bool,
    },
    Hour24 {
        padded: bool,
    },
    Minute {
        padded: bool,
    },
    Second {
        padded: bool,
    },
    Fraction(u8),
    LowerHalf,
    UpperHalf,
    /// `Z` for UTC, otherwise the offset.
    Zone,
    /// Always the offset.
    Offset,
}

impl Token {
    fn of(run: &str) -> Option<Self> {
        Some(match run {
            " " | ":" | "," | "T" | "-" | "_" | "/" | "." => Self::Literal(run.chars().next()?),
            "YY" => Self::ShortYear,
            "YYYY" => Self::Year,
            "M" | "MM" => Self::Month { padded: run.len() == 2 },
            "MMM" => Self::ShortMonthName,
            "MMMM" => Self::MonthName,
            "D" | "DD" => Self::Day { padded: run.len() == 2 },
            "EEE" => Self::ShortWeekday,
            "EEEE" => Self::Weekday,
            "h" | "hh" => Self::Hour12 { padded: run.len() == 2 },
            "t" | "tt" => Self::Hour24 { padded: run.len() == 2 },
            "m" | "mm" => Self::Minute { padded: run.len() == 2 },
            "s" | "ss" => Self::Second { padded: run.len() == 2 },
            "fff" => Self::Fraction(3),
            "ffffff" => Self::Fraction(6),
            "fffffffff" => Self::Fraction(9),
            "aa" => Self::LowerHalf,
            "AA" => Self::UpperHalf,
            "Z" => Self::Zone,
            "ZZZ" => Self::Offset,
            _ => return None,
        })
    }

    fn belongs_to(self, kind: LayoutKind) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::ShortYear
            | Self::Year
            | Self::Month { .. }
            | Self::ShortMonthName
            | Self::MonthName
            | Self::Day { .. }
            | Self::ShortWeekday
            | Self::Weekday => kind != LayoutKind::Time,
            Self::Hour12 { .. }
            | Self::Hour24 { .. }
            | Self::Minute { .. }
            | Self::Second { .. }
            | Self::Fraction(_)
            | Self::LowerHalf
            | Self::UpperHalf => kind != LayoutKind::Date,
            Self::Zone | Self::Offset => kind == LayoutKind::DateTime,
        }
    }

    /// Names of days and months are written but never read.
    fn readable(self) -> bool {
        !matches!(self, Self::ShortMonthName | Self::MonthName | Self::ShortWeekday | Self::Weekday)
    }
}

/// The tokens of a layout one after the other, each with the characters it came from.
pub(super) struct Tokens<'l> {
    rest: &'l str,
    kind: LayoutKind,
    reading: bool,
}

impl<'l> Tokens<'l> {
    pub(super) fn to_write(layout: &'l str, kind: LayoutKind) -> Self {
        Self { rest: layout, kind, reading: false }
    }

    pub(super) fn to_read(layout: &'l str, kind: LayoutKind) -> Self {
        Self { rest: layout, kind, reading: true }
    }

    fn refusal(&self, run: &str) -> LayoutError {
        let (token, kind) = (run.to_owned(), self.kind);
        if self.reading {
            LayoutError::NotReadable { token, kind }
        } else {
            LayoutError::NotWritable { token, kind }
        }
    }
}

impl<'l> Iterator for Tokens<'l> {
    type Item = Result<(Token, &'l str), LayoutError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.rest.chars().next()?;
        let end = if first.is_ascii_alphanumeric() && first != 'T' {
            self.rest.find(|c| c != first).unwrap_or(self.rest.len())
        } else {
            first.len_utf8()
        };
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        let token = Token::of(run).filter(|t| t.belongs_to(self.kind) && (!self.reading || t.readable()));
        Some(token.map(|token| (token, run)).ok_or_else(|| self.refusal(run)))
    }
}
