//! Everything that can be called.

use super::endpoint::Resource;
use super::resources::*;

/// All resources, by name.
pub(crate) static RESOURCES: &[&Resource] = &[
    &archives::RESOURCE,
    &audit::RESOURCE,
    &boundaries::RESOURCE,
    &broadcast_actions::RESOURCE,
    &broadcast_previews::RESOURCE,
    &broadcasts::RESOURCE,
    &campaign_events::RESOURCE,
    &campaigns::RESOURCE,
    &canned_replies::RESOURCE,
    &channel_events::RESOURCE,
    &channels::RESOURCE,
    &classifiers::RESOURCE,
    &code_imports::RESOURCE,
    &codes::RESOURCE,
    &consents::RESOURCE,
    &contact_actions::RESOURCE,
    &contact_data::RESOURCE,
    &contact_merges::RESOURCE,
    &contact_queries::RESOURCE,
    &contacts::RESOURCE,
    &definitions::RESOURCE,
    &email_server::RESOURCE,
    &export_files::RESOURCE,
    &exports::RESOURCE,
    &fields::RESOURCE,
    &flow_starts::RESOURCE,
    &flows::RESOURCE,
    &globals::RESOURCE,
    &groups::RESOURCE,
    &households::RESOURCE,
    &import_errors::RESOURCE,
    &imports::RESOURCE,
    &invitations::RESOURCE,
    &labels::RESOURCE,
    &media::RESOURCE,
    &message_actions::RESOURCE,
    &message_sets::RESOURCE,
    &messages::RESOURCE,
    &optins::RESOURCE,
    &password_resets::RESOURCE,
    &programme_messages::RESOURCE,
    &registrations::RESOURCE,
    &resthook_events::RESOURCE,
    &resthook_subscribers::RESOURCE,
    &resthooks::RESOURCE,
    &retention::RESOURCE,
    &runs::RESOURCE,
    &schedules::RESOURCE,
    &sessions::RESOURCE,
    &sign_in_rules::RESOURCE,
    &statistics::RESOURCE,
    &subscription_actions::RESOURCE,
    &subscriptions::RESOURCE,
    &table_versions::RESOURCE,
    &tables::RESOURCE,
    &teams::RESOURCE,
    &template_syncs::RESOURCE,
    &templates::RESOURCE,
    &ticket_actions::RESOURCE,
    &ticket_events::RESOURCE,
    &ticket_messages::RESOURCE,
    &ticket_replies::RESOURCE,
    &ticket_statistics::RESOURCE,
    &tickets::RESOURCE,
    &topics::RESOURCE,
    &trigger_actions::RESOURCE,
    &triggers::RESOURCE,
    &users::RESOURCE,
    &webhook_actions::RESOURCE,
    &webhook_deliveries::RESOURCE,
    &webhooks::RESOURCE,
    &workspace::RESOURCE,
];

/// The resource of this name.
pub(crate) fn find(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().copied().find(|resource| resource.name == name || resource.alias == Some(name))
}

#[cfg(test)]
mod tests {
    use super::RESOURCES;
    use crate::api::endpoint::Method;
    use crate::api::openapi;

    #[test]
    fn the_table_is_in_order() {
        let names: Vec<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for resource in RESOURCES {
            let methods: Vec<Method> = resource.endpoints.iter().map(|endpoint| endpoint.method).collect();
            assert!(
                !methods.is_empty()
                    && methods.iter().all(|one| methods.iter().filter(|m| *m == one).count() == 1)
            );
            for endpoint in resource.endpoints {
                let known = |name: &&&str| endpoint.query.iter().all(|param| param.name != **name);
                let unknown = endpoint.one_of.iter().chain(endpoint.needs).find(known);
                assert_eq!(unknown, None, "{} names a parameter that it has not", resource.name);
            }
        }
    }

    #[test]
    fn every_endpoint_is_in_the_document() {
        let document = openapi::document();
        for resource in RESOURCES {
            for endpoint in resource.endpoints {
                let path = &document["paths"][format!("/api/v2/{}.json", resource.name)];
                assert!(path[endpoint.method.word().to_ascii_lowercase()].is_object(), "{}", resource.name);
            }
        }
    }

    #[test]
    fn the_document_is_the_one_that_was_agreed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let written = format!("{:#}\n", openapi::document());
        if std::env::var_os("SEEDLING_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &written).expect("the crate's folder");
        }
        let agreed = std::fs::read_to_string(path).expect("crates/web/openapi.json");
        let differs = agreed.lines().zip(written.lines()).find(|(agreed, written)| agreed != written);
        assert!(
            agreed == written,
            "The API is not the one of crates/web/openapi.json ({differs:?}). If that is meant, write it anew: \
             SEEDLING_WRITE_OPENAPI=1 cargo test -p web --lib the_document; and look at the difference."
        );
    }
}
