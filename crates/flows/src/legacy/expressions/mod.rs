//! Templates of the old expression language (`@flow.age`, `@(LEFT(contact.name, 4))`) in the present one
//! (`@results.age`, `@(text_slice(contact.name, 0, 4))`).
//!
//! The old language had other names for what a contact, a result or a date is, counted words from 1, and added
//! numbers to dates with `+`. A sum whose kinds are known becomes what it meant; others become `legacy_add`,
//! which decides when it is evaluated.

mod functions;
mod part;
mod scan;
mod sums;
mod syntax;
mod variables;

use part::Part;
use scan::{Piece, pieces};
use syntax::{Operator, Tree};
pub(super) use variables::SCHEMES;

use crate::program::TOP_LEVELS;

/// Longest template that is migrated, in bytes: no definition may hold one of more than 10,000 characters, so a longer
/// one is refused afterwards anyway, and finding the ends of its expressions could take for ever.
const MAX_TEMPLATE_BYTES: usize = 40_000;

/// The template in the present language. What is no valid expression stays as it is.
///
/// With `default_to_self` an expression that fails shows its old source, as the old language did everywhere.
pub fn migrate(template: &str, default_to_self: bool) -> String {
    migrate_with(template, Days::AsText, |out, whole, part| write(out, whole, part, default_to_self))
}

/// The same for the address of a service, in which the old language encoded what came out of expressions. An
/// expression at its beginning is itself an address.
pub(super) fn migrate_address(template: &str) -> String {
    migrate_with(template, Days::AsText, |out, whole, part| {
        if out.is_empty() {
            write(out, whole, part, false);
        } else {
            write(out, whole, &format!("url_encode({part})"), false);
        }
    })
}

/// The same for a date that is compared with others: days stay moments and do not become text.
pub(super) fn migrate_date(template: &str) -> String {
    migrate_with(template, Days::AsMoments, |out, whole, part| write(out, whole, part, false))
}

/// What the days of the old language (`@date.today`) are, which knew no dates without a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Days {
    AsText,
    AsMoments,
}

fn migrate_with(template: &str, days: Days, write: impl Fn(&mut String, &str, &str)) -> String {
    if template.len() > MAX_TEMPLATE_BYTES {
        return template.to_owned();
    }
    let mut out = String::with_capacity(template.len() + 16);
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Expression { whole, source } => {
                match syntax::parse(source).and_then(|tree| expression(&tree, days)) {
                    Some(part) => write(&mut out, whole, &part.text),
                    None => out.push_str(whole),
                }
            }
        }
    }
    out
}

fn write(out: &mut String, whole: &str, migrated: &str, default_to_self: bool) {
    if default_to_self {
        let shown = part::quoted(whole);
        out.push_str(&format!("@(if(is_error({migrated}), {shown}, {migrated}))"));
    } else if is_path(migrated) {
        out.push('@');
        out.push_str(migrated);
    } else if migrated != "\"\"" {
        out.push_str(&format!("@({migrated})"));
    }
}

/// Whether the text can stand behind an `@` without brackets.
fn is_path(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    text.split('.').all(is_name) && text.split('.').next().is_some_and(|top| TOP_LEVELS.contains(&top))
}

/// The part of the present language that a part of the old one becomes; `None` if a name in it is unknown.
fn expression(tree: &Tree, days: Days) -> Option<Part> {
    Some(match tree {
        Tree::Number(digits) => Part::number(digits),
        Tree::Text(text) => Part::text(text),
        Tree::Boolean(value) => Part::atom(value.to_string()),
        Tree::Variable(path) => variables::migrate(path, days)?,
        Tree::Call(name, arguments) => {
            let arguments: Option<Vec<Part>> =
                arguments.iter().map(|argument| expression(argument, days)).collect();
            functions::migrate(name, arguments?)?
        }
        Tree::Parentheses(inner) => expression(inner, days)?.in_parentheses(),
        Tree::Negate(operand) => expression(operand, days)?.negated(),
        Tree::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) => {
            let minus = *operator == Operator::Subtract;
            sums::migrate(expression(left, days)?, minus, expression(right, days)?, days)
        }
        Tree::Binary(operator, left, right) => {
            Part::binary(operator.symbol(), expression(left, days)?, expression(right, days)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::migrate;

    #[test]
    fn templates_mean_the_same_in_the_present_language() {
        for (old, new) in [
            ("Habari @contact.name, @@home", "Habari @contact.name, @@home"),
            ("@contact.clinic / @flow.weeks.category", "@fields.clinic / @results.weeks.category_localized"),
            ("write to me@example.org @ 5", "write to me@example.org @ 5"),
            ("@(UPPER(flow.clinic))", "@(upper(results.clinic))"),
            ("@(CONCATENATE(1, 2) = \"12\")", "@((1 & 2) = \"12\")"),
            ("@(POWER(1 + 2, 2))", "@((1 + 2) ^ 2)"),
            ("@(flow.weeks + 1)", "@(legacy_add(results.weeks, 1))"),
            ("@(date.now - flow.weeks * 7)", "@(datetime_add(now(), -(results.weeks * 7), \"D\"))"),
            ("@(WORD(flow.reply, -1))", "@(word(results.reply, -1))"),
            (
                "@(IF(flow.weeks<>4,\"a \"\"b\"\"\", TRUE))",
                "@(if(results.weeks != 4, \"a \\\"b\\\"\", true))",
            ),
            ("@(NO_SUCH(1)) @(1 +) @(", "@(NO_SUCH(1)) @(1 +) @("),
            ("@(who.knows)", "@(who.knows)"),
            (
                "@(if(is_error(extra.ref), \"\", extra.ref))",
                "@(if(is_error(legacy_extra.ref), \"\", legacy_extra.ref))",
            ),
            ("@(is_error(results.ref)) @(WORD(flow.a))", "@(is_error(results.ref)) @(WORD(flow.a))"),
            ("@(IF(flow.weeks > 4, \"late\"))", "@(if(results.weeks > 4, \"late\", false))"),
            ("@(DATEDIF(contact.due, date.now, \"m\"))", "@(datetime_diff(fields.due, now(), \"M\"))"),
            ("@(\"a\\\" & \"\\\\\"\"b\" & \"\\w\")", "@(\"a\\\\\" & \"\\\\\\\\\\\"b\" & \"\\w\")"),
        ] {
            assert_eq!(migrate(old, false), new, "{old}");
        }
        assert_eq!(super::migrate_date("@(date.today - 10)"), "@(datetime_add(today(), -10, \"D\"))");
        assert_eq!(
            super::migrate_address("https://example.org/@flow.a?b=@contact.name"),
            "https://example.org/@(url_encode(results.a))?b=@(url_encode(contact.name))"
        );
        assert_eq!(super::migrate_address("@flow.a?b=@(1)"), "@results.a?b=@(url_encode(1))");
        assert_eq!(super::migrate_date("@date.tomorrow"), "@(datetime_add(now(), 1, \"D\"))");
        assert_eq!(
            migrate("@flow.weeks", true),
            "@(if(is_error(results.weeks), \"@flow.weeks\", results.weeks))"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_template_panics(template in "[@()a-z0-9.\"+*<>=&^ ,-]{0,40}", any in proptest::prelude::any::<String>()) {
            migrate(&template, false);
            migrate(&any, true);
            migrate(&format!("@(flow.a + {any})"), true);
        }
    }
}
