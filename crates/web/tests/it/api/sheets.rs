//! Files of contacts over the API: handed in, looked at, brought in and fetched.

use operations::{Role, work_off};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(
    a_file_is_looked_at_before_it_is_brought_in,
    a_workbook_is_brought_in_and_fetched_again,
    workbooks_of_spreadsheet_programs_are_read,
    files_that_mean_nothing_are_refused,
    an_import_can_be_ended
);

/// Hands a file in.
pub(super) async fn hand_in(api: &Api, token: &str, name: &str, file: &[u8]) -> (StatusCode, Value) {
    let head = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = [head.as_bytes(), file, b"\r\n--x--\r\n"].concat();
    let request = api.world.client.post(format!("{}/api/v2/imports.json", api.world.base));
    let request = request.header("content-type", "multipart/form-data; boundary=x");
    let answer = request.header("authorization", format!("Token {token}")).body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// Fetches a file.
pub(super) async fn fetch(api: &Api, token: &str, url: &Value) -> (StatusCode, Vec<u8>) {
    let request = api.world.client.get(url.as_str().unwrap());
    let answer = request.header("authorization", format!("Token {token}")).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}

/// Works all jobs off that are named by what the API shows of them.
pub(super) async fn to_the_end(api: &Api, job: &Value) {
    let (ctx, workspace) = (api.world.node.context(), api.world.workspace.id);
    let uuid = job["uuid"].as_str().unwrap().parse().unwrap();
    let row = ctx.store.job_by_uuid(workspace, uuid).await.unwrap().unwrap();
    work_off(ctx, workspace, row.id, |_| {}).await.unwrap();
}

async fn a_file_is_looked_at_before_it_is_brought_in(api: Api) {
    api.post("fields.json", json!({"name": "Age", "type": "number"})).await;
    api.post("groups.json", json!({"name": "Mothers"})).await;
    let file = "Phone;Full name;age;Clinic;Notes\n+254700000001;Amina;31;Kibera;x\n\n+254700000002;\"Open;3;;\n\
        !;Zuri;5;Mathare;=1+1\n+254700000003;Beatrice;;Mathare;\n";
    let (status, preview) = hand_in(&api, &api.token, "people.csv", file.as_bytes()).await;
    assert_eq!(status, 201, "{preview}");
    assert_eq!((&preview["status"], &preview["file"]), (&json!("preview"), &json!("people.csv")));
    assert_eq!(preview["created_by"], json!("Ada Okello"));
    assert_eq!(preview["progress"], json!({"total": 4, "done": 0, "left_out": 1}));
    let columns = preview["columns"].as_array().unwrap();
    let mappings: Vec<_> = columns.iter().map(|column| column["mapping"].clone()).collect();
    assert_eq!(mappings, [json!("URN:tel"), json!("Name"), json!("Field:Age"), json!(null), json!(null)]);
    assert_eq!(
        columns[3],
        json!({"header": "Clinic", "mapping": null, "examples": ["Kibera", "Mathare", "Mathare"]})
    );
    assert_eq!(api.list("contacts.json").await.len(), 0, "nothing is brought in before somebody says so");
    let path = format!("imports.json?uuid={}", preview["uuid"].as_str().unwrap());
    for (body, said) in [
        (
            json!({"mappings": ["URN:tel"]}),
            json!({"mappings": ["the file has 5 columns; say of each what it is"]}),
        ),
        (
            json!({"mappings": ["URN:tel", "Name", "Field:Age", "Field:Clinic", null]}),
            json!({"mappings": {"3": ["there is no field \"Clinic\"; make it first, or take the column out"]}}),
        ),
        (
            json!({"mappings": [null, "Name", null, null, null]}),
            json!({"mappings": ["no column says who is meant: one must be Contact UUID, URNs or URN:tel"]}),
        ),
        (
            json!({"mappings": [1, null, null, null, null]}),
            json!({"mappings": {"0": ["Not a valid string."]}}),
        ),
        (json!({"groups": ["Fathers"]}), json!({"groups": {"0": ["Not found: Fathers"]}})),
    ] {
        assert_eq!(api.post(&path, body.clone()).await, (400, said), "{body}");
    }
    let body = json!({"mappings": ["URN:tel", "Name", "Field:Age", "Field:Clinic", null], "groups": ["mothers"],
        "create_missing": true});
    let (status, begun) = api.post(&path, body.clone()).await;
    assert_eq!((status, &begun["status"]), (200, &json!("queued")), "{begun}");
    assert_eq!(begun["groups"][0]["name"], json!("Mothers"));
    assert_eq!(api.post(&path, body).await.0, 400, "it begins once");
    to_the_end(&api, &preview).await;
    let done = api.list(&path).await.remove(0);
    assert_eq!(done["progress"], json!({"total": 4, "done": 2, "left_out": 2}), "{done}");
    assert_eq!(done["status"], json!("completed"));
    let amina = api.list("contacts.json?urn=tel:%2B254700000001").await.remove(0);
    assert_eq!(
        (&amina["name"], &amina["fields"]),
        (&json!("Amina"), &json!({"age": "31", "clinic": "Kibera"}))
    );
    assert_eq!(amina["groups"][0]["name"], json!("Mothers"));
    let (status, errors) = fetch(&api, &api.token, &done["errors_url"]).await;
    let errors = String::from_utf8(errors).unwrap();
    assert_eq!(status, 200, "{errors}");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines[0], "Line,Error,Phone,Full name,age,Clinic,Notes");
    assert_eq!(lines[1], "4,quotes are opened and never closed");
    assert!(lines[2].starts_with("5,") && lines[2].ends_with(",!,Zuri,5,Mathare,\"'=1+1\""), "{errors}");
    assert_eq!(lines.len(), 3);
    let other = api.in_another_workspace().await;
    assert_eq!(fetch(&other, &other.token, &done["errors_url"]).await.0, 404);
}

