//! How large a definition may be. Each bound is checked when a definition is read, so nothing later needs to.

/// Nodes of a flow.
pub const MAX_NODES: usize = 1000;
/// Actions of a node.
pub const MAX_ACTIONS: usize = 100;
/// Exits of a node.
pub const MAX_EXITS: usize = 100;
/// Categories of a router.
pub const MAX_CATEGORIES: usize = 100;
/// Cases of a router.
pub const MAX_CASES: usize = 100;
/// Arguments of a case.
pub const MAX_ARGUMENTS: usize = 10;
/// Bytes of the editor's own `_ui` section.
pub const MAX_UI_BYTES: usize = 262_144;
/// Bytes of a whole definition: far above any real one, so that a hostile file is refused before it is parsed.
pub const MAX_DEFINITION_BYTES: usize = 16 * 1024 * 1024;
/// Translated properties of one item.
pub const MAX_TRANSLATED_PROPERTIES: usize = 10;
/// Texts of one translated property.
pub const MAX_TRANSLATED_VALUES: usize = 10;
/// Characters of one translated text, and of any text of an action.
pub const MAX_TEXT: usize = 10_000;
/// Characters of the name of a translated property.
pub const MAX_PROPERTY_NAME: usize = 64;
/// Characters of a flow's name and of the names of things that flows refer to.
pub const MAX_NAME: usize = 64;
/// Characters of a result's name.
pub const MAX_RESULT_NAME: usize = 64;
/// Characters of a category's name.
pub const MAX_CATEGORY_NAME: usize = 36;
/// Quick replies of a message.
pub const MAX_QUICK_REPLIES: usize = 10;
/// Attachments of a message.
pub const MAX_ATTACHMENTS: usize = 10;
/// Variables of a message template.
pub const MAX_TEMPLATE_VARIABLES: usize = 100;
/// Characters of a webhook's address.
pub const MAX_WEBHOOK_URL: usize = 8_192;
/// Characters of a webhook's body.
pub const MAX_WEBHOOK_BODY: usize = 20_000;
/// Headers of a webhook.
pub const MAX_HEADERS: usize = 10;
/// Characters of a header's name.
pub const MAX_HEADER_NAME: usize = 100;
/// Characters of a header's value.
pub const MAX_HEADER_VALUE: usize = 5_000;
/// Groups, contacts, addresses, labels or e-mail addresses of one action.
pub const MAX_RECIPIENTS: usize = 100;
/// The largest amount of airtime, in units of its currency.
pub const MAX_AIRTIME_AMOUNT: f64 = 999_999_999_999_999.0;
