//! People who work in a workspace, and what their programs prove themselves with.

use domain::{TeamId, TeamUuid, TokenId, TokenUuid, TopicId, UserId, UserUuid};
use jiff::Timestamp;
use operations::{Role, token_digest};
use serde::Deserialize;
use smol_str::SmolStr;
use store::{Change, DefinitionChange, TeamRow, TokenRow, UserRow};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

/// What stands in the place of a password that cannot be checked: no password fits it.
const NO_PASSWORD: &str = "!";

#[derive(Deserialize)]
struct Member {
    id: i64,
    user_id: i64,
    role_code: String,
    email: SmolStr,
    first_name: String,
    last_name: String,
    password: String,
    is_active: bool,
    date_joined: Timestamp,
    two_factor: bool,
    team_id: Option<i64>,
}

const MEMBERS: &str =
    "SELECT m.id, m.user_id, m.role_code, u.username AS email, u.first_name, u.last_name, u.password,
    u.is_active, u.date_joined, coalesce(s.two_factor_enabled, FALSE) AS two_factor, s.team_id
    FROM orgs_orgmembership m JOIN auth_user u ON u.id = m.user_id
    LEFT JOIN orgs_usersettings s ON s.user_id = u.id
    WHERE m.org_id = $1 ORDER BY m.id";

#[derive(Deserialize)]
struct Team {
    id: i64,
    uuid: Uuid,
    name: SmolStr,
    created_on: Timestamp,
    topics: Vec<i64>,
}

const TEAMS: &str = "SELECT t.id, t.uuid, t.name, t.created_on,
    ARRAY(SELECT topic_id FROM tickets_team_topics WHERE team_id = t.id ORDER BY topic_id) AS topics
    FROM tickets_team t WHERE t.org_id = $1 AND t.is_active ORDER BY t.id";

#[derive(Deserialize)]
struct Token {
    key: String,
    created: Timestamp,
    is_active: bool,
    role: String,
    user_id: i64,
    member_role: Option<String>,
}

const TOKENS: &str =
    "SELECT t.key, t.created, t.is_active, g.name AS role, t.user_id, m.role_code AS member_role
    FROM api_apitoken t JOIN auth_group g ON g.id = t.role_id
    LEFT JOIN orgs_orgmembership m ON m.user_id = t.user_id AND m.org_id = t.org_id
    WHERE t.org_id = $1 ORDER BY t.created, t.key";

/// Our role for a letter; surveyors worked with an app that is no more.
fn role(letter: &str) -> Option<Role> {
    Some(match letter {
        "A" => Role::Administrator,
        "E" => Role::Editor,
        "T" => Role::Agent,
        "V" => Role::Viewer,
        _ => return None,
    })
}

/// Why a token is not brought. One acts here with all that its user may do, so only one that could do that there is.
fn refusal(token: &Token) -> Option<&'static str> {
    match (token.is_active, token.member_role.as_deref(), token.role.as_str()) {
        (false, ..) => Some("it was taken back there"),
        (true, None, _) => Some("its user does not belong to the workspace any more"),
        (true, Some("A"), "Administrators") | (true, Some("E"), "Editors") => None,
        (true, Some("S"), _) => Some("surveyors have no place here"),
        (true, ..) => Some("it may do less there than its user: make one for a user with fewer rights"),
    }
}

impl Migration<'_> {
    /// Teams of agents, after the topics whose tickets they see.
    pub fn teams(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Team> = self.source.rows("a team", TEAMS, &[self.org.id])?;
        self.count("teams").there = rows.len() as u64;
        for row in rows {
            self.teams.insert(row.id);
            let id = TeamId(self.here(row.id));
            let is_new = !self.before.as_ref().is_some_and(|before| before.teams.iter().any(|t| t.id == id));
            self.count("teams").take(is_new);
            if is_new {
                let topics = row.topics.iter().filter(|id| self.topics.contains_key(id));
                let topics = topics.map(|id| TopicId(self.here(*id))).collect();
                let (uuid, name, created_on) = (TeamUuid(row.uuid), row.name, row.created_on);
                self.define(DefinitionChange::Team(TeamRow { id, uuid, name, topics, created_on }));
            }
        }
        Ok(())
    }

    /// Users and tokens.
    pub fn users(&mut self) -> Result<(), MigrateError> {
        let members: Vec<Member> = self.source.rows("a member", MEMBERS, &[self.org.id])?;
        self.count("users").there = members.len() as u64;
        for member in members {
            self.user(member);
        }
        self.tokens()
    }

    fn user(&mut self, member: Member) {
        let area = self.count("users");
        let Some(role) = role(&member.role_code) else {
            return area.leave("surveyors have no place here");
        };
        if !member.is_active {
            return area.leave("they may not log in there any more");
        }
        area.kind(role.name());
        let id = self.here(member.id);
        let known = self.before.as_ref().and_then(|before| before.users.iter().find(|user| user.id.0 == id));
        let (is_new, uuid) =
            (known.is_none(), known.map_or_else(|| self.sink.host().uuid_v4(), |user| user.uuid.0));
        let name = SmolStr::from(format!("{} {}", member.first_name, member.last_name).trim());
        self.users.insert(member.user_id, (id, uuid, name.clone()));
        self.count("users").take(is_new);
        let usable = member.password.starts_with("pbkdf2_sha256$");
        if !usable {
            self.note(format!("{} has no password that can be checked; give them one", member.email));
        }
        if member.two_factor {
            self.note(format!("{} logged in with a second factor; it has no place here yet", member.email));
        }
        if !is_new {
            return;
        }
        let row = UserRow {
            id: UserId(id),
            workspace: self.workspace,
            uuid: UserUuid(uuid),
            email: member.email.trim().to_lowercase().into(),
            name,
            password_hash: if usable { member.password } else { NO_PASSWORD.to_owned() },
            role: role.name().into(),
            // Somebody is in one team there, which may be another workspace's.
            team: member.team_id.filter(|id| self.teams.contains(id)).map(|id| TeamId(self.here(id))),
            created_on: member.date_joined,
        };
        self.define(DefinitionChange::User(Box::new(row)));
    }

    fn tokens(&mut self) -> Result<(), MigrateError> {
        let tokens: Vec<Token> = self.source.rows("a token", TOKENS, &[self.org.id])?;
        let workspace = self.workspace;
        let there = self.sink.read(async |context| context.store.tokens(workspace).await)?;
        self.count("tokens").there = tokens.len() as u64;
        for token in tokens {
            if let Some(reason) = refusal(&token) {
                self.count("tokens").leave(reason);
                continue;
            }
            let Some(user) = self.users.get(&token.user_id).map(|(id, ..)| *id) else {
                self.count("tokens").leave("its user is left out");
                continue;
            };
            let sha256 = token_digest(&token.key);
            let is_new = !there.iter().any(|row| row.sha256 == sha256);
            self.count("tokens").take(is_new);
            if is_new {
                let row = TokenRow {
                    id: TokenId(self.sink.next_id()),
                    workspace,
                    uuid: TokenUuid(self.sink.host().uuid_v4()),
                    user: UserId(user),
                    sha256,
                    created_on: token.created,
                };
                self.changes.push(Change::NewToken(Box::new(row)));
            }
        }
        Ok(())
    }
}
