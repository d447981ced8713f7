//! A second thing that somebody proves: a code of their device, or one of those on paper that stand in for it, each once.

use domain::WorkspaceId;
use smol_str::SmolStr;
use store::{AccessChange, LoginRow, Secret, SignInRuleRow};

use super::{AccessError, MAX_ATTEMPTS, Present, proof, totp, write};
use crate::{Context, Role, token_digest};

/// Codes that stand in for a device.
const RECOVERY_CODES: usize = 10;
/// Characters of each; one of 16, so it is 48 bits of chance, of which few can be tried.
const RECOVERY_CHARS: usize = 12;

/// What somebody gives to their device.
#[derive(Clone)]
pub struct Enrolment {
    /// The secret, in base32, for who types it.
    pub secret: String,
    /// The address in which apps find it, as a QR code says it.
    pub address: String,
}

/// Makes a secret for somebody's device. It asks for nothing until it is confirmed. Somebody who has one keeps it until they
/// turn it off.
///
/// # Errors
/// [`AccessError::TwoFactorOn`] if they have a device already.
pub async fn begin_two_factor(ctx: &Context, here: &Present) -> Result<Enrolment, AccessError> {
    let chance: Vec<u8> = std::iter::repeat_with(|| ctx.host.random().to_le_bytes())
        .flatten()
        .take(totp::SECRET_BYTES)
        .collect();
    let secret = totp::base32(&chance);
    let kept = Secret::new(secret.clone());
    change(ctx, here, |login| {
        if login.totp_since.is_some() {
            return Err(AccessError::TwoFactorOn);
        }
        Ok(vec![AccessChange::Login(Box::new(LoginRow { totp_secret: Some(kept.clone()), ..login }))])
    })
    .await?;
    let address = totp::address(&here.ws.row.name, &here.row.email, &secret);
    Ok(Enrolment { secret, address })
}

/// Confirms a device by a code of it: from then on one is asked for. Answers the codes that stand in for it, which are shown
/// this once. All other sessions of theirs end.
///
/// # Errors
/// [`AccessError::WrongCode`], [`AccessError::TwoFactorOn`], [`AccessError::NotFound`] if no device was begun.
pub async fn confirm_two_factor(
    ctx: &Context,
    here: &Present,
    code: &str,
) -> Result<Vec<String>, AccessError> {
    let codes: Vec<String> = std::iter::repeat_with(|| recovery_code(ctx)).take(RECOVERY_CODES).collect();
    let digests: Vec<SmolStr> = codes.iter().map(|code| token_digest(code)).collect();
    change(ctx, here, |login| {
        if login.totp_since.is_some() {
            return Err(AccessError::TwoFactorOn);
        }
        let secret = login.totp_secret.as_ref().ok_or(AccessError::NotFound)?;
        let step = totp::step_of(secret.reveal(), code, ctx.now(), login.totp_step);
        let totp_step = step.ok_or(AccessError::WrongCode)?;
        let (totp_since, recovery) = (Some(ctx.now()), digests.clone());
        let login = LoginRow { totp_since, totp_step, recovery, ..login };
        Ok(vec![
            AccessChange::Login(Box::new(login)),
            AccessChange::Proved(here.row.id),
            AccessChange::EndAll(here.row.email.clone(), Some(here.row.uuid)),
        ])
    })
    .await?;
    Ok(codes)
}

/// Proves the second factor of somebody who is signed in without it, as by single sign-on.
///
/// # Errors
/// [`AccessError::WrongCode`], also if they have no device.
pub async fn prove_two_factor(ctx: &Context, here: &Present, code: &str) -> Result<(), AccessError> {
    change(ctx, here, |login| {
        let used = use_code(ctx, login, code).ok_or(AccessError::WrongCode)?;
        Ok(vec![AccessChange::Login(Box::new(used)), AccessChange::Proved(here.row.id)])
    })
    .await
}

