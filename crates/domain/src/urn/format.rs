//! How addresses are shown to people.

use expressions::environment::RedactionPolicy;
use smol_str::SmolStr;

use super::Urn;
use crate::phone;

/// What is shown instead of a path that flows may not see.
pub const REDACTED: &str = "********";

impl Urn {
    /// The address as people read it: the display name if there is one, phone numbers in the form of their
    /// own country (`tel:+250781234567` is `0781 234 567`), otherwise the path.
    pub fn formatted(&self) -> SmolStr {
        match &self.display {
            Some(display) => display.clone(),
            None if self.scheme == "tel" => phone::national(&self.path).unwrap_or_else(|| self.path.clone()),
            None => self.path.clone(),
        }
    }

    /// The address as flows may see it under `policy`: `tel:********` if addresses are redacted.
    pub fn redacted(&self, policy: RedactionPolicy) -> Urn {
        match policy {
            RedactionPolicy::None => self.clone(),
            RedactionPolicy::Urns => Urn::new(self.scheme.clone(), REDACTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_people_what_they_know() {
        for (urn, expected) in [
            ("tel:+250781234567", "0781 234 567"),
            ("tel:+12065551212", "(206) 555-1212"),
            ("tel:30123", "30123"),
            ("telegram:12345#zodwa", "zodwa"),
            ("mailto:zodwa@example.org", "zodwa@example.org"),
        ] {
            assert_eq!(urn.parse::<Urn>().unwrap().formatted(), expected, "{urn}");
        }
        let urn: Urn = "telegram:12345#zodwa".parse().unwrap();
        assert_eq!(urn.redacted(RedactionPolicy::Urns).to_string(), "telegram:********");
        assert_eq!(urn.redacted(RedactionPolicy::None), urn);
    }
}
