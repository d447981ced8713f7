//! Reads places from CSV or GeoJSON into one tree.

use expressions::Location;
use indexmap::IndexMap;
use smol_str::SmolStr;
use thiserror::Error;

use super::{LocationsReport, csv, geojson};

/// Largest file, in bytes. GeoJSON carries the borders, which are not kept.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Most places of all levels together.
pub const MAX_PLACES: usize = 200_000;
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 128;
/// Most other names of one place.
pub const MAX_ALIASES: usize = 50;
/// Levels: country, state, district, ward.
pub const LEVELS: usize = 4;

/// Why a file of places cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadLocationsError {
    /// The file is too large.
    #[error(
        "the file has more than {MAX_BYTES} bytes; leave out the borders of places, which are not needed"
    )]
    TooLarge,
    /// The bytes are not UTF-8.
    #[error("the file is not UTF-8 text; save it as UTF-8 CSV or GeoJSON")]
    NotText,
    /// Something in a line of CSV.
    #[error("line {line}: {reason}")]
    Line {
        /// Which line.
        line: usize,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Something in a GeoJSON file.
    #[error("{0}")]
    GeoJson(String),
    /// Something about the tree as a whole.
    #[error("{0}")]
    Tree(String),
}

/// Reads a file of places: CSV with a heading, or GeoJSON. The answer is the country.
///
/// # Errors
/// [`ReadLocationsError`]
pub fn read_locations(bytes: &[u8]) -> Result<Location, ReadLocationsError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadLocationsError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ReadLocationsError::NotText)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') { geojson::read(text) } else { csv::read(text) }
}

/// How many places a tree has.
pub(super) fn report(root: &Location) -> LocationsReport {
    fn count(place: &Location, depth: usize, report: &mut LocationsReport) {
        report.aliases += place.aliases.len();
        match depth {
            1 => report.states += 1,
            2 => report.districts += 1,
            3 => report.wards += 1,
            _ => {}
        }
        if depth + 1 < LEVELS {
            place.children.iter().for_each(|child| count(child, depth + 1, report));
        }
    }
    let mut report = LocationsReport::default();
    count(root, 0, &mut report);
    report
}

/// A place while the tree grows, its children by name in lower case.
#[derive(Default)]
pub(super) struct Growing {
    name: SmolStr,
    aliases: Vec<SmolStr>,
    children: IndexMap<String, Growing>,
}

impl Growing {
    /// The child of that name, made if it is not there.
    pub fn child(&mut self, name: &str, count: &mut usize) -> &mut Self {
        self.children.entry(name.to_lowercase()).or_insert_with(|| {
            *count += 1;
            Self { name: SmolStr::new(name), ..Self::default() }
        })
    }

    /// Adds other names, each once.
    pub fn also(&mut self, aliases: impl IntoIterator<Item = SmolStr>) {
        for alias in aliases {
            let known = std::iter::once(&self.name).chain(&self.aliases);
            if !alias.is_empty() && !known.into_iter().any(|name| name.eq_ignore_ascii_case(&alias)) {
                self.aliases.push(alias);
            }
        }
    }

    fn grown(self) -> Location {
        Location {
            name: self.name,
            aliases: self.aliases,
            children: self.children.into_values().map(Self::grown).collect(),
        }
    }

    /// The only country below this nameless root.
    ///
    /// # Errors
    /// If there is none or more than one, or a rule about sizes is broken.
    pub fn country(mut self) -> Result<Location, ReadLocationsError> {
        match self.children.len() {
            0 => Err(ReadLocationsError::Tree("the file names no country".to_owned())),
            1 => {
                let country = self.children.pop().map(|(_, country)| country.grown()).unwrap_or_default();
                check(&country)?;
                Ok(country)
            }
            _ => {
                let names: Vec<&str> = self.children.values().map(|child| child.name.as_str()).collect();
                let names = names.join(", ");
                Err(ReadLocationsError::Tree(format!("a workspace has one country, not several: {names}")))
            }
        }
    }
}

