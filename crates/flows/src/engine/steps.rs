//! The loop of a sprint: from node to node until the session waits, ends or needs the outside world.

use std::sync::Arc;

use super::{Segment, work::Work};
use crate::{
    actions::{self, Outcome},
    context::Resumed,
    effect::{Effect, EffectResult},
    program::{ExitIx, NodeIx, Program},
    session::{Pending, RunStatus, Step},
};

/// Where the sprint goes next.
pub(crate) enum Next {
    /// Begin the flow that an action asked to enter.
    BeginRun,
    /// Enter a node of the current run.
    Visit(NodeIx),
    /// Do the actions of the current node from this one on.
    Actions(u32),
    /// The actions are done: wait, or route at once.
    Settle,
    /// A message came where the node waits: collect it, or route.
    Collect,
    /// Choose an exit of the current node.
    Route {
        /// Because the wait's time was up.
        timed_out: bool,
    },
    /// Leave the current node.
    Leave {
        /// By this exit.
        exit: ExitIx,
        /// What the router tested.
        operand: smol_str::SmolStr,
    },
    /// End the current run and go on with the one that entered it.
    End(RunStatus),
    /// Nothing more to do for now.
    Stop,
}

impl Work<'_> {
    /// Goes on until nothing more is to do for now.
    pub fn advance(&mut self, from: Next) {
        let mut next = from;
        while !matches!(next, Next::Stop) {
            next = self.step(next);
        }
    }

    fn step(&mut self, next: Next) -> Next {
        match next {
            Next::BeginRun => self.enter_pushed(),
            Next::End(status) => self.end_current(status),
            Next::Stop => Next::Stop,
            Next::Visit(_)
            | Next::Actions(_)
            | Next::Settle
            | Next::Collect
            | Next::Route { .. }
            | Next::Leave { .. } => {
                let Some(program) = self.current().and_then(|run| run.program.clone()) else {
                    return self.fail("the flow has been deleted");
                };
                self.step_in(&program, next)
            }
        }
    }

    fn step_in(&mut self, program: &Arc<Program>, next: Next) -> Next {
        if let Next::Visit(node) = next {
            return self.visit(program, node);
        }
        let Some(node) = self.node() else { return self.fail("the flow no longer has the current node") };
        match next {
            Next::Actions(first) => self.run_actions(program, node, first, None),
            Next::Settle => self.settle(program, node),
            Next::Collect => self.answered(program, node),
            Next::Route { timed_out } => self.route(program, node, timed_out),
            Next::Leave { exit, operand } => self.leave(program, exit, operand),
            Next::Visit(_) | Next::BeginRun | Next::End(_) | Next::Stop => Next::Stop,
        }
    }

    /// Ends the session as failed, so that the contact is not stuck in it.
    pub fn fail(&mut self, text: impl Into<String>) -> Next {
        self.failure(text);
        Next::End(RunStatus::Failed)
    }

    fn enter_pushed(&mut self) -> Next {
        let Some(pushed) = self.pushed.take() else { return Next::Stop };
        if self.session.runs.len() >= self.limits.runs_per_session {
            let limit = self.limits.runs_per_session;
            return self.fail(format!("Reached maximum number of runs per session ({limit})"));
        }
        if pushed.terminal {
            self.end_open_runs(RunStatus::Completed);
        }
        self.begin_run(&pushed.program, pushed.terminal);
        self.enter_flow(&pushed.program)
    }

    /// Where a run that has just begun goes.
    pub fn enter_flow(&mut self, program: &Program) -> Next {
        program.entry().map_or(Next::End(RunStatus::Completed), Next::Visit)
    }

    fn visit(&mut self, program: &Program, node: NodeIx) -> Next {
        if self.steps >= self.limits.steps_per_sprint {
            let limit = self.limits.steps_per_sprint;
            return self.fail(format!("Reached maximum number of steps per sprint ({limit})"));
        }
        self.steps += 1;
        let arrived_on = self.now();
        self.note_node(program, node);
        if let Some(run) = self.current_mut() {
            run.path.push(Step { node: node.0, arrived_on });
            run.modified_on = arrived_on;
        }
        Next::Actions(0)
    }

    /// Does the actions of a node from `first` on. `answered` is the effect that this one waited for.
    pub fn run_actions(
        &mut self,
        program: &Arc<Program>,
        node: NodeIx,
        first: u32,
        answered: Option<(Effect, EffectResult)>,
    ) -> Next {
        let mut answered = answered;
        for (index, action) in (0_u32..).zip(program.actions_of(node)).skip(first as usize) {
            let outcome = match answered.take() {
                Some((effect, result)) => actions::complete(self, action, effect, result),
                None => actions::execute(self, program, action),
            };
            match outcome {
                Outcome::Done => {}
                Outcome::Needs(effect) => return self.suspend(index, effect),
                Outcome::Failed(text) => return self.fail(text),
                Outcome::Entered => return Next::BeginRun,
            }
        }
        Next::Settle
    }

    /// Remembers which node was entered last.
    pub fn note_node(&mut self, program: &Program, node: NodeIx) {
        self.last_node = program.node(node).uuid;
    }

    fn suspend(&mut self, action: u32, effect: Effect) -> Next {
        let run = self.run.and_then(|index| u32::try_from(index).ok()).unwrap_or_default();
        let steps = u32::try_from(self.steps).unwrap_or(u32::MAX);
        self.session.pending = Some(Box::new(Pending {
            run,
            action,
            steps,
            resumed: self.resumed.map(|resumed: Resumed| (resumed.name.into(), resumed.dial)),
            effect: effect.clone(),
        }));
        self.effect = Some(effect);
        Next::Stop
    }

    fn leave(&mut self, program: &Program, exit: ExitIx, operand: smol_str::SmolStr) -> Next {
        let exit = program.exit(exit);
        let Some(destination) = exit.destination else { return Next::End(RunStatus::Completed) };
        let time = self.now();
        self.segments.push(Segment {
            flow_uuid: program.uuid,
            node_uuid: self.last_node,
            exit_uuid: exit.uuid,
            destination_uuid: program.node(destination).uuid,
            operand,
            time,
        });
        Next::Visit(destination)
    }

    fn end_current(&mut self, status: RunStatus) -> Next {
        let Some(index) = self.run else { return Next::Stop };
        self.end_run(index, status);
        let failed = status == RunStatus::Failed;
        match self.open_parent() {
            Some(parent) => {
                self.run = Some(parent);
                if failed { Next::End(RunStatus::Failed) } else { Next::Route { timed_out: false } }
            }
            None => {
                self.end_session(failed);
                Next::Stop
            }
        }
    }
}
