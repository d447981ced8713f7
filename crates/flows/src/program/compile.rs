//! From a definition to a program.

use std::collections::BTreeMap;

use domain::{CategoryUuid, NodeUuid};
use expressions::{Library, Value};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{
    Arguments, Case, Category, CategoryIx, Choice, Exit, ExitIx, LanguageIx, Localized, Node, NodeIx,
    Program, ResultName, Router, Text, Timeout, Wait,
};
use crate::definition::extensions::NodeExtension;
use crate::definition::{self, Definition, ItemTranslation, RouterType};
use crate::tests::{self, Prepared};

/// What the parts of a definition need to know of the whole.
pub(super) struct Compiler<'a> {
    /// For each item, its translations in the order of the languages.
    translations: BTreeMap<Uuid, Vec<(LanguageIx, &'a ItemTranslation)>>,
    /// What expressions may call.
    library: &'a Library,
}

/// One item with its translations.
pub(super) struct Item<'a> {
    translations: &'a [(LanguageIx, &'a ItemTranslation)],
    library: &'a Library,
}

impl Program {
    /// Compiles a definition whose expressions may call the functions of `library`. An expression that does not
    /// parse reports it each time it runs.
    pub fn compile(definition: &Definition, library: &Library) -> Self {
        let compiler = Compiler { translations: index_translations(definition), library };
        let mut node_index: Vec<(NodeUuid, NodeIx)> = definition
            .nodes
            .iter()
            .enumerate()
            .map(|(place, node)| (node.uuid, NodeIx(index(place))))
            .collect();
        node_index.sort_unstable();

        let mut program = Self {
            uuid: definition.uuid,
            name: definition.name.clone(),
            revision: definition.revision,
            language: definition.language.clone(),
            flow_type: definition.flow_type,
            expire_after_minutes: definition.expire_after_minutes,
            languages: definition.localization.0.keys().take(MAX_LANGUAGES).cloned().collect(),
            nodes: Vec::with_capacity(definition.nodes.len()),
            exits: Vec::with_capacity(definition.nodes.iter().map(|node| node.exits.len()).sum()),
            actions: Vec::with_capacity(definition.nodes.iter().map(|node| node.actions.len()).sum()),
            window_trigger: definition.extensions.values().find_map(|node| node.window_trigger.clone()),
            node_index,
        };
        for node in &definition.nodes {
            program.add_node(node, definition.extensions.get(&node.uuid), &compiler);
        }
        program
    }

    fn add_node(
        &mut self,
        node: &definition::Node,
        extension: Option<&NodeExtension>,
        compiler: &Compiler<'_>,
    ) {
        let first_action = index(self.actions.len());
        self.actions.append(&mut compiler.actions(node, extension));
        let first_exit = index(self.exits.len());
        for exit in &node.exits {
            let destination = exit.destination_uuid.and_then(|uuid| self.find_node(uuid));
            self.exits.push(Exit { uuid: exit.uuid, destination });
        }
        self.nodes.push(Node {
            uuid: node.uuid,
            actions: first_action..index(self.actions.len()),
            exits: first_exit..index(self.exits.len()),
            router: node.router.as_ref().map(|router| compiler.router(router, node, first_exit)),
            collect: extension.and_then(|extension| extension.collect.as_ref()).map(|c| Box::new(c.into())),
        });
    }
}

/// Languages kept of one flow; there are fewer than 8,000 codes.
const MAX_LANGUAGES: usize = 8_000;

/// A place in a table. The limits of definitions keep all tables far below `u32::MAX` rows.
fn index(place: usize) -> u32 {
    u32::try_from(place).expect("limits of definitions keep tables small")
}

fn index_translations(definition: &Definition) -> BTreeMap<Uuid, Vec<(LanguageIx, &ItemTranslation)>> {
    let mut translations: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
    for (place, items) in definition.localization.0.values().take(MAX_LANGUAGES).enumerate() {
        let language = LanguageIx(u16::try_from(place).expect("fewer than MAX_LANGUAGES"));
        for (item, properties) in items {
            if let Ok(uuid) = Uuid::try_parse(item) {
                translations.entry(uuid).or_default().push((language, properties));
            }
        }
    }
    translations
}

