//! `call_llm`: asks a language model. The local gets the answer, or `<ERROR>`.

use domain::Reference;
use smol_str::SmolStr;
use uuid::Uuid;

use super::Outcome;
use crate::{
    definition,
    effect::Effect,
    engine::work::{Work, cut},
    events::{EventKind, LlmCalled, LlmRef, LlmTokens},
    program::Text,
};

/// What the local holds if there is no answer.
const ERROR: &str = "<ERROR>";

/// What was asked, and what came beside the answer.
pub(super) struct Called {
    pub llm: LlmRef,
    pub instructions: String,
    pub input: String,
    pub tokens: LlmTokens,
    pub elapsed_ms: u64,
}

pub(super) fn execute(
    work: &mut Work<'_>,
    llm: &definition::Reference<Uuid>,
    instructions: &Text,
    input: &Text,
    output_local: &str,
) -> Outcome {
    let (instructions, _) = work.render(instructions);
    let (input, _) = work.render(input);
    let Some(model) = work.assets.llm(llm.uuid) else {
        work.missing("llm", &llm.uuid.to_string(), &llm.name);
        work.set_local(output_local, ERROR.into());
        return Outcome::Done;
    };
    Outcome::Needs(Effect::Llm {
        llm: Reference { uuid: model.uuid, name: model.name.clone() },
        instructions: instructions.into(),
        input: input.into(),
    })
}

pub(super) fn complete(
    work: &mut Work<'_>,
    output_local: &str,
    called: Called,
    output: Result<String, String>,
) -> Outcome {
    match output {
        Ok(output) => {
            let local = cut(SmolStr::new(&output), work.limits.template_chars);
            let Called { llm, instructions, input, tokens, elapsed_ms } = called;
            work.event(EventKind::LlmCalled(Box::new(LlmCalled {
                llm,
                instructions,
                input,
                output,
                tokens,
                elapsed_ms,
            })));
            work.set_local(output_local, local);
        }
        Err(why) => {
            work.error(why.trim());
            work.set_local(output_local, ERROR.into());
        }
    }
    Outcome::Done
}
