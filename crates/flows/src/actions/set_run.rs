//! `set_run_result` and `set_run_local`.

use expressions::Number;
use smol_str::{SmolStr, format_smolstr};

use super::Outcome;
use crate::{
    definition::actions::LocalOperation,
    engine::{
        NewResult,
        work::{Work, cut},
    },
    program::{Localized, Program, ResultName, Text},
};

pub(super) fn result(
    work: &mut Work<'_>,
    program: &Program,
    name: &ResultName,
    value: &Text,
    category: &Localized<SmolStr>,
) -> Outcome {
    let (value, fine) = work.render(value);
    if !fine {
        return Outcome::Done;
    }
    let order = work.language_order(program);
    let localized = match category.pick(&order) {
        (text, Some(_)) => text.clone(),
        (_, None) => SmolStr::default(),
    };
    work.save_result(NewResult {
        name,
        value,
        category: category.native.clone(),
        category_localized: localized,
        input: SmolStr::default(),
        extra: None,
    });
    Outcome::Done
}

pub(super) fn local(work: &mut Work<'_>, local: &str, value: &Text, operation: LocalOperation) -> Outcome {
    match operation {
        LocalOperation::Clear => work.clear_local(local),
        LocalOperation::Set => {
            let (value, fine) = work.render(value);
            if fine {
                let value = cut(value, work.limits.template_chars);
                work.set_local(local, value);
            }
        }
        LocalOperation::Increment => increment(work, local, value),
        LocalOperation::Missing => {}
    }
    Outcome::Done
}

fn increment(work: &mut Work<'_>, local: &str, by: &Text) {
    let (by, fine) = work.render(by);
    if !fine {
        return;
    }
    let Some(by) = Number::parse(by.trim()) else {
        work.error(format!("increment value for local '{local}' is not a number"));
        return;
    };
    let before = work.current().and_then(|run| run.locals.get(local));
    let before = before.and_then(|value| Number::parse(value)).unwrap_or(Number::ZERO);
    match before.add(by) {
        Ok(sum) => work.set_local(local, format_smolstr!("{sum}")),
        Err(error) => work.error(error.to_string()),
    }
}

impl Work<'_> {
    /// Sets a local of the current run.
    pub fn set_local(&mut self, name: &str, value: SmolStr) {
        if let Some(run) = self.current_mut() {
            run.locals.insert(SmolStr::new(name), value);
        }
    }

    /// Clears a local of the current run.
    pub fn clear_local(&mut self, name: &str) {
        if let Some(run) = self.current_mut() {
            run.locals.shift_remove(name);
        }
    }
}
