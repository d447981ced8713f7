//! How people sign in: what they prove themselves with, where they are signed in, links that are used once, and what
//! workspaces ask of them.

use domain::{SignInId, SignInLinkId, SignInLinkUuid, SignInUuid, UserId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{Secret, text_codes::text_codes};

text_codes! {
    /// How somebody signed in.
    SignInMeans {
        /// With their password.
        Password = "password",
        /// By a link that was used once.
        Link = "link",
        /// By another service that says who they are.
        SingleSignOn = "single_sign_on",
    }
}

text_codes! {
    /// What a link is for.
    LinkKind {
        /// To choose a new password.
        Reset = "reset",
        /// To join a workspace.
        Invitation = "invitation",
    }
}

/// What a person proves themselves with, in whichever workspaces they work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// E-mail, lower case.
    pub email: SmolStr,
    /// Argon2id in PHC form; `None` if no password fits.
    pub password_hash: Option<String>,
    /// What makes their codes, in base32.
    pub totp_secret: Option<Secret>,
    /// Since when codes are asked for; `None` while the secret waits to be confirmed.
    pub totp_since: Option<Timestamp>,
    /// The last step of time whose code was used.
    pub totp_step: i64,
    /// Digests of codes that stand in once each for one of a device.
    pub recovery: Vec<SmolStr>,
    /// Rises with each change; 0: it is not there yet.
    pub steps: i64,
    /// When it was last changed.
    pub changed_on: Timestamp,
}

/// Where somebody is signed in. Of the secret that their browser keeps only a digest is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRow {
    /// Row number.
    pub id: SignInId,
    /// Public identifier, by which people name it.
    pub uuid: SignInUuid,
    /// SHA-256 of the secret, in hex.
    pub sha256: SmolStr,
    /// Who.
    pub email: SmolStr,
    /// In which workspace they work now.
    pub workspace: WorkspaceId,
    /// As which of its users.
    pub user: UserId,
    /// How they signed in.
    pub means: SignInMeans,
    /// Whether they proved a second factor.
    pub second_factor: bool,
    /// From which address.
    pub address: SmolStr,
    /// With which program, as it says itself.
    pub agent: SmolStr,
    /// When.
    pub created_on: Timestamp,
    /// When they were last here, give or take some minutes.
    pub seen_on: Timestamp,
    /// When it ends whatever they do.
    pub ends_on: Timestamp,
}

/// A link that is used once. Of the link itself only a digest is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLinkRow {
    /// Row number.
    pub id: SignInLinkId,
    /// Public identifier, by which people name it.
    pub uuid: SignInLinkUuid,
    /// SHA-256 of the link's secret, in hex.
    pub sha256: SmolStr,
    /// What it is for.
    pub kind: LinkKind,
    /// The workspace to which they are invited, or in which the link was made.
    pub workspace: WorkspaceId,
    /// For whom, lower case.
    pub email: SmolStr,
    /// What they may do who are invited.
    pub role: Option<SmolStr>,
    /// Who made it; `None` for the command line.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it can no longer be used.
    pub ends_on: Timestamp,
}

/// What a workspace asks of those who sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRuleRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Roles that need a second factor.
    pub two_factor_roles: Vec<SmolStr>,
}

/// A change of how people sign in.
#[derive(Debug, Clone)]
pub enum AccessChange {
    /// What somebody proves themselves with, new if its `steps` are 0; else the unit is a
    /// [`crate::UnitError::Conflict`] unless they are those given, which this raises by one.
    Login(Box<LoginRow>),
    /// Writes nothing, but makes the unit a conflict unless the login of this e-mail has these `steps`.
    ExpectLogin(SmolStr, i64),
    /// Somebody signed in.
    SignIn(Box<SignInRow>),
    /// Somebody who is signed in was here.
    Seen(SignInId, Timestamp),
    /// Somebody goes on in another workspace, as this user of it.
    EnterWorkspace(SignInId, WorkspaceId, UserId),
    /// Somebody who is signed in proved a second factor.
    Proved(SignInId),
    /// Ends a sign-in; the unit is [`crate::UnitError::Gone`] if there is none.
    End(SignInUuid),
    /// Ends all sign-ins of a person, but for one.
    EndAll(SmolStr, Option<SignInUuid>),
    /// Forgets sign-ins of a person that ended before the moment or were not used since the other one, and, beyond so
    /// many, the oldest. Comes before a new one.
    Tidy {
        /// Whose.
        email: SmolStr,
        /// Now.
        now: Timestamp,
        /// Those not used since.
        idle_since: Timestamp,
        /// How many may stay.
        keep: i64,
    },
    /// A link, in the place of those of its kind, workspace and e-mail.
    Link(Box<SignInLinkRow>),
    /// A link is used, or taken back: it is not there any more. The unit is gone if it is not there.
    TakeLink(WorkspaceId, SignInLinkUuid),
    /// What a workspace asks of those who sign in.
    Rule(SignInRuleRow),
    /// A user works in the workspace no more: their row stays, as history names them, without a role; their tokens and
    /// sign-ins there go. The unit is gone if there is no such user.
    RemoveUser(WorkspaceId, UserId),
    /// Makes the unit a conflict unless the workspace has an administrator. Comes behind what takes one away.
    KeepAdministrator(WorkspaceId),
}