fn check(place: &Location) -> Result<(), ReadLocationsError> {
    let refuse = |reason: String| Err(ReadLocationsError::Tree(reason));
    let name = &place.name;
    if place.aliases.len() > MAX_ALIASES {
        return refuse(format!("{name:?} has more than {MAX_ALIASES} other names"));
    }
    for text in std::iter::once(name).chain(&place.aliases) {
        if text.chars().count() > MAX_NAME_CHARS {
            return refuse(format!("a name is longer than {MAX_NAME_CHARS} characters: {text:?}"));
        }
        if text.contains('>') {
            return refuse(format!(
                "a name cannot hold >, which stands between the names of a path: {text:?}"
            ));
        }
    }
    place.children.iter().try_for_each(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths of a tree with other names, or why there is none.
    fn paths(text: &str) -> Vec<String> {
        fn visit(place: &Location, above: &str, out: &mut Vec<String>) {
            let path =
                if above.is_empty() { place.name.to_string() } else { format!("{above} > {}", place.name) };
            out.push(if place.aliases.is_empty() {
                path.clone()
            } else {
                format!("{path} {:?}", place.aliases)
            });
            place.children.iter().for_each(|child| visit(child, &path, out));
        }
        match read_locations(text.as_bytes()) {
            Ok(root) => {
                let mut out = Vec::new();
                visit(&root, "", &mut out);
                out
            }
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn tables_name_places_and_what_they_lie_in() {
        let cases: [(&str, &[&str]); 12] = [
            (
                "country,state,district,ward,aliases\nUganda,Central,Kampala,Kisenyi,Kiseni; Kisenyi II\n\
                 uganda,CENTRAL,Kampala,Nakasero,\nUganda,Central,,,Buganda;central\n",
                &[
                    "Uganda",
                    "Uganda > Central [\"Buganda\"]",
                    "Uganda > Central > Kampala",
                    "Uganda > Central > Kampala > Kisenyi [\"Kiseni\", \"Kisenyi II\"]",
                    "Uganda > Central > Kampala > Nakasero",
                ],
            ),
            ("\u{feff}Country,State\r\nKenya,\"Taita, Taveta\"\r\n\r\n", &["Kenya", "Kenya > Taita, Taveta"]),
            ("country,aliases\nKenya,\"the \"\"land\"\"\"\n", &["Kenya [\"the \\\"land\\\"\"]"]),
            ("", &["line 1: the file is empty"]),
            (
                "name,state\nKenya,Nairobi\n",
                &[
                    "line 1: the first line must name the columns: country, state, district, ward (as many as there are), aliases",
                ],
            ),
            ("country\n", &["the file names no country"]),
            ("country\nKenya\nUganda\n", &["a workspace has one country, not several: Kenya, Uganda"]),
            ("country,state,district\nKenya,,Mombasa\n", &["line 2: Mombasa has no state above it"]),
            ("country,aliases\n,Nyeri\n", &["line 2: the line names no place"]),
            ("country\nKenya\n\"Ug", &["line 3: a quote is opened and never closed"]),
            (
                "country\nA > B\n",
                &["a name cannot hold >, which stands between the names of a path: \"A > B\""],
            ),
            ("country,state\nKenya,Coast\nKenya,coast\n", &["Kenya", "Kenya > Coast"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths(text), expected, "{text}");
        }
    }

    #[test]
    fn features_name_places_by_identifier() {
        let feature =
            |properties: &str| format!(r#"{{"type":"Feature","geometry":null,"properties":{properties}}}"#);
        let file = |features: &[&str]| {
            let features: Vec<String> = features.iter().map(|text| feature(text)).collect();
            format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
        };
        let country = r#"{"osm_id":"R1","name":"Rwanda","aliases":["U Rwanda"]}"#;
        let cases: [(String, &[&str]); 6] = [
            (
                file(&[
                    r#"{"osm_id":"R3","name":"Gasabo","is_in_state":"R2","is_in_country":"R1","aliases":"Kacyiru;"}"#,
                    r#"{"osm_id":"R2","name":"Kigali","is_in_country":"R1"}"#,
                    country,
                ]),
                &["Rwanda [\"U Rwanda\"]", "Rwanda > Kigali", "Rwanda > Kigali > Gasabo [\"Kacyiru\"]"],
            ),
            (
                file(&[r#"{"id":7,"name":"Rwanda"}"#, r#"{"id":8,"name":"East","parent_id":7}"#]),
                &["Rwanda", "Rwanda > East"],
            ),
            (
                file(&[country, r#"{"osm_id":"R2","name":"East","parent_id":"R9"}"#]),
                &["East lies in R9, which the file does not have"],
            ),
            (
                file(&[r#"{"id":1,"name":"A","parent_id":2}"#, r#"{"id":2,"name":"B","parent_id":1}"#]),
                &["A lies deeper than 4 levels"],
            ),
            (file(&[country, country]), &["two features have the id R1"]),
            (file(&[r#"{"osm_id":"R1"}"#]), &["feature R1 has no name"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths(&text), expected, "{text}");
        }
        assert!(paths("{").concat().starts_with("the file is not GeoJSON"));
    }
}
