//! `@contact`, `@fields`, `@urns` and `@ticket`.

use domain::urn::REDACTED;
use domain::{
    Channel, ChannelRole, ChannelUuid, Contact, ContactUrn, Field, FieldType, FieldValue, TicketRef,
};
use expressions::environment::RedactionPolicy;
use expressions::value::Property;
use expressions::{Number, Object, Value};
use jiff::Zoned;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::{Context, id, moment, optional};
use crate::assets::Assets;

/// Schemes that `@urns` has a key for, whether or not the contact has such an address.
const SCHEMES: [&str; 20] = [
    "bsuid",
    "ext",
    "facebook",
    "fcm",
    "freshchat",
    "instagram",
    "jiochat",
    "line",
    "mailto",
    "rocketchat",
    "slack",
    "tel",
    "telegram",
    "twitter",
    "twitterid",
    "viber",
    "vk",
    "webchat",
    "wechat",
    "whatsapp",
];

/// The channel that messages to an address go over: the one it prefers if that can serve it, else the first
/// that can.
fn channel_for<'a>(assets: &'a Assets, urn: &ContactUrn, role: ChannelRole) -> Option<&'a Channel> {
    let serves =
        |channel: &&Channel| channel.roles.contains(&role) && channel.schemes.contains(&urn.urn.scheme);
    if let Some(channel) = urn.channel.and_then(|uuid| assets.channel(uuid)).filter(serves) {
        return Some(channel);
    }
    crate::routes::best_channel(assets.channels().filter(serves), urn)
}

/// The channel that messages to a contact go over, and the address it reaches.
pub(crate) fn channel_of<'a, 'c>(
    assets: &'a Assets,
    contact: &'c Contact,
) -> Option<(&'c ContactUrn, &'a Channel)> {
    contact.urns.iter().find_map(|urn| Some((urn, channel_for(assets, urn, ChannelRole::Send)?)))
}

/// An address as text, hidden if the workspace hides addresses.
pub(crate) fn redacted_urn_text(urn: &domain::Urn, redaction: RedactionPolicy) -> SmolStr {
    match redaction {
        RedactionPolicy::Urns => format_smolstr!("{}:{REDACTED}", urn.scheme),
        RedactionPolicy::None => format_smolstr!("{urn}"),
    }
}

