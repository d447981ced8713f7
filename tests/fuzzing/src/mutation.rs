//! Valid JSON with something wrong in it, at a place that choices pick.

use serde_json::{Map, Value as Json, json};

use crate::Choices;

/// Changes some values of a document.
pub fn mutate(choices: &mut Choices<'_>, json: &mut Json) {
    for _ in 0..1 + choices.below(4) {
        let place = pick(choices, json);
        change(choices, place);
    }
}

/// A value somewhere in the document.
fn pick<'j>(choices: &mut Choices<'_>, json: &'j mut Json) -> &'j mut Json {
    let mut place = json;
    loop {
        let count = match &*place {
            Json::Object(members) => members.len(),
            Json::Array(items) => items.len(),
            _ => 0,
        };
        if count == 0 || choices.once_in(8) {
            return place;
        }
        let index = choices.below(count.min(65_536));
        place = match place {
            Json::Object(members) => members.values_mut().nth(index).expect("within the count"),
            Json::Array(items) => &mut items[index],
            _ => unreachable!("only lists and objects have a count"),
        };
    }
}

fn change(choices: &mut Choices<'_>, place: &mut Json) {
    match (choices.below(12), &mut *place) {
        (0, Json::Object(members)) => {
            let index = choices.below(members.len().max(1));
            let name = members.keys().nth(index).cloned();
            name.map(|name| members.shift_remove(&name));
        }
        (1, Json::Array(items)) if !items.is_empty() => {
            let item = items[choices.below(items.len())].clone();
            items.push(item);
        }
        (2, Json::Array(items)) => items.clear(),
        (3, Json::Object(members)) => {
            let name = choices.text(20);
            members.insert(name, scalar(choices));
        }
        (4, place) => *place = json!([place.clone()]),
        (5, place) => *place = json!({"uuid": place.clone()}),
        (_, place) => *place = scalar(choices),
    }
}

fn scalar(choices: &mut Choices<'_>) -> Json {
    match choices.below(14) {
        0 => Json::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1.5e300),
        5 => json!(""),
        6 => Json::Array(Vec::new()),
        7 => Json::Object(Map::new()),
        8 => json!("00000000-0000-0000-0000-000000000000"),
        9 => json!(crate::flow::id(choices.below(60_000))),
        10 => nested(choices.below(120)),
        11 => json!(crate::flow::text(choices)),
        _ => json!(choices.text(60)),
    }
}

fn nested(depth: usize) -> Json {
    (0..depth).fold(Json::Null, |inner, _| json!([inner]))
}
