//! One sprint while it runs: the state, what has happened so far, and the little things every part of it needs.

use domain::{Contact, EventUuid, NodeUuid};
use expressions::{Environment, Evaluation, Value, template::truncate};
use indexmap::IndexMap;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Engine, Host, Limits, Segment, Sprint, Wait};
use crate::{
    assets::Assets,
    context::{Context, Resumed},
    effect::Effect,
    events::{ErrorCode, Event, EventKind, EventOrigin, Failure, Problem},
    modifiers::merge_environment,
    program::{LanguageOrder, NodeIx, Program, Text},
    session::{Run, Session},
};

/// Characters of an expression or address that a message about it quotes.
const MAX_QUOTED_CHARS: usize = 255;

/// A flow that an action asked to enter.
pub(crate) struct Pushed {
    pub program: std::sync::Arc<Program>,
    pub terminal: bool,
}

/// One sprint while it runs.
pub(crate) struct Work<'e> {
    pub assets: &'e Assets,
    pub base: &'e Environment,
    pub host: &'e dyn Host,
    pub limits: Limits,
    pub contact: &'e mut Contact,
    pub session: Session,
    pub events: Vec<Event>,
    pub segments: Vec<Segment>,
    /// The run that is executing.
    pub run: Option<usize>,
    /// The workspace's conventions with the contact's own; `None` if they are the same.
    pub merged: Option<Box<Environment>>,
    pub resumed: Option<Resumed>,
    pub steps: usize,
    /// The node entered last, in whichever run. Segments start there: the way on from a node whose sub-flow ended
    /// counts as leaving the sub-flow's last node.
    pub last_node: NodeUuid,
    pub pushed: Option<Pushed>,
    pub effect: Option<Effect>,
    pub wait: Option<Wait>,
    /// Whether the contact is in just those query groups that they fit.
    pub groups_are_right: bool,
}

impl<'e> Work<'e> {
    pub fn new(engine: &Engine<'e>, contact: &'e mut Contact, session: Session) -> Self {
        let merged = merge_environment(engine.assets, engine.env, contact);
        Self {
            assets: engine.assets,
            base: engine.env,
            host: engine.host,
            limits: engine.limits,
            contact,
            session,
            events: Vec::with_capacity(8),
            segments: Vec::new(),
            run: None,
            merged,
            resumed: None,
            steps: 0,
            last_node: NodeUuid::default(),
            pushed: None,
            effect: None,
            wait: None,
            groups_are_right: engine.groups_are_right,
        }
    }

    /// What the sprint came to.
    pub fn finish(self) -> Sprint {
        Sprint {
            session: self.session,
            events: self.events,
            segments: self.segments,
            effect: self.effect,
            wait: self.wait,
            groups_are_right: self.groups_are_right,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.host.now()
    }

    /// The conventions of the workspace with those of the contact merged in.
    pub fn env(&self) -> &Environment {
        self.merged.as_deref().unwrap_or(self.base)
    }

    /// Merges the contact's conventions again after it changed.
    pub fn refresh_env(&mut self) {
        self.merged = merge_environment(self.assets, self.base, self.contact);
    }

    /// The run that is executing.
    pub fn current(&self) -> Option<&Run> {
        self.session.runs.get(self.run?)
    }

    /// The run that is executing, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Run> {
        self.session.runs.get_mut(self.run?)
    }

    /// The node the current run is at.
    pub fn node(&self) -> Option<NodeIx> {
        self.current()?.path.last().map(|step| NodeIx(step.node))
    }

    /// Identifier of the node the current run is at.
    pub fn node_uuid(&self) -> Option<NodeUuid> {
        let node = self.node()?;
        self.current()?.program.as_ref().map(|program| program.node(node).uuid)
    }

    /// Languages to show the contact, the preferred one first.
    pub fn language_order(&self, program: &Program) -> LanguageOrder {
        let allowed = &self.base.allowed_languages;
        let own = self.contact.language.as_deref().filter(|code| allowed.iter().any(|a| a == code));
        program.language_order(own.into_iter().chain(allowed.first().map(SmolStr::as_str)))
    }

    /// Where events come from just now.
    pub fn origin(&self) -> Option<EventOrigin> {
        self.current().map(|run| EventOrigin { run: run.uuid, node: self.node_uuid() })
    }

    /// Adds an event.
    pub fn event(&mut self, kind: EventKind) {
        let uuid = EventUuid(self.host.uuid_v7());
        self.event_as(uuid, kind);
    }

    /// Adds an event whose identifier was drawn before.
    pub fn event_as(&mut self, uuid: EventUuid, kind: EventKind) {
        let created_on = self.now();
        let origin = self.origin();
        self.events.push(Event { origin, ..Event::new(uuid, created_on, kind) });
    }

