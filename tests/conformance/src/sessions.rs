//! The standard sessions on which many templates are evaluated.
