//! Places as a table: one line for each, with the names of the places that it lies in.
//!
//! ```text
//! country,state,district,ward,aliases
//! Uganda,Central,Kampala,Kisenyi,Kiseni;Kisenyi II
//! Uganda,Central,,,Buganda
//! ```

use expressions::Location;
use smol_str::SmolStr;

use super::read::{Growing, LEVELS, MAX_PLACES, ReadLocationsError};

/// The columns of the levels.
const COLUMNS: [&str; LEVELS] = ["country", "state", "district", "ward"];

/// The columns of a file: where each level and the other names stand.
struct Columns {
    levels: [Option<usize>; LEVELS],
    aliases: Option<usize>,
}

fn refuse<T>(line: usize, reason: impl Into<String>) -> Result<T, ReadLocationsError> {
    Err(ReadLocationsError::Line { line, reason: reason.into() })
}

/// Reads a table of places.
pub(super) fn read(text: &str) -> Result<Location, ReadLocationsError> {
    let mut rows = Rows { rest: text, line: 1 };
    let Some((line, heading)) = rows.next()? else { return refuse(1, "the file is empty") };
    let columns = columns(line, &heading)?;
    let (mut world, mut count) = (Growing::default(), 0);
    while let Some((line, cells)) = rows.next()? {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim());
        let names = columns.levels.map(cell);
        let Some(last) = names.iter().rposition(|name| !name.is_empty()) else {
            return refuse(line, "the line names no place");
        };
        if let Some(missing) = names[..last].iter().position(|name| name.is_empty()) {
            return refuse(line, format!("{} has no {} above it", names[last], COLUMNS[missing]));
        }
        let mut place = &mut world;
        for name in &names[..=last] {
            place = place.child(name, &mut count);
        }
        place.also(cell(columns.aliases).split(';').map(|alias| SmolStr::new(alias.trim())));
        if count > MAX_PLACES {
            return refuse(line, format!("the file names more than {MAX_PLACES} places"));
        }
    }
    world.country()
}

fn columns(line: usize, heading: &[String]) -> Result<Columns, ReadLocationsError> {
    let place = |wanted: &str| heading.iter().position(|cell| cell.trim().eq_ignore_ascii_case(wanted));
    let columns = Columns { levels: COLUMNS.map(place), aliases: place("aliases") };
    let known = columns.levels.iter().flatten().count() + usize::from(columns.aliases.is_some());
    if columns.levels[0].is_none() || known < heading.len() {
        return refuse(
            line,
            "the first line must name the columns: country, state, district, ward (as many as there are), aliases",
        );
    }
    Ok(columns)
}

/// Lines of cells as RFC 4180 has them: cells in quotes may hold commas, line ends and doubled quotes.
struct Rows<'t> {
    rest: &'t str,
    line: usize,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<(usize, Vec<String>)>, ReadLocationsError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let begin = self.line;
        let mut cells = vec![String::new()];
        let mut is_quoted = false;
        let mut chars = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, char)) = chars.next() {
            let cell = cells.last_mut().expect("there is always a cell");
            match (char, is_quoted) {
                ('"', true) if chars.next_if(|(_, next)| *next == '"').is_some() => cell.push('"'),
                ('"', true) => is_quoted = false,
                ('"', false) if cell.trim().is_empty() => {
                    cell.clear();
                    is_quoted = true;
                }
                (',', false) => cells.push(String::new()),
                ('\n', false) => {
                    end = at + 1;
                    break;
                }
                ('\r', false) => {}
                (char, _) => cell.push(char),
            }
        }
        if is_quoted {
            return refuse(begin, "a quote is opened and never closed");
        }
        self.line += self.rest[..end].matches('\n').count();
        self.rest = &self.rest[end..];
        Ok(Some((begin, cells)))
    }
}
