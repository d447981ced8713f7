//! Who waits in a conversation goes on in it.

use std::collections::BTreeMap;

use channels::InboundMessage;
use domain::{ChannelUuid, ContactId, MessageId, OutboxId, WorkspaceId};
use flows::{Session, program::NodeIx, session::RunStatus};
use operations::{Context, InboundItem, InboundKind, Receipt, fire_timers, list_dead, receive};
use serde_json::Value;
use store::{Conversation, ConversationKey, DeadFilter, Direction, MessageStatus};
use tokio::runtime::Runtime;

use crate::given::Given;

/// The line of the first workspace that has a driver here and needs nothing more.
const LINE: &str = "6f34e51e-f2a7-40ba-91ac-dd0c32dc1d27";
/// Timers that are fired at once.
const TIMERS: usize = 500;

/// A store with everything in it, at the moment at which the dump was taken.
struct Place {
    given: Given,
    context: Context,
    runtime: Runtime,
}

impl Place {
    fn new(given: Given) -> Self {
        let to = given.file();
        given.bring(&to);
        let (context, runtime) = given.open(&to);
        Self { given, context, runtime }
    }

    fn contact(&self, uuid: &str) -> (WorkspaceId, ContactId) {
        let row = self.given.psql(&format!("SELECT org_id, id FROM contacts_contact WHERE uuid = '{uuid}'"));
        let (org, id) = row.split_once('|').unwrap();
        (WorkspaceId(org.parse().unwrap()), ContactId(id.parse().unwrap()))
    }

    fn conversation(&self, uuid: &str) -> Conversation {
        let (workspace, contact) = self.contact(uuid);
        let key = vec![ConversationKey::Contact(workspace, contact)];
        let loaded = self.runtime.block_on(self.context.store.load_conversations(key)).unwrap();
        loaded.conversations.into_iter().next().flatten().unwrap()
    }

    fn session(&self, conversation: &Conversation) -> Session {
        let workspace = conversation.contact.workspace;
        let ws = self
            .runtime
            .block_on(self.context.registry.workspace(&self.context, workspace))
            .unwrap()
            .unwrap();
        Session::decode(&conversation.session.as_ref().unwrap().state, &ws.assets).unwrap()
    }

    /// The last message of somebody, and what was said to them behind one.
    fn said_to(
        &self,
        (workspace, contact): (WorkspaceId, ContactId),
        after: MessageId,
    ) -> (MessageId, Vec<String>) {
        let messages = self.context.store.contact_messages(workspace, contact, after, 1_000);
        let messages = self.runtime.block_on(messages).unwrap();
        let last = messages.iter().map(|message| message.id).max().unwrap_or(after);
        let said = messages.iter().filter(|message| message.direction == Direction::Out);
        (last, said.map(|message| message.text.to_string()).collect())
    }

    /// One message from somebody; what is said back.
    fn says(&self, contact: &str, from: &str, text: &str) -> Vec<String> {
        let whose = self.contact(contact);
        let (last, _) = self.said_to(whose, MessageId(0));
        let item = InboundItem {
            channel: LINE.parse::<ChannelUuid>().unwrap(),
            kind: InboundKind::Message(InboundMessage {
                urn: format!("tel:{from}").parse().unwrap(),
                other_urns: Vec::new(),
                text: text.to_owned(),
                attachments: Vec::new(),
                sent_on: None,
                external_id: None,
                name: None,
                payload: None,
            }),
            stamp: None,
        };
        let committed = self.runtime.block_on(receive(&self.context, vec![item]));
        assert!(matches!(committed.value[0], Ok(Receipt::Accepted(_))), "{:?}", committed.value);
        self.said_to(whose, last).1
    }

    /// Fires what is due until nothing is.
    fn fire(&self) {
        loop {
            let fired = self.runtime.block_on(fire_timers(&self.context, TIMERS)).unwrap().value;
            assert_eq!((fired.left, fired.put_off), (0, 0), "{fired:?}");
            if fired.due == 0 {
                return;
            }
        }
    }

    fn verify(&self) {
        let verified = self.runtime.block_on(self.context.store.verify(None)).unwrap();
        assert!(verified.is_right(), "{verified:?}");
    }
}

/// The flow and node where a session stands.
fn stands(session: &Session) -> (String, String) {
    let run = session.waiting_run().unwrap();
    let program = run.program.as_ref().unwrap();
    let node = program.node(NodeIx(run.path.last().unwrap().node)).uuid;
    (run.flow.name.to_string(), node.to_string())
}

fn compare(place: &Place, expected: &Value) {
    let contact = expected["contact"].as_str().unwrap();
    let conversation = place.conversation(contact);
    if expected["type"] == "V" {
        assert!(conversation.session.is_none(), "a call ended with the move: {expected}");
        return;
    }
    let row = conversation.session.as_ref().unwrap_or_else(|| panic!("{expected} waits"));
    let text = |name: &str| expected[name].as_str().unwrap();
    assert_eq!(row.uuid.to_string(), text("session"));
    let moment = |name: &str| expected[name].as_str().map(|text| text.parse().unwrap());
    // Some rows were written in the last two seconds before the dump was taken.
    let near = |here: Option<jiff::Timestamp>, there: Option<jiff::Timestamp>| match (here, there) {
        (Some(here), Some(there)) => here.duration_since(there).as_secs().abs() < 5,
        (here, there) => here == there,
    };
    assert!(near(row.wait_until, moment("timeout_on")), "{:?} {expected}", row.wait_until);
    assert!(near(row.expires_on, moment("expires_on")), "{:?} {expected}", row.expires_on);
    let session = place.session(&conversation);
    assert_eq!(stands(&session), (text("flow").to_owned(), text("node").to_owned()), "{expected}");
    let run = session.waiting_run().unwrap();
    assert_eq!(run.uuid.to_string(), text("run"));
    let results: BTreeMap<&str, &str> =
        run.results.iter().map(|(key, result)| (key.as_str(), result.value.as_str())).collect();
    let wanted = expected["results"].as_object().unwrap();
    let wanted: BTreeMap<&str, &str> =
        wanted.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(results, wanted, "{expected}");
    let parent = run.parent.map(|parent| session.runs[parent as usize].flow.name.to_string());
    assert_eq!(parent.as_deref(), expected["parent_flow"].as_str(), "{expected}");
}

