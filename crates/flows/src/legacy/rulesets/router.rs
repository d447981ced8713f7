//! Rules become categories, cases and exits: rules of the same name that lead to the same place share a category.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::definition::limits::MAX_CATEGORIES;
use crate::legacy::flow::Known;
use crate::legacy::job::Job;
use crate::legacy::rules::{self, Rule};
use crate::legacy::shape::{Object, items, text, uuid};
use crate::legacy::texts::Texts;

/// How much the parts of a split by chance may differ and still count as equal: authors rounded thirds.
const EQUAL_PARTS: f64 = 0.02;
/// Rules of a rule set. Cases and categories have limits of their own that are checked later.
const MAX_RULES: usize = 4 * MAX_CATEGORIES;

/// What a rule set may come to.
#[derive(Clone)]
pub(super) struct Choices {
    categories: Vec<Category>,
    /// The category of each rule, and its test.
    rules: Vec<(usize, Value)>,
    cases: Vec<Value>,
    default: Option<usize>,
    timeout: Option<(u32, usize)>,
    exits: Vec<Value>,
    /// What the editor shows instead of the arguments of some cases.
    shown: Object,
}

#[derive(Clone)]
struct Category {
    uuid: String,
    name: String,
    exit: String,
    destination: Option<Uuid>,
}

impl Choices {
    /// Reads the rules and names their categories.
    pub(super) fn read(set: &Value, job: &mut Job<'_, '_>) -> Result<Self, String> {
        let rules = items(set, "rules");
        if rules.is_empty() {
            return Err("it has no rules, so it leads nowhere; add one or take it out".into());
        }
        if rules.len() > MAX_RULES {
            return Err(format!("can't have more than {MAX_RULES} rules (has {})", rules.len()));
        }
        let mut choices = Self {
            categories: Vec::new(),
            rules: Vec::with_capacity(rules.len()),
            cases: Vec::new(),
            default: None,
            timeout: None,
            exits: Vec::new(),
            shown: Object::new(),
        };
        let mut used = HashSet::new();
        for rule in rules {
            let test = &rule["test"];
            if text(test, "type") == "interrupted_status" {
                job.lose(
                    "A rule about sessions that the phone broke off was left out: a new message starts anew.",
                );
                continue;
            }
            let names = Texts::of(rule, "category");
            let name = match names.base(&job.language) {
                "" => rules::category_name(test, rules.len() == 1, &job.language),
                name => name.to_owned(),
            };
            let category = choices.category(rule, name, &names, &mut used, job);
            choices.rules.push((category, test.clone()));
        }
        if choices.categories.is_empty() {
            return Err("it has no rule that can still be met; add one or take it out".into());
        }
        Ok(choices)
    }

    fn category(
        &mut self,
        rule: &Value,
        name: String,
        names: &Texts,
        used: &mut HashSet<Uuid>,
        job: &mut Job<'_, '_>,
    ) -> usize {
        let destination = uuid(rule, "destination");
        let same = |category: &Category| category.name == name && category.destination == destination;
        if let Some(known) = self.categories.iter().position(same) {
            return known;
        }
        let uuid_of_category = job.draw();
        let exit = match uuid(rule, "uuid").filter(|exit| used.insert(*exit)) {
            Some(exit) => exit.to_string(),
            None => job.draw(),
        };
        job.name(&uuid_of_category, names);
        self.categories.push(Category { uuid: uuid_of_category, name, exit, destination });
        self.categories.len() - 1
    }

    /// Makes cases of the rules, and exits of the categories.
    pub(super) fn with_cases(
        mut self,
        set: &Value,
        known: &Known,
        job: &mut Job<'_, '_>,
    ) -> Result<Self, String> {
        for (index, (category, test)) in std::mem::take(&mut self.rules).into_iter().enumerate() {
            let name = self.categories[category].name.clone();
            let read =
                rules::read(&test, job).map_err(|reason| format!("rule[{index}] '{name}': {reason}"))?;
            match read {
                Rule::True => {
                    self.default.get_or_insert(category);
                }
                Rule::Timeout(seconds) => {
                    self.timeout.get_or_insert((seconds, category));
                }
                Rule::Never => {}
                // Nothing comes after a rule that takes everything.
                Rule::Cases(_) if self.default.is_some() => {}
                Rule::Cases(cases) => {
                    for case in cases {
                        let made = case.write(&self.categories[category].uuid, job);
                        if let Some(shown) = case.shown {
                            self.shown.insert(text(&made, "uuid"), shown);
                        }
                        self.cases.push(made);
                    }
                }
            }
            self.rules.push((category, test));
        }
        if set["ruleset_type"] == "random" {
            self.default = Some(self.categories.len() - 1);
        }
        Ok(self.without_cases(known))
    }

