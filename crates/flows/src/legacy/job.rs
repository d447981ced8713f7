//! What every part of a migration needs: the flow's language, new identifiers, and a place for translations.

use serde_json::{Value, json};
use uuid::Uuid;

use super::expressions;
use super::identities::Identities;
use super::media;
use super::shape::{Object, uuid};
use super::texts::Texts;

/// Where an old flow comes from, which it does not say itself.
#[derive(Debug, Default)]
pub struct Origin<'a> {
    /// Address before the paths of its files; without it they stay paths.
    pub files: Option<&'a str>,
    /// What the flows and groups that it names by number or name are.
    pub identities: Identities,
}

/// One migration.
pub(super) struct Job<'a, 'o> {
    pub(super) origin: &'a mut Origin<'o>,
    /// The flow's language.
    pub(super) language: String,
    uuids: &'a mut dyn FnMut() -> Uuid,
    /// Language → item → property → texts.
    localization: Object,
    /// What could not be brought along, with the place where a note about it belongs.
    pub(super) losses: Vec<(Value, String)>,
    /// The place of the node that is migrated now.
    pub(super) place: Value,
}

impl<'a, 'o> Job<'a, 'o> {
    pub(super) fn new(
        origin: &'a mut Origin<'o>,
        language: String,
        uuids: &'a mut dyn FnMut() -> Uuid,
    ) -> Self {
        let localization = Object::new();
        Self { origin, language, uuids, localization, losses: Vec::new(), place: json!({}) }
    }

    /// A new identifier.
    pub(super) fn draw(&mut self) -> String {
        (self.uuids)().to_string()
    }

    /// The identifier that something has, or a new one.
    pub(super) fn uuid_of(&mut self, value: &Value, key: &str) -> String {
        match uuid(value, key) {
            Some(uuid) => uuid.to_string(),
            None => self.draw(),
        }
    }

    /// A text in the flow's language, as a template of the present language; its translations are kept under the
    /// item's property.
    pub(super) fn text(&mut self, item: &str, property: &str, texts: &Texts) -> String {
        self.translated(item, property, texts, template)
    }

    /// The same for a name, which is no template.
    pub(super) fn name(&mut self, item: &str, texts: &Texts) -> String {
        self.translated(item, "name", texts, str::to_owned)
    }

    /// The same for an attachment.
    pub(super) fn attachment(&mut self, item: &str, texts: &Texts) -> String {
        let files = self.origin.files;
        self.translated(item, "attachments", texts, |media| media::attachment(&template(media), files))
    }

    /// The same for a recording.
    pub(super) fn recording(&mut self, item: &str, texts: &Texts) -> String {
        let files = self.origin.files;
        self.translated(item, "audio_url", texts, |path| media::address(&template(path), files))
    }

    fn translated(
        &mut self,
        item: &str,
        property: &str,
        texts: &Texts,
        convert: impl Fn(&str) -> String,
    ) -> String {
        let language = self.language.clone();
        for (code, text) in texts.translations(&language) {
            self.translation(code, item, property, vec![convert(text)]);
        }
        convert(texts.base(&language))
    }

    /// Keeps a translation.
    pub(super) fn translation(&mut self, language: &str, item: &str, property: &str, texts: Vec<String>) {
        let items = self.localization.entry(language).or_insert_with(|| json!({}));
        items[item][property] = json!(texts);
    }

    /// The identifier of a flow that is referred to.
    pub(super) fn flow(&mut self, reference: &Value) -> Option<Uuid> {
        self.origin.identities.flow(reference, self.uuids)
    }

    /// The identifier and name of a group that is referred to.
    pub(super) fn group(&mut self, reference: &Value) -> Option<(Uuid, String)> {
        self.origin.identities.group(reference, self.uuids)
    }

    /// Notes that something of the node could not be brought along.
    pub(super) fn lose(&mut self, what: impl Into<String>) {
        self.losses.push((self.place.clone(), what.into()));
    }

    /// The translations of the whole flow.
    pub(super) fn take_localization(&mut self) -> Object {
        std::mem::take(&mut self.localization)
    }
}

/// A template in the present language.
pub(super) fn template(old: &str) -> String {
    expressions::migrate(old, false)
}
