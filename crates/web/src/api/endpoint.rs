//! How the table describes what can be called.

use std::future::Future;
use std::pin::Pin;

use node::rates::Limit;
use operations::Role;

use super::call::{Call, Reply};
use super::error::ApiError;
use super::shape::{Prop, Shape};

/// What an endpoint does with a call.
pub(crate) type Doing<'a> = Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send + 'a>>;

/// One address, `/api/v2/<name>.json`.
pub(crate) struct Resource {
    /// As in its address.
    pub name: &'static str,
    /// Another name under which it answers too.
    pub alias: Option<&'static str>,
    /// What it is about.
    pub about: &'static str,
    /// How often a token may call it.
    pub limit: &'static Limit,
    /// What can be done, one for each method.
    pub endpoints: &'static [Endpoint],
}

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

impl Method {
    /// The word of HTTP.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles(&'static [Role]);

impl Roles {
    /// Everybody of the workspace.
    pub const ALL: Self = Self(&[Role::Administrator, Role::Editor, Role::Agent, Role::Viewer]);
    /// Who may see the whole programme.
    pub const READERS: Self = Self(&[Role::Administrator, Role::Editor, Role::Viewer]);
    /// Who may change it.
    pub const EDITORS: Self = Self(&[Role::Administrator, Role::Editor]);
    /// Who decides how the workspace is reached and who works in it.
    pub const ADMINISTRATORS: Self = Self(&[Role::Administrator]);
    /// Who deals with people: all but those who only look.
    pub const WORKERS: Self = Self(&[Role::Administrator, Role::Editor, Role::Agent]);

    /// Whether a role is one of these.
    pub fn allow(self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The words of the roles.
    pub fn words(self) -> Vec<&'static str> {
        self.0.iter().map(|role| role.name()).collect()
    }
}

/// A parameter of the address.
#[derive(Clone, Copy)]
pub(crate) struct Param {
    pub name: &'static str,
    pub shape: Shape,
    pub about: &'static str,
}

/// A parameter that may be left out.
pub(crate) const fn param(name: &'static str, shape: Shape, about: &'static str) -> Param {
    Param { name, shape, about }
}

/// The lists that ask for a span of time.
pub(crate) const BEFORE: Param = param("before", Shape::Moment, "Not later than this moment");
/// The same from the other end.
pub(crate) const AFTER: Param = param("after", Shape::Moment, "Not earlier than this moment");
/// The lists that can be turned round.
pub(crate) const REVERSE: Param = param("reverse", Shape::Bool, "The oldest first");
/// What most lists can be asked for.
pub(crate) const UUID: Param = param("uuid", Shape::Uuid, "Only the one with this identifier");

/// What comes back.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// A page of a list: `{"next", "previous", "results"}`.
    Page(&'static [Prop]),
    /// A page of a list that is counted: `{"count", "next", "previous", "results"}`.
    Counted(&'static [Prop]),
    /// One object.
    One(&'static [Prop]),
    /// The object that was made (201) or changed (200).
    Saved(&'static [Prop]),
    /// Nothing (204), or what could not be done: `{"failures"}` (200).
    Done,
    /// A file.
    File,
}

/// One method of a resource.
pub(crate) struct Endpoint {
    pub method: Method,
    pub roles: Roles,
    pub about: &'static str,
    /// Parameters of the address. Others are ignored.
    pub query: &'static [Param],
    /// Parameters of which only one may be given.
    pub one_of: &'static [&'static str],
    /// Parameters of which exactly one must be given.
    pub needs: &'static [&'static str],
    /// Members of the body.
    pub body: &'static [Prop],
    /// Whether the body is a form with a file, and not JSON.
    pub file: bool,
    /// Whether the body may be such a form with a large file, which is read as it arrives.
    pub upload: bool,
    pub answer: Answer,
    pub run: for<'a> fn(&'a Call) -> Doing<'a>,
}

impl Endpoint {
    /// A list.
    pub const fn list(
        roles: Roles,
        about: &'static str,
        query: &'static [Param],
        of: &'static [Prop],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        let answer = Answer::Page(of);
        Self {
            method: Method::Get,
            roles,
            about,
            query,
            one_of: &[],
            needs: &[],
            body: &[],
            file: false,
            upload: false,
            answer,
            run,
        }
    }

    /// One object.
    pub const fn one(
        roles: Roles,
        about: &'static str,
        of: &'static [Prop],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        let answer = Answer::One(of);
        Self {
            method: Method::Get,
            roles,
            about,
            query: &[],
            one_of: &[],
            needs: &[],
            body: &[],
            file: false,
            upload: false,
            answer,
            run,
        }
    }

    /// What makes or changes one.
    pub const fn save(
        roles: Roles,
        about: &'static str,
        query: &'static [Param],
        body: &'static [Prop],
        of: &'static [Prop],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        let answer = Answer::Saved(of);
        Self {
            method: Method::Post,
            roles,
            about,
            query,
            one_of: &[],
            needs: &[],
            body,
            file: false,
            upload: false,
            answer,
            run,
        }
    }

    /// What does something to many.
    pub const fn act(
        roles: Roles,
        about: &'static str,
        body: &'static [Prop],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        let (method, answer) = (Method::Post, Answer::Done);
        Self {
            method,
            roles,
            about,
            query: &[],
            one_of: &[],
            needs: &[],
            body,
            file: false,
            upload: false,
            answer,
            run,
        }
    }

    /// What removes one.
    pub const fn delete(
        roles: Roles,
        about: &'static str,
        query: &'static [Param],
        needs: &'static [&'static str],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        let (method, answer) = (Method::Delete, Answer::Done);
        Self {
            method,
            roles,
            about,
            query,
            one_of: &[],
            needs,
            body: &[],
            file: false,
            upload: false,
            answer,
            run,
        }
    }

    /// The same with parameters of which only one may be given.
    pub const fn with_one_of(self, one_of: &'static [&'static str]) -> Self {
        Self { one_of, ..self }
    }

    /// The same with parameters of which exactly one must be given.
    pub const fn with_needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    /// The same with a file in the body.
    pub const fn with_file(self) -> Self {
        Self { file: true, ..self }
    }

    /// The same with a large file in the body, unless that is JSON.
    pub const fn with_upload(self) -> Self {
        Self { upload: true, ..self }
    }

    /// A file that is fetched; the parameter that names it must be given.
    pub const fn fetch(
        roles: Roles,
        about: &'static str,
        query: &'static [Param],
        needs: &'static [&'static str],
        run: for<'a> fn(&'a Call) -> Doing<'a>,
    ) -> Self {
        Self { query, needs, answer: Answer::File, ..Self::one(roles, about, &[], run) }
    }

    /// The same with these parameters.
    pub const fn with_query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }
}