impl<'a> Compiler<'a> {
    pub(super) fn item(&'a self, uuid: Uuid) -> Item<'a> {
        let translations = self.translations.get(&uuid).map_or(&[][..], Vec::as_slice);
        Item { translations, library: self.library }
    }

    /// A template.
    pub(super) fn text(&self, source: &SmolStr) -> Text {
        Text::compile(source, self.library)
    }

    /// A list of templates.
    pub(super) fn texts(&self, sources: &[SmolStr]) -> Vec<Text> {
        sources.iter().map(|source| self.text(source)).collect()
    }

    fn router(&self, router: &definition::Router, node: &definition::Node, first_exit: u32) -> Router {
        let choice = match router.router_type {
            RouterType::Random => Choice::Random,
            RouterType::Switch => Choice::Switch {
                operand: self.text(&router.operand),
                cases: router.cases.iter().map(|case| self.case(case, router)).collect(),
                default: router.default_category_uuid.map(|uuid| category_index(router, uuid)),
            },
        };
        Router {
            wait: router.wait.as_ref().map(|wait| self.wait(wait, router)),
            result: result_name(&router.result_name),
            categories: router
                .categories
                .iter()
                .map(|category| self.category(category, node, first_exit))
                .collect(),
            choice,
        }
    }

    fn case(&self, case: &definition::Case, router: &definition::Router) -> Case {
        let mut arguments = self.item(case.uuid.0).texts("arguments", &case.arguments);
        arguments.translations.retain(|(_, texts)| texts.len() == case.arguments.len());
        Case {
            uuid: case.uuid,
            test: case.test.clone(),
            arguments: arguments.map(|texts| test_arguments(&case.test, texts)),
            category: category_index(router, case.category_uuid),
        }
    }

    fn category(
        &self,
        category: &definition::Category,
        node: &definition::Node,
        first_exit: u32,
    ) -> Category {
        let place = node.exits.iter().position(|exit| exit.uuid == category.exit_uuid);
        Category {
            uuid: category.uuid,
            name: self.item(category.uuid.0).name("name", &category.name),
            exit: ExitIx(first_exit + index(place.expect("reading checked that the exit is there"))),
        }
    }

    fn wait(&self, wait: &definition::Wait, router: &definition::Router) -> Wait {
        match wait {
            definition::Wait::Msg { timeout, hint } => Wait::Msg {
                timeout: timeout.map(|timeout| Timeout {
                    seconds: timeout.seconds,
                    category: category_index(router, timeout.category_uuid),
                }),
                hint: hint.clone(),
            },
            definition::Wait::Dial { phone, dial_limit_seconds, call_limit_seconds } => Wait::Dial {
                phone: self.text(phone),
                dial_limit_seconds: *dial_limit_seconds,
                call_limit_seconds: *call_limit_seconds,
            },
        }
    }
}

/// Constant arguments are made ready here, once for all runs.
fn test_arguments(test: &str, texts: Vec<Text>) -> Arguments {
    let constants: Option<Vec<Value>> =
        texts.iter().map(|text| text.constant().cloned().map(Value::Text)).collect();
    match (tests::find(test), constants) {
        (Some(test), Some(constants)) => Arguments::Ready(Prepared::new(test, &constants)),
        (Some(_) | None, _) => Arguments::Templates(texts),
    }
}

/// A result's name, unless it is empty.
pub(super) fn result_name(name: &str) -> Option<ResultName> {
    (!name.is_empty()).then(|| ResultName::new(name))
}

fn category_index(router: &definition::Router, uuid: CategoryUuid) -> CategoryIx {
    let place = router.categories.iter().position(|category| category.uuid == uuid);
    let place = place.expect("reading checked that the category is there");
    CategoryIx(u16::try_from(place).expect("limits of definitions keep routers small"))
}

impl Item<'_> {
    /// A property that is one template.
    pub(super) fn text(&self, property: &str, native: &SmolStr) -> Localized<Text> {
        self.localize(property, self.compile(native), |texts| first(texts).map(|text| self.compile(text)))
    }

    /// A property that is a list of templates.
    pub(super) fn texts(&self, property: &str, native: &[SmolStr]) -> Localized<Vec<Text>> {
        let compile = |texts: &[SmolStr]| texts.iter().map(|text| self.compile(text)).collect();
        self.localize(property, compile(native), |texts| Some(compile(texts)))
    }

    /// A property that is plain text.
    pub(super) fn name(&self, property: &str, native: &SmolStr) -> Localized<SmolStr> {
        self.localize(property, native.clone(), |texts| first(texts).cloned())
    }

    fn compile(&self, source: &SmolStr) -> Text {
        Text::compile(source, self.library)
    }

    fn localize<T>(&self, property: &str, native: T, read: impl Fn(&[SmolStr]) -> Option<T>) -> Localized<T> {
        let translated = self.translations.iter().filter_map(|(language, properties)| {
            let texts = properties.get(property).filter(|texts| !texts.0.is_empty())?;
            Some((*language, read(&texts.0)?))
        });
        Localized { native, translations: translated.collect() }
    }
}

/// The one text of a property, unless it was left empty.
fn first(texts: &[SmolStr]) -> Option<&SmolStr> {
    texts.first().filter(|text| !text.is_empty())
}
