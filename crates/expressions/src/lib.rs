//! The expression language of flows ("Excellent"): values, templates such as
//! `Hi @contact.name, @(upper(fields.clinic))`, and the functions they call.
//!
//! Pure: nothing here reads a clock, a random source, the environment or a file. Time and randomness
//! arrive through [`Ambient`], data through [`Scope`], the workspace's conventions through [`Environment`].

pub mod ambient;
pub mod collation;
pub mod dates;
pub mod environment;
pub mod locations;
pub mod phone;
pub mod scope;
pub mod value;
pub mod words;

pub use ambient::Ambient;
pub use environment::Environment;
pub use locations::{Location, LocationLevel, LocationTree};
pub use scope::Scope;
pub use value::{Function, Number, Object, Value};
