"""The client against a server: paging, filters, windows, jobs, orders, identities."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug import Response

from drill.clock import to_milliseconds
from drill.errors import AnswerLost, AnswerUnreadable, ConfigInvalid, NotFound
from drill.provider.port import JobStatus
from drill.recovery.values import BackupKind, Engine, Window
from tests.provider.conftest import PROJECT


class Listing:
    """Answers a list page by page, as ``offset`` and ``limit`` ask."""

    def __init__(self, key, items, change=None) -> None:
        self.key, self.items, self.change = key, list(items), change
        self.queries: list[dict[str, str]] = []

    def __call__(self, request) -> Any:
        query = dict(request.args)
        self.queries.append(query)
        offset, limit = int(query["offset"]), int(query["limit"])
        page = self.items[offset : offset + limit]
        body = {self.key: page, "total_count": len(self.items)}
        if self.change is not None:
            self.change(self, len(self.queries))
        return Response(json.dumps(body))


def serve(httpserver, path, handler) -> Any:
    httpserver.expect_request(path).respond_with_handler(handler)
    return handler


def many(samples, count) -> Any:
    return [samples.raw_instance(id=f"i-{number}", name=f"n-{number}") for number in range(count)]


def test_a_long_list_is_read_to_its_end(provider, httpserver, samples):
    listing = serve(httpserver, samples.instances_path, Listing("instances", many(samples, 250)))

    instances = provider.list_instances()

    assert [one.id for one in instances] == [f"i-{number}" for number in range(250)]
    assert [query["offset"] for query in listing.queries] == ["0", "100", "200"]


def test_a_list_that_moves_while_it_is_read_is_read_again(provider, httpserver, samples):
    def delete_first(listing, queries) -> Any:
        if queries == 1:
            del listing.items[0]

    listing = Listing("instances", many(samples, 150), delete_first)
    serve(httpserver, samples.instances_path, listing)

    instances = provider.list_instances()

    assert {one.id for one in instances} == {f"i-{number}" for number in range(1, 150)}


def test_a_list_that_never_stands_still_is_unreadable(provider, httpserver, samples):
    def rotate(listing, queries) -> Any:
        listing.items.insert(0, listing.items.pop())

    serve(httpserver, samples.instances_path, Listing("instances", many(samples, 150), rotate))

    with pytest.raises(AnswerUnreadable, match="changed each time"):
        provider.list_instances()


def test_a_cloud_that_ignores_the_offset_does_not_hold_the_client(provider, httpserver, samples):
    page = {"instances": many(samples, 100), "total_count": 5000}
    httpserver.expect_request(samples.instances_path).respond_with_json(page)

    with pytest.raises(AnswerUnreadable):
        provider.list_instances()

    assert len(httpserver.log) <= 6


def test_a_list_that_is_too_long_is_not_read(provider, httpserver, samples):
    page = {"instances": many(samples, 100), "total_count": 10**9}
    httpserver.expect_request(samples.instances_path).respond_with_json(page)

    with pytest.raises(AnswerUnreadable, match="1000000000 entries"):
        provider.list_instances()

    assert len(httpserver.log) == 1


def test_one_instance_is_found_by_its_exact_id(provider, httpserver, samples):
    serve(
        httpserver,
        samples.instances_path,
        Listing("instances", [samples.raw_instance(id="other"), samples.raw_instance()]),
    )

    found = provider.find_instance(samples.target)

    assert found.id == samples.target
    assert found.tags == {"drill-scratch": "yes"}
    assert found.cloud == "here"


def test_an_instance_that_is_not_listed_is_none(provider, httpserver, samples):
    serve(httpserver, samples.instances_path, Listing("instances", []))
    assert provider.find_instance(samples.target) is None


def test_an_instance_that_cannot_be_understood_is_not_gone(provider, httpserver, samples):
    odd = samples.raw_instance(datastore={"type": "Mystery"})
    serve(httpserver, samples.instances_path, Listing("instances", [odd]))

    with pytest.raises(AnswerUnreadable):
        provider.find_instance(samples.target)


def test_an_odd_instance_does_not_spoil_the_list_of_all_but_is_counted(
    provider, httpserver, samples
):
    items = [samples.raw_instance(), samples.raw_instance(id="odd", datastore={"type": "X"})]
    serve(httpserver, samples.instances_path, Listing("instances", items))

    assert [one.id for one in provider.list_instances()] == [samples.target]
    assert provider.odd_objects == 1


def test_an_odd_instance_that_is_looked_for_is_no_silence(provider, httpserver, samples):
    odd = samples.raw_instance(name="drill-d1", datastore={"type": "X"})
    serve(httpserver, samples.instances_path, Listing("instances", [odd]))

    with pytest.raises(AnswerUnreadable):
        provider.list_instances(name="drill-d1")


def test_tags_that_the_list_lacks_are_read_for_one_instance(provider, httpserver, samples):
    raw = samples.raw_instance()
    del raw["tags"]
    serve(httpserver, samples.instances_path, Listing("instances", [raw]))
    httpserver.expect_request(f"{samples.instances_path}/{samples.target}/tags").respond_with_json(
        {"tags": [{"key": "drill-id", "value": "d1", "tag_type": "user"}]}
    )

    assert provider.find_instance(samples.target).tags == {"drill-id": "d1"}


def test_the_server_filters_by_tags_where_it_can_and_the_client_checks(
    provider, httpserver, samples
):
    items = [
        samples.raw_instance(id="mine", tags=[{"key": "drill-id", "value": "d1"}]),
        samples.raw_instance(id="other", tags=[{"key": "drill-id", "value": "d2"}]),
    ]
    listing = serve(httpserver, samples.instances_path, Listing("instances", items))

    found = provider.list_instances(tags={"drill-id": "d1"})

    assert [one.id for one in found] == ["mine"]
    assert listing.queries[0]["tags"] == "drill-id=d1"


def test_a_cloud_without_the_filter_is_not_asked_for_it(make_provider, httpserver, samples):
    provider = make_provider(httpserver.url_for("").rstrip("/"), kind="otc")
    bare = samples.raw_instance(id="bare")
    del bare["tags"]
    items = [samples.raw_instance(id="other"), bare]
    listing = serve(httpserver, samples.instances_path, Listing("instances", items))
    httpserver.expect_request(f"{samples.instances_path}/bare/tags").respond_with_json(
        {"tags": [{"key": "drill-id", "value": "d1"}]}
    )

    found = provider.list_instances(tags={"drill-id": "d1"})

    assert [one.id for one in found] == ["bare"]
    assert "tags" not in listing.queries[0]


def test_a_name_is_matched_exactly(provider, httpserver, samples):
    items = [samples.raw_instance(name="drill-d1"), samples.raw_instance(id="o", name="drill-d10")]
    listing = serve(httpserver, samples.instances_path, Listing("instances", items))

    assert [one.name for one in provider.list_instances(name="drill-d1")] == ["drill-d1"]
    assert listing.queries[0]["name"] == "drill-d1"


def _raw_backup(number, **changes) -> Any:
    facts = {
        "id": f"b-{number}",
        "instance_id": "i-1",
        "name": "n",
        "type": "auto",
        "status": "COMPLETED",
        "begin_time": f"2026-01-{number:02}T00:00:00+0000",
        "end_time": f"2026-01-{number:02}T00:05:00+0000",
        "size": 1024,
    }
    return {**facts, **changes}


def test_backups_of_every_type_are_listed_oldest_first(provider, httpserver):
    items = [
        _raw_backup(3),
        _raw_backup(1, type="incremental"),
        _raw_backup(2, type="manual"),
        _raw_backup(4, instance_id="another"),
        _raw_backup(5, type="mystery"),
    ]
    serve(httpserver, f"/v3/{PROJECT}/backups", Listing("backups", items))

    backups = provider.list_backups("i-1")

    assert [one.id for one in backups] == ["b-1", "b-2", "b-3"]
    assert backups[0].kind is BackupKind.INCREMENTAL
    assert provider.odd_objects == 1


def test_a_flood_of_log_backups_is_left_out(provider, httpserver):
    full = {"auto": [_raw_backup(3)], "manual": [_raw_backup(2, type="manual")], "fragment": []}

    def handler(request) -> Any:
        items = full.get(request.args.get("backup_type", ""))
        if items is None:
            return Response(json.dumps({"backups": [_raw_backup(1)], "total_count": 50_000}))
        return Response(json.dumps({"backups": items, "total_count": len(items)}))

    serve(httpserver, f"/v3/{PROJECT}/backups", handler)

    assert [one.id for one in provider.list_backups("i-1")] == ["b-2", "b-3"]


def _window(starts_at, ends_at) -> Any:
    return {"start_time": to_milliseconds(starts_at), "end_time": to_milliseconds(ends_at)}


def test_windows_of_a_short_retention_are_asked_for_once(provider, httpserver, samples):
    now = samples.now
    path = f"{samples.instances_path}/i-1/restore-time"
    answer = [
        _window(now - timedelta(hours=2), now),
        _window(now - timedelta(hours=9), now - timedelta(hours=5)),
        _window(now - timedelta(hours=6), now - timedelta(hours=3)),
    ]
    httpserver.expect_request(path).respond_with_json({"restore_time": answer})

    windows = provider.list_windows("i-1", retention_days=7, now=now)

    assert windows == (
        Window(now - timedelta(hours=9), now - timedelta(hours=3)),
        Window(now - timedelta(hours=2), now),
    )
    assert len(httpserver.log) == 1


def test_windows_of_a_long_retention_are_asked_for_day_by_day_and_joined(
    provider, httpserver, samples
):
    now = samples.now
    days = []

    def handler(request) -> Any:
        day = request.args.get("date")
        if day is None:
            return Response('{"restore_time":[]}')
        days.append(day)
        midnight = now.replace(day=int(day[-2:]), hour=0, minute=0)
        last = midnight + timedelta(days=1) - timedelta(milliseconds=1)
        return Response(json.dumps({"restore_time": [_window(midnight, last)]}))

    serve(httpserver, f"{samples.instances_path}/i-1/restore-time", handler)

    windows = provider.list_windows("i-1", retention_days=10, now=now)

    assert sorted(days) == [f"2026-01-{day:02}" for day in range(6, 16)]
    assert len(windows) == 1
    assert windows[0].starts_at == now.replace(day=6, hour=0, minute=0)


def test_no_window_is_an_answer_too(provider, httpserver, samples):
    path = f"{samples.instances_path}/i-1/restore-time"
    httpserver.expect_request(path).respond_with_json({"restore_time": []})

    assert list(provider.list_windows("i-1", retention_days=1, now=samples.now)) == []


def test_windows_that_cannot_be_read_are_not_taken_for_none(provider, httpserver, samples):
    path = f"{samples.instances_path}/i-1/restore-time"
    httpserver.expect_request(path).respond_with_json({"restore_time": [{"start_time": "soon"}]})

    with pytest.raises(AnswerUnreadable):
        provider.list_windows("i-1", retention_days=1, now=samples.now)


def test_a_job_is_found(provider, httpserver):
    httpserver.expect_request(f"/v3/{PROJECT}/jobs", query_string="id=j-1").respond_with_json(
        {"job": {"id": "j-1", "status": "Failed", "fail_reason": "createVM\x1b failed."}}
    )

    job = provider.find_job("j-1")

    assert (job.status, job.fail_reason) == (JobStatus.FAILED, "createVM failed.")


def test_a_job_that_the_cloud_does_not_know_yet_is_unknown(provider, httpserver):
    httpserver.expect_request(f"/v3/{PROJECT}/jobs").respond_with_json(
        {"error_code": "DBS.200543", "error_msg": "no such job"}, status=400
    )

    assert provider.find_job("j-1").status is JobStatus.UNKNOWN


def test_another_fault_about_a_job_is_no_unknown_job(provider, httpserver):
    httpserver.expect_request(f"/v3/{PROJECT}/jobs").respond_with_json(
        {"error_code": "DBS.200002", "error_msg": "no such instance"}, status=404
    )

    with pytest.raises(NotFound):
        provider.find_job("j-1")


def test_tasks_of_one_instance_since_an_instant_are_listed(make_provider, rude_server, samples):
    asked = []
    tasks = [
        {"id": "j-1", "instance_id": "i-1", "status": "Running", "create_time": "1768465800000"},
        {"id": "j-2", "instance_id": "i-1", "status": "Running", "create_time": "1668465800000"},
        {"id": "j-3", "instance_id": "i-2", "status": "Running", "create_time": "1768465800000"},
    ]
    body = json.dumps({"tasks": tasks, "total_count": 3})

    def behave(connection, request) -> Any:
        asked.append(request.split(b" ")[1].decode())
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nDate: Thu, 15 Jan 2026 08:30:00 GMT\r\nConnection: close\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    provider = make_provider(rude_server(behave).url)

    jobs = provider.list_jobs_of("i-1", since=samples.now)

    assert [job.id for job in jobs] == ["j-1"]
    assert f"start_time={to_milliseconds(samples.now) - 1000}&" in asked[0]
    assert "limit=50" in asked[0]


def test_a_creation_tells_the_id_of_the_instance(provider, httpserver, samples):
    httpserver.expect_request(samples.instances_path, method="POST").respond_with_json(
        {"instance": {"id": "new-1", "status": "BUILD", "port": "5432"}, "job_id": "j-1"},
        status=202,
    )

    accepted = provider.create(samples.create(), password=samples.password)

    assert (accepted.instance_id, accepted.job_id) == ("new-1", "j-1")
    request, _ = httpserver.log[0]
    assert "X-Client-Token" not in request.headers
    assert json.loads(request.data)["tags"] == [{"key": "drill-id", "value": "d1"}]


def test_a_client_token_is_the_same_for_the_same_drill_where_the_cloud_honours_it(
    make_provider, httpserver, samples
):
    provider = make_provider(httpserver.url_for("").rstrip("/"), kind="huawei")
    httpserver.expect_request(samples.instances_path, method="POST").respond_with_json(
        {"instance": {"id": "new-1"}, "job_id": "j-1"}, status=202
    )
    mysql = samples.create(engine=Engine.MYSQL)

    for admitted in (mysql, mysql, samples.create(engine=Engine.MYSQL, drill_id="d2")):
        provider.create(admitted, password=samples.password)

    tokens = [request.headers["X-Client-Token"] for request, _ in httpserver.log]
    assert tokens[0] == tokens[1] != tokens[2]
    assert "x-client-token" in httpserver.log[0][0].headers["Authorization"]


def test_a_cloud_that_takes_no_tags_in_the_creation_gets_none(make_provider, httpserver, samples):
    provider = make_provider(httpserver.url_for("").rstrip("/"), kind="otc")
    httpserver.expect_request(samples.instances_path, method="POST").respond_with_json(
        {"instance": {"id": "new-1"}, "job_id": "j-1"}, status=202
    )
    tags = f"{samples.instances_path}/new-1/tags/action"
    httpserver.expect_request(tags, method="POST").respond_with_data("", status=200)

    provider.create(samples.create(), password=samples.password)
    provider.tag(samples.create(), "new-1")

    bodies = [json.loads(request.data) for request, _ in httpserver.log]
    assert "tags" not in bodies[0]
    assert bodies[1] == {"action": "create", "tags": [{"key": "drill-id", "value": "d1"}]}


@pytest.mark.parametrize(
    "answer",
    [{"instance": {"id": "new-1"}, "order_id": "CS1"}, {"job_id": "j-1"}, {"instance": {}}],
)
def test_a_creation_that_is_an_order_or_has_no_id_is_looked_after(
    provider, httpserver, samples, answer
):
    httpserver.expect_request(samples.instances_path).respond_with_json(answer, status=202)

    with pytest.raises(AnswerLost):
        provider.create(samples.create(), password=samples.password)


@pytest.mark.parametrize("body", ['{"job_id":"j-1"}', ""])
def test_a_deletion_is_taken_with_and_without_a_job(provider, httpserver, samples, body):
    path = f"{samples.instances_path}/{samples.target}"
    httpserver.expect_request(path, method="DELETE").respond_with_data(body, status=202)

    accepted = provider.delete(samples.deletion())

    assert accepted.job_id == ("j-1" if body else None)
    assert accepted.instance_id is None
    assert httpserver.log[0][0].data == b""


def test_restores_in_place_go_out_under_their_own_identity(make_provider, httpserver, samples):
    provider = make_provider(
        httpserver.url_for("").rstrip("/"),
        in_place_credentials={"kind": "keys", "access_key": "env:AK2", "secret_key": "env:SK2"},
    )
    job = {"job_id": "j-1"}
    httpserver.expect_request(samples.restore_path).respond_with_json(job, status=202)
    path = f"{samples.instances_path}/{samples.target}"
    httpserver.expect_request(path, method="DELETE").respond_with_json(job, status=202)

    provider.restore(samples.restore())
    provider.reset(samples.reset())
    provider.delete(samples.deletion())

    keys = [
        request.headers["Authorization"].split("Access=")[1].split(",")[0]
        for request, _ in httpserver.log
    ]
    assert keys == ["AKINPLACE000000TEST"] * 2 + ["AKEXAMPLE0000000TEST"]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "aws"},
        {"project_id": "a/b"},
        {"region": ""},
        {"ca_file": "/no/such/file.pem"},
        {"allow_loopback": False},
        {"endpoint": "https://evil.example.com"},
        {"iam_endpoint": "http://10.0.0.1"},
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(
    make_provider, httpserver, changes
):
    endpoint = {"endpoint": httpserver.url_for("").rstrip("/"), **changes}.pop("endpoint")
    rest = {name: value for name, value in changes.items() if name != "endpoint"}

    with pytest.raises((ConfigInvalid, ValueError)):
        make_provider(endpoint, **rest)

    assert httpserver.log == []


def test_the_recycle_bin_is_read_page_by_page_and_its_instants_are_utc(
    provider, httpserver, samples
):
    entries = [
        {
            "id": f"{number:032x}in03",
            "name": f"drill-{number}",
            "deleted_at": "2026-01-10T10:00:00+0800",
            "retained_until": "2026-01-17T10:00:00+0800",
            "volume_size": 40,
        }
        for number in range(51)
    ]
    path = f"/v3/{samples.project}/recycle-instances"
    for offset, page in (("0", entries[:50]), ("50", entries[50:])):
        httpserver.expect_request(
            path, query_string={"offset": offset, "limit": "50"}
        ).respond_with_json({"total_count": 51, "instances": page})

    found = provider.list_recycled()

    assert len(found) == 51
    assert found[0].kept_until == datetime(2026, 1, 17, 2, 0, tzinfo=UTC)
    assert found[0].volume_gb == 40
