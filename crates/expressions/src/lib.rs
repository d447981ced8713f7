//! The expression language of flows ("Excellent"): values, templates such as
//! `Hi @contact.name, @(upper(fields.clinic))`, and the functions they call.
//!
//! Pure: nothing here reads a clock, a random source, the environment or a file. Time and randomness
//! arrive through [`Ambient`], data through [`Scope`], the workspace's conventions through [`Environment`].
//!
//! A template is compiled once ([`Template::compile`]) and rendered many times against an [`Evaluation`]:
//!
//! ```
//! use expressions::{Environment, Evaluation, Library, Object, Template};
//! # struct Still;
//! # impl expressions::Ambient for Still {
//! #     fn now(&self) -> jiff::Timestamp { jiff::Timestamp::UNIX_EPOCH }
//! #     fn random(&self) -> u64 { 4 }
//! # }
//! # let ambient = Still;
//! let template = Template::compile("Hi @contact.name, @(upper(contact.clinic))", &["contact"], Library::standard());
//! let contact = Object::new().with("name", "Nomsa").with("clinic", "Gugulethu");
//! let scope = Object::new().with("contact", expressions::Value::object(contact));
//! let env = Environment::default();
//! let rendered = template.render(&Evaluation::new(&env, &scope, &ambient), 640);
//! assert_eq!(rendered.value, "Hi Nomsa, GUGULETHU");
//! ```

pub mod ambient;
pub mod collation;
mod compare;
mod convert;
pub mod dates;
pub mod environment;
pub mod evaluation;
mod functions;
mod html;
pub mod inspect;
pub mod json;
pub mod library;
pub mod locations;
pub mod number;
pub mod operators;
pub mod pattern;
pub mod phone;
mod program;
pub mod refactor;
mod scan;
pub mod scope;
pub mod syntax;
pub mod template;
mod text_form;
pub mod value;
pub mod words;

pub use ambient::Ambient;
pub use environment::Environment;
pub use evaluation::Evaluation;
pub use library::{Builtin, Library};
pub use locations::{Location, LocationLevel, LocationTree};
pub use refactor::refactor;
pub use scope::Scope;
pub use template::{Escaping, Evaluated, Template, TemplateError};
pub use value::{Fault, Function, Lookup, Number, Object, Property, Value};