    /// Makes exits of the categories.
    pub(super) fn without_cases(mut self, known: &Known) -> Self {
        self.exits =
            self.categories.iter().map(|category| known.exit(&category.exit, category.destination)).collect();
        self
    }

    /// Where no rule takes everything else: what the case with that argument leads to does, or the last category.
    pub(super) fn or_else(mut self, argument: &str) -> Self {
        if self.default.is_none() {
            let case = self.cases.iter().find(|case| case["arguments"][0] == argument);
            let found = case.and_then(|case| {
                self.categories.iter().position(|category| case["category_uuid"] == category.uuid.as_str())
            });
            self.default = Some(found.unwrap_or(self.categories.len() - 1));
        }
        self
    }

    /// Leaves only cases with that argument.
    pub(super) fn only(mut self, argument: &str) -> Self {
        self.cases.retain(|case| case["arguments"][0] == argument);
        self
    }

    /// Whether a rule asks what the call of a service came to, or nothing asks anything.
    pub(super) fn are_about_service(&self) -> bool {
        let about = |kind: &str| matches!(kind, "webhook_status" | "true" | "timeout");
        self.rules.iter().all(|(_, test)| about(&text(test, "type")))
    }

    /// Whether the parts of a split by chance have the same size, or nothing says otherwise.
    pub(super) fn are_equally_likely(&self) -> bool {
        let number = |test: &Value, key: &str| text(test, key).trim().parse::<f64>().ok();
        let sizes: Option<Vec<f64>> =
            self.rules.iter().map(|(_, test)| Some(number(test, "max")? - number(test, "min")?)).collect();
        let Some(sizes) = sizes else { return true };
        let smallest = sizes.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = sizes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest - smallest <= EQUAL_PARTS
    }

    /// The wait for a message.
    pub(super) fn wait(&self, hint: Option<Value>) -> Value {
        let mut wait = json!({"type": "msg"});
        if let Some((seconds, category)) = self.timeout {
            wait["timeout"] = json!({"seconds": seconds, "category_uuid": self.categories[category].uuid});
        }
        if let Some(hint) = hint {
            wait["hint"] = hint;
        }
        wait
    }

    /// A switch on an operand.
    pub(super) fn router(&self, result_name: &str, operand: &str, wait: Option<Value>) -> Value {
        let mut router = json!({"type": "switch"});
        if let Some(wait) = wait {
            router["wait"] = wait;
        }
        if !result_name.is_empty() {
            router["result_name"] = result_name.into();
        }
        router["categories"] = self.categories_json();
        router["operand"] = operand.into();
        router["cases"] = self.cases.clone().into();
        let default = self.default.map(|default| self.categories[default].uuid.as_str());
        router["default_category_uuid"] = default.unwrap_or_default().into();
        router
    }

    /// A choice by chance.
    pub(super) fn random_router(&self, result_name: &str) -> Value {
        let mut router = json!({"type": "random"});
        if !result_name.is_empty() {
            router["result_name"] = result_name.into();
        }
        router["categories"] = self.categories_json();
        router
    }

    fn categories_json(&self) -> Value {
        let categories = self.categories.iter();
        categories
            .map(|category| json!({"uuid": category.uuid, "name": category.name, "exit_uuid": category.exit}))
            .collect()
    }

    /// The ways on.
    pub(super) fn exits(&self) -> Value {
        self.exits.clone().into()
    }

    /// What the editor is told, with what it shows for some of the cases.
    pub(super) fn config(&self, config: Option<Value>) -> Option<Value> {
        if self.shown.is_empty() {
            return config;
        }
        let mut config = config.unwrap_or_else(|| json!({}));
        config["cases"] = Value::Object(self.shown.clone());
        Some(config)
    }
}
