//! Messages are found by their words, in any script, with whatever else is asked of them, on both databases.

use domain::search_words;
use operations::{ContactAction, MessageAction, act_on_contacts, act_on_messages, index_messages};
use store::{Direction, MessageSearch, MessagesOf, Walk};
use test_postgres::Cluster;

use crate::world::World;

const AMINA: &str = "+254700000001";
const BEN: &str = "+254700000002";

fn search(words: &str) -> MessageSearch {
    MessageSearch {
        words: search_words(words),
        of: MessagesOf::Everything,
        direction: None,
        after: i64::MIN,
        before: i64::MAX,
        walk: Walk { from: None, up: false, limit: 100 },
    }
}

struct Talk {
    world: World,
}

impl Talk {
    async fn new(world: World) -> Self {
        let flow =
            world.add_flow(&crate::flow_files::greeting(1, "News", "Écoute: all is well, Zodwa!")).await;
        let mut trigger = world.trigger("K", flow);
        (trigger.keywords, trigger.match_type) = (vec!["news".into()], Some("F".into()));
        world.add_trigger(trigger).await;
        let talk = Self { world };
        for (from, text) in [
            (AMINA, "My baby has a FEVER"),
            (BEN, "no fever here, thanks"),
            (AMINA, "news please"),
            (BEN, "Je suis à l'hôpital"),
            (AMINA, "東京都で会いましょう"),
            (AMINA, "मेरा बच्चा बीमार है"),
            (BEN, "feverish"),
            (AMINA, "100% 'quoted' \"words\" * (and) OR NOT & | ! :* x"),
        ] {
            talk.world.hears(from, text).await;
        }
        talk.world.host.forward(10);
        talk.index().await;
        talk
    }

    async fn index(&self) -> usize {
        let mut all = 0;
        loop {
            match index_messages(&self.world.ctx, 3).await.unwrap() {
                0 => return all,
                some => all += some,
            }
            assert!(all < 1_000);
        }
    }

    async fn found(&self, search: MessageSearch) -> Vec<String> {
        let found = self.world.ctx.store.search_messages(self.world.workspace.id, search).await.unwrap();
        found.iter().map(|one| one.text.to_string()).collect()
    }

    async fn check(&self, words: &str, expected: &[&str]) {
        assert_eq!(self.found(search(words)).await, expected, "{words:?}");
    }
}

async fn finds_words(world: World) {
    let talk = Talk::new(world).await;
    talk.check("fever", &["feverish", "no fever here, thanks", "My baby has a FEVER"]).await;
    talk.check("Fever baby", &["My baby has a FEVER"]).await;
    talk.check("fever BÁBY", &["My baby has a FEVER"]).await;
    talk.check("feverish", &["feverish"]).await;
    talk.check("ever", &[]).await;
    talk.check("ba", &[]).await;
    talk.check("bab", &["My baby has a FEVER"]).await;
    talk.check("hopital", &[]).await;
    talk.check("l'hopital", &["Je suis à l'hôpital"]).await;
    talk.check("ecoute", &["Écoute: all is well, Zodwa!"]).await;
    talk.check("京都", &["東京都で会いましょう"]).await;
    talk.check("बच्चा", &["मेरा बच्चा बीमार है"]).await;
    talk.check("quoted or not", &["100% 'quoted' \"words\" * (and) OR NOT & | ! :* x"]).await;
    for nothing in ["", "  ", "*", "\"", "'); DROP TABLE message; --", "NEAR(a b)", "words:x", "🙂"] {
        talk.check(nothing, &[]).await;
    }
    let contact = talk.world.conversation(BEN).await.unwrap().contact.id;
    let of = |of| MessageSearch { of, ..search("fever") };
    assert_eq!(talk.found(of(MessagesOf::Contact(contact))).await, ["feverish", "no fever here, thanks"]);
    assert_eq!(talk.found(of(MessagesOf::Inbox)).await.len(), 3);
    assert!(talk.found(of(MessagesOf::Flows)).await.is_empty());
    let out = MessageSearch { direction: Some(Direction::Out), ..search("zodwa") };
    assert_eq!(talk.found(out.clone()).await.len(), 1);
    assert!(talk.found(MessageSearch { direction: Some(Direction::In), ..out }).await.is_empty());
    let all = talk.world.ctx.store.search_messages(talk.world.workspace.id, search("fever")).await.unwrap();
    let middle = all[1].created_on.as_microsecond();
    assert_eq!(talk.found(MessageSearch { after: middle, ..search("fever") }).await.len(), 2);
    assert_eq!(talk.found(MessageSearch { before: middle - 1, ..search("fever") }).await.len(), 1);
    // Page by page, down and up again.
    let page = |from, up| MessageSearch { walk: Walk { from, up, limit: 1 }, ..search("fever") };
    let below = Some(all[0].place);
    assert_eq!(talk.found(page(None, false)).await, ["feverish"]);
    assert_eq!(talk.found(page(below, false)).await, ["no fever here, thanks"]);
    assert_eq!(talk.found(page(Some(all[1].place), true)).await, ["feverish"]);
    let other = operations::create_workspace(
        &talk.world.ctx,
        operations::NewWorkspace {
            name: "Others".into(),
            timezone: "UTC".into(),
            country: None,
            languages: Vec::new(),
            date_format: "YYYY-MM-DD".into(),
        },
    );
    let other = other.await.unwrap().id;
    assert!(talk.world.ctx.store.search_messages(other, search("fever")).await.unwrap().is_empty());
}

async fn follows_what_becomes_of_messages(world: World) {
    let talk = Talk::new(world).await;
    assert_eq!(talk.index().await, 0, "all is in the index");
    talk.world.hears(BEN, "just now, a fever").await;
    assert_eq!(talk.index().await, 0, "what is young waits");
    talk.world.host.forward(10);
    assert_eq!(talk.index().await, 1);
    let store = &talk.world.ctx.store;
    let workspace = talk.world.workspace.id;
    let found = store.search_messages(workspace, search("just fever")).await.unwrap();
    act_on_messages(&talk.world.ctx, workspace, &[found[0].id], &MessageAction::Delete).await.unwrap();
    talk.check("just", &[]).await;
    let amina = talk.world.conversation(AMINA).await.unwrap().contact.id;
    act_on_contacts(&talk.world.ctx, workspace, &[amina], ContactAction::Erase).await.unwrap();
    talk.check("baby", &[]).await;
    assert_eq!(talk.index().await, 0, "what was emptied stays out");
    talk.check("fever", &["feverish", "no fever here, thanks"]).await;
}

#[tokio::test]
async fn messages_are_found_by_words_on_sqlite() {
    finds_words(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_found_by_words_on_postgresql() {
    finds_words(World::on(Cluster::shared().database()).await).await;
}

#[tokio::test]
async fn the_index_follows_messages_on_sqlite() {
    follows_what_becomes_of_messages(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_follows_messages_on_postgresql() {
    follows_what_becomes_of_messages(World::on(Cluster::shared().database()).await).await;
}