/// Turns the second factor off, which needs the password and a code. Nobody turns it off for a role that needs it.
///
/// # Errors
/// [`AccessError::Wrong`], [`AccessError::WrongCode`], [`AccessError::TwoFactorNeeded`].
pub async fn end_two_factor(
    ctx: &Context,
    here: &Present,
    password: &str,
    code: &str,
) -> Result<(), AccessError> {
    if needs_two_factor(ctx, here.ws.row.id, here.role).await? {
        return Err(AccessError::TwoFactorNeeded);
    }
    proof::prove(ctx, &here.row.email, password).await?;
    change(ctx, here, |login| {
        let used = use_code(ctx, login, code).ok_or(AccessError::WrongCode)?;
        Ok(vec![AccessChange::Login(Box::new(without(used)))])
    })
    .await
}

/// Takes somebody's device away who lost it and all codes, for the command line.
///
/// # Errors
/// [`AccessError::NotFound`] if they have none.
pub async fn forget_two_factor(ctx: &Context, email: &str) -> Result<(), AccessError> {
    let login = ctx.store.login(super::kept_email(email)).await?;
    let login = login.filter(|login| login.totp_secret.is_some()).ok_or(AccessError::NotFound)?;
    let email = login.email.clone();
    let forgotten = AccessChange::Login(Box::new(without(login)));
    write(ctx, vec![forgotten, AccessChange::EndAll(email, None)]).await
}

/// Whether a workspace asks this role for a second factor.
///
/// # Errors
/// If the store fails.
pub async fn needs_two_factor(
    ctx: &Context,
    workspace: WorkspaceId,
    role: Role,
) -> Result<bool, AccessError> {
    let rule = ctx.store.sign_in_rule(workspace).await?;
    Ok(rule.two_factor_roles.iter().any(|needed| needed == role.name()))
}

/// Says which roles of a workspace need a second factor.
///
/// # Errors
/// If the store fails.
pub async fn require_two_factor(
    ctx: &Context,
    workspace: WorkspaceId,
    roles: &[Role],
) -> Result<(), AccessError> {
    let two_factor_roles = roles.iter().map(|role| role.name().into()).collect();
    write(ctx, vec![AccessChange::Rule(SignInRuleRow { workspace, two_factor_roles })]).await
}

/// What somebody proves themselves with after this code was used; `None` if it is none, or was used before.
pub(super) fn use_code(ctx: &Context, login: LoginRow, code: &str) -> Option<LoginRow> {
    login.totp_since?;
    let secret = login.totp_secret.as_ref()?;
    if let Some(totp_step) = totp::step_of(secret.reveal(), code, ctx.now(), login.totp_step) {
        return Some(LoginRow { totp_step, changed_on: ctx.now(), ..login });
    }
    let plain: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let digest = token_digest(&plain.to_ascii_lowercase());
    let place = login.recovery.iter().position(|known| *known == digest)?;
    let mut recovery = login.recovery.clone();
    recovery.remove(place);
    Some(LoginRow { recovery, changed_on: ctx.now(), ..login })
}

fn without(login: LoginRow) -> LoginRow {
    LoginRow { totp_secret: None, totp_since: None, recovery: Vec::new(), ..login }
}

fn recovery_code(ctx: &Context) -> String {
    let mut code = format!("{:016x}", ctx.host.random());
    code.truncate(RECOVERY_CHARS);
    code
}

/// Changes what somebody proves themselves with, planned anew if it was changed meanwhile.
async fn change(
    ctx: &Context,
    here: &Present,
    plan: impl Fn(LoginRow) -> Result<Vec<AccessChange>, AccessError>,
) -> Result<(), AccessError> {
    for _ in 0..MAX_ATTEMPTS {
        let known = ctx.store.login(here.row.email.clone()).await?;
        let known = known.ok_or(AccessError::NotFound)?;
        match write(ctx, plan(known)?).await {
            Err(AccessError::Busy) => {}
            done => return done,
        }
    }
    Err(AccessError::Busy)
}
