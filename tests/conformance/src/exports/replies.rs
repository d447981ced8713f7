//! What a person might say at a wait: an answer for each case, one for none, and silence.

use flows::definition::{Case, Definition, Node, Wait};
use flows::events::DialStatus;

/// What a conversation goes on with.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The person writes.
    Text(String),
    /// The wait's time is up.
    Silence,
    /// A dialled call ends.
    Dial(DialStatus),
    /// The conversation expires.
    Expiry,
}

/// What no case is made for.
const OTHER: &str = "xyzzy";

/// Replies for each outcome of a node that waits, in the order of its cases.
pub fn replies(node: &Node) -> Vec<Reply> {
    let Some(router) = &node.router else { return Vec::new() };
    let timeout = match &router.wait {
        Some(Wait::Dial { .. }) => {
            let statuses = [DialStatus::Answered, DialStatus::NoAnswer, DialStatus::Busy, DialStatus::Failed];
            return statuses.into_iter().map(Reply::Dial).collect();
        }
        Some(Wait::Msg { timeout, .. }) => timeout.is_some(),
        None => return Vec::new(),
    };
    let mut replies: Vec<Reply> = Vec::new();
    let texts = router.cases.iter().map(text_for).chain([OTHER.to_owned()]).map(Reply::Text);
    for reply in texts.chain(timeout.then_some(Reply::Silence)) {
        if !replies.contains(&reply) {
            replies.push(reply);
        }
    }
    replies
}

/// The most replies that one wait of a flow has.
pub fn most_replies(flow: &Definition) -> usize {
    flow.nodes.iter().map(|node| replies(node).len()).max().unwrap_or_default()
}

/// A text for which a case is likely to hold.
fn text_for(case: &Case) -> String {
    let first = case.arguments.first().map_or("", |argument| argument.as_str());
    if first.contains('@') {
        return OTHER.to_owned();
    }
    let number = |step: i64| first.trim().parse::<i64>().unwrap_or_default().saturating_add(step).to_string();
    match case.test.as_str() {
        "has_any_word" => first.split_whitespace().next().unwrap_or(OTHER).to_owned(),
        "has_all_words" | "has_phrase" | "has_only_phrase" | "has_only_text" | "has_beginning" => {
            first.to_owned()
        }
        "has_number_eq" | "has_number_lte" | "has_number_gte" | "has_number_between" => first.to_owned(),
        "has_number_lt" => number(-1),
        "has_number_gt" => number(1),
        "has_number" => "7".to_owned(),
        "has_text" => "hello there".to_owned(),
        "has_date" | "has_date_gt" => "2031-06-01".to_owned(),
        "has_date_lt" => "1999-06-01".to_owned(),
        "has_date_eq" => first.to_owned(),
        "has_time" => "10:30".to_owned(),
        "has_phone" => "+27820000002".to_owned(),
        "has_email" => "someone@example.org".to_owned(),
        "has_pattern" => first
            .split('|')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|letter| letter.is_alphanumeric() || *letter == ' ')
            .collect(),
        _ => OTHER.to_owned(),
    }
}
