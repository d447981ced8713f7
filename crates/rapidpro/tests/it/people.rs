//! People who work there come in with the passwords and tokens that they have.

use domain::WorkspaceId;
use operations::{AccessError, SignIn, sign_in, token_digest};

use crate::given::Given;

#[test]
fn users_sign_in_with_the_password_that_they_have() {
    let Some(given) = Given::restore() else { return };
    let to = given.file();
    given.bring(&to);
    let (context, runtime) = given.open(&to);
    let password = given.expected["password_all_users"].as_str().unwrap();
    let workspace = WorkspaceId(1);
    let came = |email: &str| {
        let definitions = runtime.block_on(context.store.definitions(workspace)).unwrap().unwrap();
        definitions.users.iter().find(|user| user.email == email).unwrap().password_hash.clone()
    };
    let hash = |email: &str| {
        let login = runtime.block_on(context.store.login(email.into())).unwrap();
        login.and_then(|login| login.password_hash).unwrap_or_default()
    };
    let tries = |email: &str, password: &str| {
        let given = SignIn {
            email: email.into(),
            password: password.to_owned(),
            code: None,
            workspace: None,
            address: "127.0.0.1".into(),
            agent: "test".into(),
        };
        match runtime.block_on(sign_in(&context, given)) {
            Ok(_) => true,
            Err(AccessError::Wrong) => false,
            Err(error) => panic!("{error}"),
        }
    };
    // The one has a hash of today, the other one of years ago.
    for email in ["wanjiru@amani.example", "otieno@amani.example"] {
        assert!(came(email).starts_with("pbkdf2_sha256$"));
        assert!(!tries(email, "something else"));
        assert!(tries(&email.to_uppercase(), password));
        assert!(hash(email).starts_with("$argon2id$"), "hashed anew");
        assert!(tries(email, password) && !tries(email, "something else"));
    }
    assert!(!tries("nobody@amani.example", password));
}

#[test]
fn tokens_go_on_working_unless_they_may_do_less_than_their_user() {
    let Some(given) = Given::restore() else { return };
    let to = given.file();
    given.bring(&to);
    let (context, runtime) = given.open(&to);
    let tokens = runtime.block_on(context.store.tokens(WorkspaceId(1))).unwrap();
    let workspace = &given.expected["workspaces"][0];
    for token in workspace["checks"]["api_tokens"].as_array().unwrap() {
        let sha256 = token_digest(token["key"].as_str().unwrap());
        let comes = ["Administrators", "Editors"].contains(&token["role_group"].as_str().unwrap());
        assert_eq!(tokens.iter().any(|row| row.sha256 == sha256), comes, "{token}");
    }
}
