"""Drives a node with the unmodified client of RapidPro's API: address, token and line of the node are the arguments."""

import sys
import time
import urllib.parse
import urllib.request

from temba_client.exceptions import TembaBadRequestError, TembaNoSuchObjectError, TembaTokenError
from temba_client.v2 import TembaClient

HOST, TOKEN, LINE = sys.argv[1:4]
client = TembaClient(HOST, TOKEN, user_agent="test")


def refused(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"{call} was not refused")


def until(call):
    for _ in range(400):
        found = call()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{call} never came")


def write(person, text, number):
    body = urllib.parse.urlencode({"from": person, "text": text, "id": number}).encode()
    urllib.request.urlopen(f"{HOST}/c/ex/{LINE}/receive", body).read()


def workspace():
    org = client.get_org()
    assert (org.name, org.anon, org.date_style) == ("Clinic", False, "day_first"), org.serialize()
    assert client.get_channels().first().type == "ex"
    refused(TembaTokenError, TembaClient(HOST, "0" * 40).get_org)


def definitions():
    field = client.create_field("Shoe size", "number")
    assert (field.key, field.type) == ("shoe_size", "number")
    assert client.update_field(field, "Size", "number").name == "Size"
    assert [one.key for one in client.get_fields(key="shoe_size").all()] == ["shoe_size"]
    group = client.create_group("Mothers")
    assert client.update_group(group, "Women").name == "Women"
    assert client.get_groups(name="women").first().uuid == group.uuid
    assert refused(TembaBadRequestError, lambda: client.create_group("WOMEN")).errors["name"]
    client.delete_group(group)
    refused(TembaNoSuchObjectError, lambda: client.delete_group(group))
    label = client.create_label("Urgent")
    assert client.update_label(label, "Very urgent").uuid == label.uuid
    client.delete_label(label)
    assert client.create_global("Clinic name", "Kisenyi").key == "clinic_name"
    assert client.update_global("clinic_name", "Mulago").value == "Mulago"
    assert client.get_globals(key="clinic_name").first().value == "Mulago"
    assert client.get_archives(type="message").all() == []
    assert client.get_classifiers().all() == []
    heard = client.create_resthook_subscriber("new-mother", "https://example.org/hook")
    assert client.get_resthooks().first().resthook == "new-mother"
    assert client.get_resthook_subscribers(resthook="new-mother").first().id == heard.id
    assert client.get_resthook_events().all() == []
    client.delete_resthook_subscriber(heard)


def campaigns():
    group = client.create_group("Pregnant")
    client.create_field("Due", "datetime")
    campaign = client.create_campaign("Visits", group)
    assert client.update_campaign(campaign, "Calls", group).name == "Calls"
    event = client.create_campaign_event(campaign, "due", -2, "weeks", 9, message="Come soon")
    assert (event.message, event.relative_to.key) == ({"eng": "Come soon"}, "due")
    flow = client.get_flows().first()
    changed = client.update_campaign_event(event, "due", 1, "days", -1, flow=flow)
    assert (changed.flow.uuid, changed.message, changed.offset) == (flow.uuid, None, 1)
    assert client.get_campaign_events(campaign=campaign).first().uuid == event.uuid
    client.delete_campaign_event(event)
    assert client.get_campaign_events().all() == []