async fn a_workbook_is_brought_in_and_fetched_again(api: Api) {
    api.post("groups.json", json!({"name": "Mothers"})).await;
    let csv =
        "URN:tel,Name,Group:Mothers\n+254700000001,=HYPERLINK(\"http://x\"),yes\n+254700000002,Zuri,no\n";
    let (_, preview) = hand_in(&api, &api.token, "p.csv", csv.as_bytes()).await;
    let path = format!("imports.json?uuid={}", preview["uuid"].as_str().unwrap());
    assert_eq!(api.post(&path, json!({})).await.0, 200);
    to_the_end(&api, &preview).await;
    let viewer = api.token_of("viewer@example.org", Role::Viewer).await;
    let other = api.in_another_workspace().await;
    for (body, count, ending) in [
        (json!({"group": "mothers", "format": "xlsx"}), 1, "xlsx"),
        (json!({"query": "name = Zuri"}), 1, "csv"),
        (json!({"format": "xlsx"}), 2, "xlsx"),
    ] {
        let (status, asked) = api.post("exports.json", body).await;
        assert_eq!((status, &asked["download_url"]), (201, &json!(null)), "{asked}");
        to_the_end(&api, &asked).await;
        let path = format!("exports.json?uuid={}", asked["uuid"].as_str().unwrap());
        let done = api.list(&path).await.remove(0);
        assert_eq!(done["progress"], json!({"total": count, "done": count}), "{done}");
        assert_eq!((&done["status"], &done["format"]), (&json!("completed"), &json!(ending)));
        let (status, file) = fetch(&api, &api.token, &done["download_url"]).await;
        assert_eq!(status, 200);
        // What is fetched comes in again: nobody is new.
        let (status, preview) = hand_in(&api, &api.token, "again", &file).await;
        assert_eq!(status, 201, "{preview}");
        assert_eq!(preview["progress"]["total"], json!(count));
        let again = format!("imports.json?uuid={}", preview["uuid"].as_str().unwrap());
        assert_eq!(api.post(&again, json!({})).await.0, 200);
        to_the_end(&api, &preview).await;
        assert_eq!(api.list(&again).await[0]["progress"]["done"], json!(count));
        assert_eq!(fetch(&api, &viewer, &done["download_url"]).await.0, 403);
        assert_eq!(fetch(&other, &other.token, &done["download_url"]).await.0, 404);
        assert_eq!(fetch(&api, "nobody", &done["download_url"]).await.0, 403);
    }
    let names = api.each("contacts.json?reverse=1", "name").await;
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&json!("=HYPERLINK(\"http://x\")")), "{names:?}");
    assert_eq!(api.each("exports.json", "type").await, ["contacts", "contacts", "contacts"]);
    let (_, asked) = api.post("exports.json", json!({"type": "definitions"})).await;
    to_the_end(&api, &asked).await;
    let done = api.list("exports.json").await.remove(0);
    assert_eq!((&done["type"], &done["format"]), (&json!("definitions"), &json!("json")));
    let (_, file) = fetch(&api, &api.token, &done["download_url"]).await;
    assert!(serde_json::from_slice::<Value>(&file).unwrap()["flows"].is_array());
    for (body, member) in [
        (json!({"query": "beans > 3"}), "query"),
        (json!({"group": "Fathers"}), "group"),
        (json!({"group": "Mothers", "query": "name = A"}), "group"),
        (json!({"format": "pdf"}), "format"),
        (json!({"type": "users"}), "type"),
        (json!({"type": "definitions", "flows": ["none"]}), "flows"),
    ] {
        let (status, said) = api.post("exports.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array() | said[member].is_object(), "{body}: {said}");
    }
}