    /// Adds an error that has no code.
    pub fn error(&mut self, text: impl Into<String>) {
        self.event(EventKind::Error(Problem { text: text.into(), code: None, extra: None }));
    }

    /// Adds an error that machines can tell apart.
    pub fn error_code(&mut self, code: ErrorCode, text: impl Into<String>, extra: &[(&str, &str)]) {
        self.event(EventKind::Error(problem(code, text.into(), extra)));
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: ErrorCode, text: impl Into<String>, extra: &[(&str, &str)]) {
        self.event(EventKind::Warning(problem(code, text.into(), extra)));
    }

    /// Adds the error of something that the flow names and that is gone.
    pub fn missing(&mut self, kind: &str, identity: &str, name: &str) {
        let key = if kind == "field" || kind == "global" { "key" } else { "uuid" };
        self.error_code(
            ErrorCode::DependencyMissing,
            format!("Missing dependency: {kind}[{key}={identity},name={name}]"),
            &[("type", kind), ("identity", identity)],
        );
    }

    /// Adds the event of a session that cannot go on.
    pub fn failure(&mut self, text: impl Into<String>) {
        self.event(EventKind::Failure(Failure { text: text.into() }));
    }

    /// Everything an expression can refer to.
    pub fn context(&self) -> Context<'_> {
        Context {
            assets: self.assets,
            env: self.env(),
            contact: self.contact,
            session: &self.session,
            run: self.run,
            resumed: self.resumed,
        }
    }

    /// Evaluates a template to text. Parts that fail add nothing to it but an error event each; the flag says
    /// whether none did.
    pub fn render(&mut self, text: &Text) -> (SmolStr, bool) {
        self.render_up_to(text, self.limits.template_chars, expressions::Escaping::None)
    }

    /// As [`Work::render`], with another limit of characters and quotes of expressions escaped.
    pub fn render_up_to(
        &mut self,
        text: &Text,
        max_chars: usize,
        escaping: expressions::Escaping,
    ) -> (SmolStr, bool) {
        let template = match text {
            Text::Constant(constant) => return (constant.clone(), true),
            Text::Template(template) => template,
        };
        let context = self.context();
        let evaluation = Evaluation::new(self.env(), &context, self.host);
        let evaluated = template.render_escaped(&evaluation, max_chars, escaping);
        let fine = evaluated.errors.is_empty();
        if !fine || !evaluated.warnings.is_empty() {
            self.report(evaluated.errors, &evaluated.warnings);
        }
        (SmolStr::from(evaluated.value), fine)
    }

    /// As [`Work::render`], but the text is not cut to the limit of templates: it has one of its own.
    pub fn render_whole(&mut self, text: &Text) -> SmolStr {
        self.render_up_to(text, usize::MAX, expressions::Escaping::None).0
    }

    /// Evaluates a template that is exactly one expression to its value, any other to text. Errors are the value.
    pub fn value(&mut self, text: &Text) -> Value {
        let template = match text {
            Text::Constant(constant) => return Value::Text(constant.clone()),
            Text::Template(template) => template,
        };
        let context = self.context();
        let evaluation = Evaluation::new(self.env(), &context, self.host);
        let evaluated = template.value(&evaluation, self.limits.template_chars);
        // A template that is one expression reports its error as its value; others as events.
        let errors = if evaluated.value.is_error() { Vec::new() } else { evaluated.errors };
        if !errors.is_empty() || !evaluated.warnings.is_empty() {
            self.report(errors, &evaluated.warnings);
        }
        evaluated.value
    }

    fn report(&mut self, errors: Vec<expressions::TemplateError>, warnings: &[SmolStr]) {
        for warning in warnings {
            self.warning(ErrorCode::ContextDeprecated, warning.as_str(), &[]);
        }
        for error in errors {
            let code =
                if error.too_complex { ErrorCode::ExpressionTooComplex } else { ErrorCode::Expression };
            let source = quoted(&error.source);
            self.error_code(
                code,
                format!("Error evaluating expression: {}", error.message),
                &[("expression", &source)],
            );
        }
    }
}

/// A text shortened for a message about it.
pub(crate) fn quoted(text: &str) -> String {
    let mut text = text.to_owned();
    truncate(&mut text, MAX_QUOTED_CHARS);
    text
}

/// A text cut to at most so many characters.
pub(crate) fn cut(text: SmolStr, max_chars: usize) -> SmolStr {
    if text.len() <= max_chars {
        return text;
    }
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => SmolStr::new(&text[..end]),
        None => text,
    }
}

fn problem(code: ErrorCode, text: String, extra: &[(&str, &str)]) -> Problem {
    let extra: IndexMap<SmolStr, String> =
        extra.iter().map(|(key, value)| (SmolStr::new(key), (*value).to_owned())).collect();
    Problem { text, code: Some(code), extra: (!extra.is_empty()).then(|| Box::new(extra)) }
}
