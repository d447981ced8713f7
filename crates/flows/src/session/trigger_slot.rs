//! A session's trigger, read only when something asks for it: most resumes never do.

use std::sync::{Arc, OnceLock};

use crate::trigger::Trigger;

/// A trigger as JSON, as a value, or both; each form is made from the other when first needed.
#[derive(Clone, Debug)]
pub struct TriggerSlot {
    value: OnceLock<Option<Arc<Trigger>>>,
    json: OnceLock<Arc<[u8]>>,
}

impl TriggerSlot {
    /// From the value.
    pub fn new(trigger: Arc<Trigger>) -> Self {
        Self { value: OnceLock::from(Some(trigger)), json: OnceLock::new() }
    }

    /// From JSON that [`TriggerSlot::json`] gave.
    pub fn from_json(json: &[u8]) -> Self {
        Self { value: OnceLock::new(), json: OnceLock::from(Arc::from(json)) }
    }

    /// The trigger; `None` only if stored bytes were damaged.
    pub fn get(&self) -> Option<&Arc<Trigger>> {
        let read = || {
            let json = self.json.get()?;
            serde_json::from_slice::<Trigger>(json).ok().map(Arc::new)
        };
        self.value.get_or_init(read).as_ref()
    }

    /// The JSON form.
    pub fn json(&self) -> &[u8] {
        self.json.get_or_init(|| {
            let trigger = self.value.get().and_then(Option::as_ref);
            trigger.and_then(|t| serde_json::to_vec(t.as_ref()).ok()).unwrap_or_default().into()
        })
    }
}