/// Made by LibreOffice Calc and Gnumeric: phones as numbers, dates, logical values, a formula, lines within a cell.
async fn workbooks_of_spreadsheet_programs_are_read(api: Api) {
    for (label, kind) in
        [("Age", "number"), ("Due date", "datetime"), ("Consented", "text"), ("Notes", "text")]
    {
        assert_eq!(api.post("fields.json", json!({"name": label, "type": kind})).await.0, 201);
    }
    let of_libreoffice = include_bytes!("../../../../../testdata/contacts/libreoffice.xlsx");
    let of_gnumeric = include_bytes!("../../../../../testdata/contacts/gnumeric.xlsx");
    for file in [&of_libreoffice[..], &of_gnumeric[..]] {
        let (status, preview) = hand_in(&api, &api.token, "people.xlsx", file).await;
        assert_eq!(status, 201, "{preview}");
        let path = format!("imports.json?uuid={}", preview["uuid"].as_str().unwrap());
        assert_eq!(api.post(&path, json!({})).await.0, 200);
        to_the_end(&api, &preview).await;
        assert_eq!(api.list(&path).await[0]["progress"], json!({"total": 3, "done": 3, "left_out": 0}));
        let people = api.list("contacts.json?reverse=1").await;
        let names: Vec<&Value> = people.iter().map(|person| &person["name"]).collect();
        assert_eq!(names, [&json!("Amina Wanjiru"), &json!("Béatrice Ñandú"), &json!("የኔነሽ")]);
        assert_eq!(people[1]["urns"], json!(["tel:+254700000002"]));
        let fields = &people[1]["fields"];
        assert_eq!((&fields["age"], &fields["consented"]), (&json!("28.5"), &json!("false")));
        assert!(fields["due_date"].as_str().unwrap().starts_with("2027-06-01"), "{fields}");
        assert_eq!(fields["notes"], json!("a \"quoted\" word"));
        assert_eq!(
            (&people[0]["fields"]["notes"], &people[2]["fields"]["notes"]),
            (&json!("two\nlines"), &json!("2"))
        );
    }
}

async fn files_that_mean_nothing_are_refused(api: Api) {
    for (file, said) in [
        (&b""[..], "no lines"),
        (b"URN:tel,Name\n", "no lines"),
        (b"\xff\xfe\n1", "not text in UTF-8"),
        (b"\"open,b\n1,2", "the first line cannot be read"),
        (b"PK\x03\x04 but not quite", "not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", ".xls"),
    ] {
        let (status, body) = hand_in(&api, &api.token, "f", file).await;
        assert!(
            status == 400 && body["file"][0].as_str().is_some_and(|text| text.contains(said)),
            "{said}: {body}"
        );
    }
    let wide = format!("{}\n1", ",".repeat(600));
    assert_eq!(hand_in(&api, &api.token, "f", wide.as_bytes()).await.0, 400);
    assert_eq!(api.list("imports.json").await.len(), 0);
    assert_eq!(api.post("imports.json", json!({})).await.0, 400);
    let viewer = api.token_of("viewer@example.org", Role::Viewer).await;
    assert_eq!(hand_in(&api, &viewer, "f", b"URN:tel\n1").await.0, 403);
}

async fn an_import_can_be_ended(api: Api) {
    let (_, preview) = hand_in(&api, &api.token, "p.csv", b"URN:tel\n+254700000001\n").await;
    let path = format!("imports.json?uuid={}", preview["uuid"].as_str().unwrap());
    let other = api.in_another_workspace().await;
    assert_eq!(other.delete(&path).await.0, 404);
    assert_eq!(other.post(&path, json!({})).await.0, 404);
    assert_eq!(other.list(&path).await.len(), 0);
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.list(&path).await[0]["status"], json!("interrupted"));
    assert_eq!(api.post(&path, json!({})).await.0, 400);
    let (_, asked) = api.post("exports.json", json!({})).await;
    let path = format!("exports.json?uuid={}", asked["uuid"].as_str().unwrap());
    let (status, _) = api.call(&other.token, Method::DELETE, &path, None).await;
    assert_eq!(status, 404);
    assert_eq!(api.delete(&path).await.0, 204);
}