#[test]
fn everybody_who_waits_stands_where_they_stood() {
    let Some(given) = Given::restore() else { return };
    let place = Place::new(given);
    let mut compared = 0;
    for workspace in place.given.expected["workspaces"].as_array().unwrap() {
        for expected in workspace["checks"]["waiting_sessions"].as_array().unwrap() {
            compare(&place, expected);
            compared += 1;
        }
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn whoever_answers_goes_on_at_the_right_node() {
    let Some(given) = Given::restore() else { return };
    let place = Place::new(given);
    // In the first question of a registration; the session's JSON lies in a file.
    let (contact, number) = ("618c9127-4cc0-4b62-90fe-633598bdd16b", "+254776313758");
    let said = place.says(contact, number, "Neema");
    let language = place.conversation(contact).contact.language;
    let asked = match language.as_deref() {
        Some("swa") => "Asante Neema, una miaka mingapi?",
        _ => "Thanks Neema, how old are you?",
    };
    assert_eq!(said, [asked]);
    let conversation = place.conversation(contact);
    let second = ("Registration".to_owned(), "5818eec9-e9f0-4557-b134-0fb68c863f55".to_owned());
    assert_eq!(stands(&place.session(&conversation)), second);
    assert_eq!(conversation.contact.name, "Neema");
    // The next answer enters another flow, from which the first goes on.
    assert_eq!(place.says(contact, number, "33"), ["Do you agree to get messages?"]);
    let session = place.session(&place.conversation(contact));
    assert_eq!(stands(&session).0, "Consent");
    assert_eq!(session.runs[0].results["age"].value, "33");
    place.verify();
}

#[test]
fn an_answer_in_a_flow_within_a_flow_goes_on_in_both() {
    let Some(given) = Given::restore() else { return };
    let place = Place::new(given);
    let (contact, number) = ("66822442-95aa-4bb2-b976-afc7c2115053", "+254787703259");
    let before = place.session(&place.conversation(contact));
    assert_eq!(
        before.runs.iter().map(|run| run.status).collect::<Vec<_>>(),
        [RunStatus::Active, RunStatus::Waiting]
    );
    // The child thanks and ends; what follows it in the parent's node is its end.
    assert_eq!(place.says(contact, number, "yes"), ["Thank you"]);
    assert!(place.conversation(contact).session.is_none(), "both flows came to their end");
    let (workspace, id) = place.contact(contact);
    let runs = place.runtime.block_on(place.context.store.contact_runs(workspace, id)).unwrap();
    let ended = runs.iter().filter(|run| before.runs.iter().any(|one| one.uuid == run.uuid));
    assert_eq!(ended.map(|run| run.status.as_str()).collect::<Vec<_>>(), ["completed", "completed"]);
    place.verify();
}

#[test]
fn what_was_not_answered_is_answered_and_what_is_over_times_out() {
    let Some(given) = Given::restore() else { return };
    let place = Place::new(given);
    let pending = |place: &Place| -> usize {
        let mut pending = 0;
        for workspace in place.runtime.block_on(place.context.store.workspaces()).unwrap() {
            let all = place.context.store.messages(workspace.id, MessageId(0), 10_000);
            let all = place.runtime.block_on(all).unwrap();
            pending += all.iter().filter(|message| message.status == MessageStatus::Pending).count();
        }
        pending
    };
    let waited =
        place.given.psql("SELECT count(*) FROM msgs_msg WHERE status = 'P' AND visibility IN ('V', 'A')");
    assert_eq!(pending(&place).to_string(), waited);
    place.fire();
    assert_eq!(pending(&place), 0);
    // Somebody whose half hour was over before RapidPro was stopped.
    let conversation = place.conversation("59a7a6bc-c6cb-4806-b1e8-67b4f095d3bb");
    assert!(conversation.session.is_none(), "the wait timed out");
    place.verify();
}

#[test]
fn what_was_to_be_sent_waits_for_somebody_who_decides() {
    let Some(given) = Given::restore() else { return };
    let place = Place::new(given);
    let usable = place.given.psql(
        "SELECT count(*) FROM msgs_msg m JOIN channels_channel c ON c.id = m.channel_id
         JOIN contacts_contacturn u ON u.id = m.contact_urn_id
         WHERE m.org_id = 1 AND m.status IN ('I', 'Q', 'E') AND c.is_active AND c.channel_type IN ('EX', 'WAC')
           AND u.contact_id IS NOT NULL",
    );
    assert_ne!(usable, "0");
    let dead = list_dead(&place.context, WorkspaceId(1), DeadFilter::default(), OutboxId(0), 1_000);
    let dead = place.runtime.block_on(dead).unwrap();
    assert_eq!(dead.len().to_string(), usable);
    place.verify();
}