def people():
    group = client.create_group("Mothers")
    ada = client.create_contact("Ada", "eng", ["tel:+254722000001"], {"age": "31"}, [group])
    assert (ada.fields["age"], ada.groups[0].uuid, ada.status) == ("31", group.uuid, "active")
    assert client.update_contact(ada, name="Ada O.").name == "Ada O."
    assert client.update_contact("tel:+254722000001", language="swa").language == "swa"
    assert client.get_contacts(urn="tel:+254722000001").first().uuid == ada.uuid
    assert client.get_contacts(group=group).first().uuid == ada.uuid
    assert client.get_contacts(after=ada.modified_on).first().name == "Ada O."
    taken = refused(TembaBadRequestError, lambda: client.create_contact("B", None, ["tel:+254722000001"]))
    assert taken.errors == {"urns": {"0": ["URN is in use by another contact."]}}, taken.errors
    ben = client.create_contact("Ben", urns=["tel:+254722000002"])
    client.bulk_add_contacts([ben], group)
    assert client.get_groups(uuid=group.uuid).first().count == 2
    client.bulk_remove_contacts(["tel:+254722000002"], group)
    client.bulk_block_contacts([ben])
    assert client.get_contacts(uuid=ben.uuid).first().status == "blocked"
    client.bulk_unblock_contacts([ben])
    client.bulk_interrupt_contacts([ben])
    client.bulk_archive_contact_messages([ben])
    client.bulk_delete_contacts([ben])
    assert client.get_contacts(deleted=True).first().uuid == ben.uuid
    client.delete_contact("tel:+254722000001")
    refused(TembaNoSuchObjectError, lambda: client.delete_contact(ada))


def pages():
    for number in range(260):
        client.create_contact(f"N{number}", urns=[f"ext:n{number}"])
    fetches = client.get_contacts().iterfetches()
    first = next(fetches)
    assert (len(first), first[0].name) == (250, "N259")
    cursor = fetches.get_cursor()
    rest = next(client.get_contacts().iterfetches(resume_cursor=cursor))
    assert (len(rest), rest[-1].name) == (10, "N0")
    names = [one.name for one in client.get_contacts(reverse=True).all()]
    assert names == [f"N{number}" for number in range(260)]
    client.bulk_delete_contacts([f"ext:n{number}" for number in range(100)])
    client.bulk_delete_contacts([f"ext:n{number}" for number in range(100, 200)])
    client.bulk_delete_contacts([f"ext:n{number}" for number in range(200, 260)])


def messages():
    write("+254722000003", "please help", "1")
    asked = client.get_messages(folder="flows").first()
    assert (asked.text, asked.direction, asked.urn) == ("please help", "in", "tel:+254722000003")
    # The client sends identifiers where RapidPro takes numbers only.
    client.bulk_label_messages([asked], label_name="Help")
    assert client.get_labels(name="help").first().count == 1
    client.bulk_unlabel_messages([asked], label="Help")
    client.bulk_archive_messages([asked])
    assert client.get_messages(folder="archived").first().visibility == "archived"
    client.bulk_restore_messages([asked])
    answer = client.create_message(asked.contact, "we come", [], [{"text": "Thanks"}])
    assert (answer.status, answer.quick_replies[0].text) == ("queued", "Thanks")
    client.bulk_delete_messages([asked])
    assert client.get_messages(uuid=asked.uuid).first() is None
    said = client.create_broadcast("Hello all", urns=["tel:+254722000003", "tel:+254722000004"])
    assert said.text == {"eng": "Hello all"}, said.text
    until(lambda: client.get_broadcasts(uuid=said.uuid).first().status == "completed")
    texts = [one.text for one in client.get_messages().all()]
    assert texts.count("Hello all") == 2, texts


def conversations():
    flow = client.get_flows().first()
    assert flow.results and flow.labels == []
    start = client.create_flow_start(flow, urns=["tel:+254722000005"], restart_participants=True, params={"a": 1})
    assert (start.flow.uuid, start.params) == (flow.uuid, {"a": 1})
    run = until(lambda: next((one for one in client.get_runs(flow=flow).all() if one.start), None))
    assert (run.start.uuid, run.exit_type, run.contact.name) == (start.uuid, None, ""), run.serialize()
    assert run.path and client.get_runs(paths=False).first().path == []
    until(lambda: client.get_flow_starts(uuid=start.uuid).first().status == "completed")
    export = client.get_definitions(flows=[flow.uuid], dependencies="all")
    assert (export.version, len(export.flows)) == ("13", 1)


for part in (workspace, definitions, campaigns, people, pages, messages, conversations):
    part()
    print("ok", part.__name__, flush=True)
