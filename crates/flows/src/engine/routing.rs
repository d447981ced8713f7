//! Routers: choosing the exit of a node and keeping the outcome as a result.

use std::sync::Arc;

use expressions::{Evaluation, Value};
use smallvec::SmallVec;
use smol_str::{SmolStr, format_smolstr};

use super::{
    FillClock,
    steps::Next,
    work::{Work, cut},
};
use crate::{
    events::{EventKind, PreviousResult, RunResultChanged},
    program::{Arguments, Case, Category, CategoryIx, Choice, NodeIx, Program, ResultName, Router},
    raw_json::RawJson,
    session::RunResult,
    tests::{self, Verdict},
    vocabulary,
};

/// What a router decided.
struct Chosen {
    category: CategoryIx,
    value: SmolStr,
    operand: SmolStr,
    extra: Option<RawJson>,
}

/// A value to save under a name.
pub(crate) struct NewResult<'r> {
    pub name: &'r ResultName,
    pub value: SmolStr,
    pub category: SmolStr,
    pub category_localized: SmolStr,
    pub input: SmolStr,
    pub extra: Option<RawJson>,
}

impl Work<'_> {
    pub(super) fn route(&mut self, program: &Arc<Program>, node: NodeIx, timed_out: bool) -> Next {
        let node = program.node(node);
        let Some(router) = &node.router else {
            return Next::Leave { exit: node.first_exit(), operand: SmolStr::default() };
        };
        let chosen = if timed_out { timeout_choice(router) } else { self.choose(program, router) };
        let Some(chosen) = chosen else { return self.fail("Router failed to pick a category") };
        let category = router.category(chosen.category);
        if let Some(name) = &router.result {
            self.save_choice(program, name, category, &chosen);
        }
        Next::Leave { exit: category.exit, operand: chosen.operand }
    }

    fn choose(&mut self, program: &Program, router: &Router) -> Option<Chosen> {
        match &router.choice {
            Choice::Random => {
                let fraction = unit_fraction(self.host.random());
                let index = (fraction * router.categories.len() as f64) as u16;
                Some(Chosen {
                    category: CategoryIx(index),
                    value: format_smolstr!("{index}"),
                    operand: format_smolstr!("{fraction}"),
                    extra: None,
                })
            }
            Choice::Switch { operand, cases, default } => {
                let operand = self.value(operand);
                self.choose_case(program, &operand, cases, *default)
            }
        }
    }

    fn choose_case(
        &mut self,
        program: &Program,
        operand: &Value,
        cases: &[Case],
        default: Option<CategoryIx>,
    ) -> Option<Chosen> {
        let order = self.language_order(program);
        for case in cases {
            let verdict = match case.arguments.get(&order) {
                Arguments::Ready(test) => {
                    let context = self.context();
                    let clock = FillClock::new(self.host, self.base, self.merged.as_deref());
                    test.run(&Evaluation::new(self.env(), &context, &clock), operand)
                }
                Arguments::Templates(texts) => {
                    let mut arguments: SmallVec<[Value; 4]> = SmallVec::new();
                    arguments.push(operand.clone());
                    for text in texts {
                        let value = self.value(text);
                        arguments.push(value);
                    }
                    let Some(verdict) = self.test(&case.test, &arguments) else { continue };
                    verdict
                }
            };
            let Some((value, extra)) = self.found(&case.test, verdict) else { continue };
            return Some(Chosen { category: case.category, value, operand: operand.to_text(), extra });
        }
        let category = default?;
        if let Value::Error(message) = operand {
            self.error(message.as_ref());
        }
        let operand = operand.to_text();
        Some(Chosen { category, value: operand.clone(), operand, extra: None })
    }

    /// What a test says; `None` if there is no such test.
    fn test(&mut self, name: &str, arguments: &[Value]) -> Option<Verdict> {
        let Some(test) = vocabulary::library().get(name) else {
            self.error(format!("Unknown test {name}(...)"));
            return None;
        };
        let context = self.context();
        let clock = FillClock::new(self.host, self.base, self.merged.as_deref());
        Some(tests::run(test, &Evaluation::new(self.env(), &context, &clock), arguments))
    }

    /// What a test matched, if it holds, and what more it found.
    fn found(&mut self, test: &str, verdict: Verdict) -> Option<(SmolStr, Option<RawJson>)> {
        match verdict {
            Ok(found) => found.map(|found| {
                let extra = found.extra.filter(|extra| !matches!(extra, Value::Null));
                (found.value.to_text(), extra.as_ref().map(RawJson::of))
            }),
            Err(fault) => {
                self.error(format!("Error calling test {test}(...): {fault}"));
                None
            }
        }
    }

    fn save_choice(&mut self, program: &Program, name: &ResultName, category: &Category, chosen: &Chosen) {
        let order = self.language_order(program);
        let localized = match category.name.pick(&order) {
            (text, Some(_)) => text.clone(),
            (_, None) => SmolStr::default(),
        };
        self.save_result(NewResult {
            name,
            value: chosen.value.clone(),
            category: category.name.native.clone(),
            category_localized: localized,
            input: chosen.operand.clone(),
            extra: chosen.extra.clone(),
        });
    }

    /// Keeps a result in the current run and says so.
    pub fn save_result(&mut self, new: NewResult<'_>) {
        let value = cut(new.value, self.limits.result_chars);
        let node = self.node_uuid().unwrap_or_default();
        let created_on = self.now();
        let modified_on = self.now();
        let Some(run) = self.current_mut() else { return };
        run.modified_on = modified_on;
        let result = RunResult {
            name: new.name.name.clone(),
            value: value.clone(),
            category: new.category.clone(),
            category_localized: new.category_localized,
            node,
            input: new.input,
            extra: new.extra.clone(),
            created_on,
        };
        let previous = run.results.insert(new.name.key.clone(), result);
        if previous.as_ref().is_some_and(|old| old.value == value && old.category == new.category) {
            return;
        }
        let previous = previous.map(|old| PreviousResult { value: old.value, category: old.category });
        self.event(EventKind::RunResultChanged(Box::new(RunResultChanged {
            name: new.name.name.clone(),
            value,
            category: new.category,
            category_localized: None,
            extra: new.extra,
            previous,
        })));
    }
}

fn timeout_choice(router: &Router) -> Option<Chosen> {
    match &router.wait {
        Some(crate::program::Wait::Msg { timeout: Some(timeout), .. }) => Some(Chosen {
            category: timeout.category,
            value: SmolStr::default(),
            operand: SmolStr::default(),
            extra: None,
        }),
        Some(crate::program::Wait::Msg { timeout: None, .. } | crate::program::Wait::Dial { .. }) | None => {
            None
        }
    }
}

/// A fraction in [0, 1) of 53 random bits.
fn unit_fraction(random: u64) -> f64 {
    const BITS: u32 = 53;
    (random & ((1 << BITS) - 1)) as f64 / (1_u64 << BITS) as f64
}
