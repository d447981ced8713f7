//! Name, language, zone, status and field values.

use domain::{ContactStatus, Field, FieldType, FieldValue, query::Attribute};
use expressions::Ambient;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::Changes;
use crate::{
    engine::work::cut,
    events::{
        ContactFieldChanged, ContactLanguageChanged, ContactLastSeenChanged, ContactNameChanged,
        ContactStatusChanged, ContactTimezoneChanged, EventKind, FieldRef,
    },
    group_index::Touched,
};

impl Changes<'_> {
    /// Sets the name; empty clears it.
    pub fn set_name(&mut self, name: SmolStr) {
        let name = cut(name, self.limits.name_chars);
        if self.contact.name == name {
            return;
        }
        self.contact.name = name.clone();
        self.event(EventKind::ContactNameChanged(ContactNameChanged { name }));
        self.reevaluate_touched(Touched::Attribute(Attribute::Name));
    }

    /// Sets the language; empty clears it.
    pub fn set_language(&mut self, language: SmolStr) {
        if self.contact.language.as_deref().unwrap_or_default() == language {
            return;
        }
        self.contact.language = (!language.is_empty()).then(|| language.clone());
        self.event(EventKind::ContactLanguageChanged(ContactLanguageChanged { language }));
        self.reevaluate_touched(Touched::Attribute(Attribute::Language));
    }

    /// Sets the zone; empty clears it.
    pub fn set_timezone(&mut self, timezone: SmolStr) {
        if self.contact.timezone.as_deref().unwrap_or_default() == timezone {
            return;
        }
        self.contact.timezone = (!timezone.is_empty()).then(|| timezone.clone());
        self.event(EventKind::ContactTimezoneChanged(ContactTimezoneChanged { timezone }));
    }

    /// Records that the contact was seen.
    pub fn seen(&mut self, seen_on: Timestamp) {
        if self.contact.last_seen_on == Some(seen_on) {
            return;
        }
        self.contact.last_seen_on = Some(seen_on);
        self.event(EventKind::ContactLastSeenChanged(ContactLastSeenChanged { last_seen_on: seen_on }));
        self.reevaluate_touched(Touched::Attribute(Attribute::LastSeenOn));
    }

    /// Sets the status. Who is not active any more leaves all groups.
    pub fn set_status(&mut self, status: ContactStatus) {
        if self.contact.status == status {
            return;
        }
        self.contact.status = status;
        self.event(EventKind::ContactStatusChanged(ContactStatusChanged { status }));
        if status == ContactStatus::Active {
            self.reevaluate_groups();
        } else {
            self.leave_all_groups();
        }
    }

    /// Sets a field to what a text means; a blank text clears it.
    pub fn set_field(&mut self, field: &Field, text: &str) {
        let parent = self.place_above(field.field_type);
        let clock = &self.clock;
        let now = || clock.now();
        let value = FieldValue::parse(
            text,
            field.field_type,
            self.env,
            &now,
            parent.as_deref(),
            self.limits.field_chars,
        );
        if self.contact.fields.get(&field.key) == value.as_ref() {
            return;
        }
        match &value {
            Some(value) => self.contact.fields.insert(field.key.clone(), value.clone()),
            None => self.contact.fields.remove(&field.key),
        };
        let field = FieldRef { key: field.key.clone(), name: field.name.clone() };
        let key = field.key.clone();
        self.event(EventKind::ContactFieldChanged(Box::new(ContactFieldChanged { field, value })));
        self.reevaluate_touched(Touched::Field(&key));
    }

    /// The place within which a district's or ward's name is looked for: that of the contact's first field of
    /// the level above.
    fn place_above(&self, field_type: FieldType) -> Option<SmolStr> {
        let above = match field_type {
            FieldType::District => FieldType::State,
            FieldType::Ward => FieldType::District,
            FieldType::Text | FieldType::Number | FieldType::Datetime | FieldType::State => return None,
        };
        let field = self.assets.fields().find(|field| field.field_type == above)?;
        let value = self.contact.fields.get(&field.key)?;
        if above == FieldType::State { value.state.clone() } else { value.district.clone() }
    }
}
