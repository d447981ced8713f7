//! Bounds of what one session may do.

/// Bounds of what one session may do. Reaching one ends the session as failed, or cuts the text, as noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes entered in one sprint; fails.
    pub steps_per_sprint: usize,
    /// Sprints of a session; fails.
    pub sprints_per_session: u32,
    /// Runs of a session; fails.
    pub runs_per_session: usize,
    /// Characters of an evaluated template; cut with an ellipsis.
    pub template_chars: usize,
    /// Characters of a contact's name; cut.
    pub name_chars: usize,
    /// Characters of a field's value; cut.
    pub field_chars: usize,
    /// Characters of a result's value; cut.
    pub result_chars: usize,
    /// Bytes of a web service request; not made.
    pub request_bytes: usize,
    /// Bytes of a web service answer; dropped.
    pub response_bytes: usize,
    /// Addresses of a contact; not added.
    pub urns_per_contact: usize,
    /// Sessions that may start each other without a person saying anything; not started.
    pub ancestors_since_input: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_per_sprint: 100,
            sprints_per_session: 500,
            runs_per_session: 500,
            template_chars: 10_000,
            name_chars: 128,
            field_chars: 640,
            result_chars: 640,
            request_bytes: 262_144,
            response_bytes: 262_144,
            urns_per_contact: 50,
            ancestors_since_input: 5,
        }
    }
}