impl Context<'_> {
    pub(super) fn urn_value(&self, urn: &domain::Urn) -> Value {
        Value::Text(redacted_urn_text(urn, self.env.redaction))
    }

    /// What stands for a contact in a text: the name, or else something to tell it by.
    pub(super) fn contact_label(&self, contact: &Contact) -> SmolStr {
        if !contact.name.is_empty() {
            return contact.name.clone();
        }
        match self.env.redaction {
            RedactionPolicy::Urns => contact.id.to_smolstr(),
            RedactionPolicy::None => {
                contact.urns.first().map_or_else(SmolStr::default, |urn| urn.urn.formatted())
            }
        }
    }

    fn contact_ref(&self, contact: &Contact) -> SmolStr {
        domain::public_ref(contact.id, self.env.obfuscation_key)
    }

    pub(super) fn contact_value(&self, contact: &Contact) -> Value {
        let mut object = Object::new().with_default(self.contact_label(contact));
        object.insert("uuid", id(contact.uuid));
        object.insert("ref", self.contact_ref(contact));
        object.properties.insert(
            "id".into(),
            Property {
                value: id(contact.id),
                deprecated: Some("@contact.id is deprecated, use @contact.ref instead".into()),
            },
        );
        object.insert("first_name", first_name(contact));
        object.insert("name", contact.name.clone());
        object.insert("language", optional(contact.language.as_ref()));
        object.insert("status", status_name(contact));
        object.insert("timezone", optional(contact.timezone.as_ref()));
        object.insert("created_on", moment(contact.created_on));
        object.insert("last_seen_on", contact.last_seen_on.map_or(Value::Null, moment));
        object.insert("urns", self.urn_list(contact));
        object.insert("urn", self.preferred_urn(contact));
        object.insert("groups", self.groups_value(contact));
        object.insert("fields", self.fields_value(contact));
        object.insert("channel", self.contact_channel(contact));
        object.properties.insert(
            "tickets".into(),
            Property {
                value: Value::array(contact.tickets.iter().map(|ticket| self.ticket(ticket)).collect()),
                deprecated: Some("@contact.tickets is deprecated, use @ticket instead".into()),
            },
        );
        Value::object(object)
    }

    pub(super) fn contact_path(&self, path: &[SmolStr]) -> Option<Value> {
        let contact = self.contact;
        match path.first().map(SmolStr::as_str) {
            None => None,
            Some("fields") => self.field_path(&path[1..]),
            Some(key) if path.len() == 1 => Some(match key {
                "name" => Value::Text(contact.name.clone()),
                "first_name" => Value::Text(first_name(contact)),
                "uuid" => id(contact.uuid),
                "ref" => Value::Text(self.contact_ref(contact)),
                "language" => optional(contact.language.as_ref()),
                "status" => Value::Text(status_name(contact)),
                "timezone" => optional(contact.timezone.as_ref()),
                "created_on" => moment(contact.created_on),
                "last_seen_on" => contact.last_seen_on.map_or(Value::Null, moment),
                "urn" => self.preferred_urn(contact),
                "groups" => self.groups_value(contact),
                "channel" => self.contact_channel(contact),
                _ => return None,
            }),
            Some(_) => None,
        }
    }

    fn urn_list(&self, contact: &Contact) -> Value {
        Value::array(contact.urns.iter().map(|urn| self.urn_value(&urn.urn)).collect())
    }

    fn preferred_urn(&self, contact: &Contact) -> Value {
        let preferred = channel_of(self.assets, contact).map(|(urn, _)| urn).or(contact.urns.first());
        preferred.map_or(Value::Text(SmolStr::default()), |urn| self.urn_value(&urn.urn))
    }

    fn groups_value(&self, contact: &Contact) -> Value {
        let groups = contact.groups.iter().filter_map(|uuid| self.assets.group_value(*uuid));
        Value::array(groups.cloned().collect())
    }

    fn contact_channel(&self, contact: &Contact) -> Value {
        channel_of(self.assets, contact).map_or(Value::Null, |(_, channel)| channel_value(channel))
    }

    pub(super) fn channel_uuid_value(&self, uuid: ChannelUuid) -> Value {
        self.assets.channel(uuid).map_or(Value::Null, channel_value)
    }

    pub(super) fn fields_value(&self, contact: &Contact) -> Value {
        let mut object = Object::new();
        let mut lines: Vec<(&SmolStr, String)> = Vec::new();
        for field in self.assets.fields() {
            let value = field_value(field, contact.fields.get(&field.key));
            if !matches!(value, Value::Null) {
                lines.push((&field.name, format!("{}: {}", field.name, value.to_text())));
            }
            object.insert(field.key.clone(), value);
        }
        lines.sort();
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        object.default = Some(Value::from(lines.join("\n")));
        Value::object(object)
    }

    pub(super) fn field_path(&self, path: &[SmolStr]) -> Option<Value> {
        match path {
            [key] => {
                let field = self.assets.field(key)?;
                Some(field_value(field, self.contact.fields.get(&field.key)))
            }
            _ => None,
        }
    }

    pub(super) fn urns_value(&self, contact: &Contact) -> Value {
        let mut object = Object::new();
        for scheme in SCHEMES {
            object.insert(scheme, Value::Null);
        }
        for urn in contact.urns.iter().rev() {
            object.insert(urn.urn.scheme.clone(), self.urn_value(&urn.urn));
        }
        Value::object(object)
    }

    pub(super) fn urn_path(&self, path: &[SmolStr]) -> Option<Value> {
        match path {
            [scheme] => {
                let urn = self.contact.urns.iter().find(|urn| urn.urn.scheme == *scheme)?;
                Some(self.urn_value(&urn.urn))
            }
            _ => None,
        }
    }

    pub(super) fn ticket_value(&self) -> Value {
        let open = self.contact.tickets.iter().rev().find(|ticket| ticket.open);
        open.map_or(Value::Null, |ticket| self.ticket(ticket))
    }

    fn ticket(&self, ticket: &TicketRef) -> Value {
        let topic = ticket.topic.as_ref().map_or(Value::Null, |topic| {
            Value::object(
                Object::new()
                    .with_default(topic.name.clone())
                    .with("uuid", id(topic.uuid))
                    .with("name", topic.name.clone()),
            )
        });
        let assignee = ticket.assignee.as_ref().and_then(|user| self.assets.user(user.uuid));
        Value::object(
            Object::new()
                .with("uuid", id(ticket.uuid))
                .with("topic", topic)
                .with("assignee", assignee.map_or(Value::Null, user_value)),
        )
    }
}

/// A user as expressions see them.
pub(super) fn user_value(user: &crate::assets::User) -> Value {
    let first = user.name.split_whitespace().next().unwrap_or_default();
    Value::object(
        Object::new()
            .with_default(if user.name.is_empty() { user.email.clone() } else { user.name.clone() })
            .with("email", user.email.clone())
            .with("name", user.name.clone())
            .with("first_name", first),
    )
}

/// A channel as expressions see it.
pub(super) fn channel_value(channel: &Channel) -> Value {
    Value::object(
        Object::new()
            .with_default(channel.name.clone())
            .with("uuid", id(channel.uuid))
            .with("name", channel.name.clone())
            .with("address", channel.address.clone()),
    )
}

fn first_name(contact: &Contact) -> SmolStr {
    contact.name.split_whitespace().next().map_or_else(SmolStr::default, SmolStr::new)
}

fn status_name(contact: &Contact) -> SmolStr {
    SmolStr::new_static(match contact.status {
        domain::ContactStatus::Active => "active",
        domain::ContactStatus::Blocked => "blocked",
        domain::ContactStatus::Stopped => "stopped",
        domain::ContactStatus::Archived => "archived",
    })
}

/// A field's value in the type of the field; null if it has none of that type.
fn field_value(field: &Field, value: Option<&FieldValue>) -> Value {
    let Some(value) = value else { return Value::Null };
    match field.field_type {
        FieldType::Text => Value::Text(value.text.clone()),
        FieldType::Number => {
            value.number.as_ref().and_then(|n| Number::parse(n)).map_or(Value::Null, Value::Number)
        }
        FieldType::Datetime => {
            value.datetime.as_ref().map_or(Value::Null, |moment: &Zoned| Value::datetime(moment.clone()))
        }
        FieldType::State => optional(value.state.as_ref()),
        FieldType::District => optional(value.district.as_ref()),
        FieldType::Ward => optional(value.ward.as_ref()),
    }
}
