//! The walk over a flow that fills the report.

use domain::{ActionUuid, NodeUuid};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{
    CheckedDependency, Counts, Dependency, DependencyKind, Inspection, Issue, IssueKind, ResultInfo, assets,
    templates::{self, TRANSLATED},
};
use crate::definition::{Definition, Node, Router};
use crate::program::result_key;

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: NodeUuid,
    action: Option<ActionUuid>,
    language: Option<&'a SmolStr>,
}

struct Visit<'a> {
    definition: &'a Definition,
    exists: Option<&'a dyn Fn(&Dependency) -> bool>,
    report: Inspection,
}

pub(super) fn inspect(definition: &Definition, exists: Option<&dyn Fn(&Dependency) -> bool>) -> Inspection {
    let counts = Counts { languages: definition.localization.0.len(), nodes: definition.nodes.len() };
    let report = Inspection {
        counts,
        dependencies: Vec::new(),
        locals: Vec::new(),
        results: Vec::new(),
        parent_refs: Vec::new(),
        issues: Vec::new(),
    };
    let mut visit = Visit { definition, exists, report };
    for node in &definition.nodes {
        visit.node(node);
    }
    visit.report
}

impl Visit<'_> {
    fn node(&mut self, node: &Node) {
        for action in &node.actions {
            let place = Place { node: node.uuid, action: Some(action.uuid), language: None };
            for dependency in assets::of_action(&action.kind) {
                self.dependency(dependency, place);
            }
            for template in templates::of_action(&action.kind) {
                self.template(template, place);
            }
            self.translations(action.uuid.0, place);
            if let Some(local) = assets::local(&action.kind) {
                add_once(&mut self.report.locals, local);
            }
            if let Some((name, categories)) = assets::result(&action.kind) {
                self.result(name, categories, node.uuid);
            }
        }
        if let Some(router) = &node.router {
            self.router(router, node.uuid);
        }
        if let Some(extension) = self.definition.extensions.get(&node.uuid) {
            let place = Place { node: node.uuid, action: None, language: None };
            for dependency in assets::of_extension(extension) {
                self.dependency(dependency, place);
            }
            for template in extension.steps.iter().flat_map(|step| step.kind.templates()) {
                self.template(template, place);
            }
        }
    }

    fn router(&mut self, router: &Router, node: NodeUuid) {
        let place = Place { node, action: None, language: None };
        self.template(&router.operand, place);
        for dependency in assets::of_router(router) {
            self.dependency(dependency, place);
        }
        for case in &router.cases {
            for argument in &case.arguments {
                self.template(argument, place);
            }
            if case.test == "has_pattern" {
                self.patterns(&case.arguments, place);
            }
            self.translations(case.uuid.0, place);
        }
        if !router.result_name.is_empty() {
            let categories = router.categories.iter().map(|category| category.name.clone()).collect();
            self.result(&router.result_name, categories, node);
        }
    }

    /// The translated templates of an action or case.
    fn translations(&mut self, item: Uuid, place: Place<'_>) {
        let item = item.to_string();
        let definition = self.definition;
        for language in definition.localization.0.keys() {
            for property in TRANSLATED {
                let texts = definition.localization.texts(language, &item, property).unwrap_or_default();
                for text in texts {
                    self.template(text, Place { language: Some(language), ..place });
                }
            }
        }
    }

    fn template(&mut self, template: &str, place: Place<'_>) {
        for path in templates::references(template) {
            if let Some(dependency) = assets::of_path(&path) {
                self.dependency(dependency, place);
            }
            if let [parent, results, key, ..] = path.as_slice()
                && parent == "parent"
                && results == "results"
            {
                add_once(&mut self.report.parent_refs, key.clone());
            }
            if path.first().is_some_and(|top| top == "legacy_extra") {
                let description = "use of the deprecated @legacy_extra".to_owned();
                self.issue(IssueKind::LegacyExtra, description, None, place);
            }
        }
    }

    fn patterns(&mut self, arguments: &[SmolStr], place: Place<'_>) {
        for pattern in arguments.iter().filter(|argument| !argument.contains('@')) {
            if let Err(error) = regex::Regex::new(pattern) {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
                let description = format!("invalid regex '{pattern}': {reason}");
                self.issue(IssueKind::InvalidRegex, description, None, place);
            }
        }
    }

    fn dependency(&mut self, dependency: Dependency, place: Place<'_>) {
        let missing = dependency.kind != DependencyKind::Contact
            && self.exists.is_some_and(|exists| !exists(&dependency));
        if missing {
            let description = format!("missing {} dependency '{}'", dependency.kind.name(), dependency.id);
            self.issue(IssueKind::MissingDependency, description, Some(dependency.clone()), place);
        }
        let known =
            self.report.dependencies.iter_mut().find(|known| {
                known.dependency.kind == dependency.kind && known.dependency.id == dependency.id
            });
        match known {
            None => self.report.dependencies.push(CheckedDependency { dependency, missing }),
            Some(known) if known.dependency.name.is_empty() => known.dependency.name = dependency.name,
            Some(_) => {}
        }
    }

    fn result(&mut self, name: &SmolStr, categories: Vec<SmolStr>, node: NodeUuid) {
        let key = SmolStr::from(result_key(name));
        let place = self.report.results.iter().position(|result| result.key == key).unwrap_or_else(|| {
            let result =
                ResultInfo { key, name: name.clone(), categories: Vec::new(), node_uuids: Vec::new() };
            self.report.results.push(result);
            self.report.results.len() - 1
        });
        let result = &mut self.report.results[place];
        for category in categories {
            add_once(&mut result.categories, category);
        }
        add_once(&mut result.node_uuids, node);
    }

    fn issue(
        &mut self,
        kind: IssueKind,
        description: String,
        dependency: Option<Dependency>,
        place: Place<'_>,
    ) {
        let issue = Issue {
            kind,
            node_uuid: place.node,
            action_uuid: place.action,
            language: place.language.cloned(),
            description,
            dependency,
        };
        if !self.report.issues.contains(&issue) {
            self.report.issues.push(issue);
        }
    }
}

fn add_once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
