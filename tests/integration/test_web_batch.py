#!/usr/bin/env python3
"""Many changes in one request to a running node: every answer is held against the contract."""

import json
import pathlib
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import contract  # noqa: E402
import node  # noqa: E402
import web  # noqa: E402

PATH = "/api/v1/identifiers:batch"
ROWS = 5000
NDJSON = "application/x-ndjson"
JUDGE = contract.Judge()


def row(name, data="a", **more):
    return {"handle": f"{web.PREFIX}/{name}",
            "values": [{"index": 1, "type": "URL", "data": data, **more}]}


def rows(count, tag, data="a"):
    return [row(f"{tag}-{i:06d}", f"{data}-{i}") for i in range(count)]


def text(items):
    return "".join(i if isinstance(i, str) else json.dumps(i, ensure_ascii=False) + "\n"
                   for i in items).encode()


class WithNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2)
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)

    def hold(self, line):
        """A line of results against the contract."""
        content = JUDGE.operation("POST", PATH)["responses"]["200"]["content"]
        JUDGE.judge(line, content[NDJSON]["schema"], "line")
        return line

    def send(self, body, query="", login=web.ADMIN, kind=NDJSON, **more):
        reply = self.node.ask("POST", PATH + query, body, login=login,
                              headers={"Content-Type": kind, **more.pop("headers", {})}, **more)
        self.reason = reply.reason
        got = reply.headers.get_content_type()
        if got == NDJSON:
            lines = [self.hold(json.loads(line)) for line in reply.body.decode().splitlines()]
            return reply.status, lines[:-1], lines[-1]
        JUDGE.check("POST", PATH + query, reply)
        if reply.status in (200, 207):
            return reply.status, reply.json["results"], reply.json
        return reply.status, reply.json, None

    def expect(self, answer, **counts):
        """All of the request was looked at, with these ends and no others."""
        status, results, end = answer
        self.assertIn(status, (200, 207), results)
        summary = dict.fromkeys(("created", "replaced", "unchanged", "deleted", "failed"), 0)
        summary.update(counts)
        summary["rows"] = sum(counts.values())
        found = dict(end["summary"])
        found.pop("dry_run", None)
        self.assertEqual((found, end["complete"]), (summary, True), end)
        return results

    def get(self, name):
        return self.node.ask("GET", f"/api/v1/identifiers/{web.PREFIX}/{name}")


class Stream(WithNode):
    def test_the_same_rows_twice(self):
        body = text(rows(ROWS, "twice"))
        self.assertEqual(self.expect(self.send(body, "?mode=upsert"), created=ROWS), [])
        self.assertEqual(self.expect(self.send(body, "?mode=upsert"), unchanged=ROWS), [])
        results = self.expect(self.send(body, "?mode=create&results=all"), unchanged=ROWS)
        self.assertEqual(sorted(r["row"] for r in results), list(range(1, ROWS + 1)))
        self.assertEqual({r["rev"] for r in results}, {1})
        for i in (0, 1, ROWS - 1):
            record = self.get(f"twice-{i:06d}").json
            self.assertEqual((record["values"][0]["data"]["value"], record["revision"]),
                             (f"a-{i}", 1))

    def test_modes(self):
        some = text(rows(3, "modes"))
        other = text(rows(3, "modes", "b"))
        self.expect(self.send(some, "?mode=replace"), failed=3)
        self.expect(self.send(some), created=3)
        failed = self.expect(self.send(other), failed=3)
        self.assertEqual({f["name"] for f in failed} & {"EXISTS", "NO_PERMISSION"},
                         {f["name"] for f in failed})
        self.expect(self.send(some, "?mode=replace"), unchanged=3)
        admin = [dict(r, values=[web.admin_value(), *r["values"]]) for r in rows(3, "owned")]
        self.expect(self.send(text(admin)), created=3)
        for r in admin:
            r["values"][1]["data"] = "new"
        failed = self.expect(self.send(text(admin)), failed=3)
        self.assertEqual([f["name"] for f in failed], ["EXISTS"] * 3)
        replaced = self.expect(self.send(text(admin), "?mode=replace&results=all"), replaced=3)
        self.assertEqual([r["rev"] for r in replaced], [2] * 3)
        self.expect(self.send(text(admin), "?mode=upsert"), unchanged=3)
        names = text({"handle": r["handle"]} for r in admin)
        deleted = self.expect(self.send(names, "?mode=delete&results=all"), deleted=3)
        self.assertNotIn("rev", deleted[0])
        failed = self.expect(self.send(names, "?mode=delete"), failed=3)
        self.assertEqual(failed[0]["name"], "NOT_FOUND")

    def test_rows_of_one_identifier_keep_their_order(self):
        owned = [dict(row("order"), values=[web.admin_value(), {
            "index": 1, "type": "N", "data": str(i)}]) for i in range(200)]
        self.expect(self.send(text(owned), "?mode=upsert"), created=1, replaced=199)
        record = self.get("order").json
        self.assertEqual((record["values"][1]["data"]["value"], record["revision"]), ("199", 200))

    def test_bad_rows_beside_good_ones(self):
        mixed = [row("good-1"), "nonsense\n", "\n", row("good-2"), {"handle": f"{web.PREFIX}/x"},
                 {"values": []}, row("bad", index=0), dict(row("elsewhere"), handle="99.1/x"),
                 '{"handle":"a/b","message":' + "[" * 10000 + "]" * 10000 + "}\n",
                 f'{{"handle":"{web.PREFIX}/twice","handle":"a/b","values":[]}}\n', row("good-3")]
        body = text(mixed) + b'{"handle":"88.300.15907/\xff\xfe","values":[]}\n'
        failed = self.expect(self.send(body), created=3, failed=8)
        by_row = {f["row"]: f for f in failed}
        self.assertEqual(sorted(by_row), [2, 5, 6, 7, 8, 9, 10, 12])
        self.assertEqual((by_row[7]["code"], by_row[7]["field"], by_row[7]["id"]),
                         (202, "values", f"{web.PREFIX}/bad"))
        self.assertEqual(by_row[8]["name"], "NOT_RESPONSIBLE")
        self.assertEqual(by_row[6]["field"], "handle")
        self.assertEqual(by_row[10]["field"], "handle")
        self.assertIn("at byte", by_row[2]["detail"])
        for i in (1, 2, 3):
            self.assertEqual(self.get(f"good-{i}").status, 200)

    def test_a_failure_may_stop_the_rest(self):
        body = text([*rows(10, "stop"), "x\n", *rows(20000, "stopped")])
        status, results, end = self.send(body, "?on_error=stop")
        self.assertEqual((status, end["stopped_at"], end["complete"]), (200, 11, True))
        self.assertEqual([r["row"] for r in results], [11])
        self.assertEqual(self.get("stop-000009").status, 200)
        self.assertEqual(self.get("stopped-019999").status, 404)
        self.assertLess(end["summary"]["rows"], 20000)

    def test_a_dry_run_changes_nothing(self):
        self.expect(self.send(text(rows(2, "dry"))), created=2)
        results = self.expect(self.send(text(rows(4, "dry")), "?dry_run=true&results=all"),
                              created=2, unchanged=2)
        self.assertEqual([r["status"] for r in results], ["unchanged"] * 2 + ["created"] * 2)
        self.assertEqual(self.get("dry-000003").status, 404)
        failed = self.expect(self.send(text(rows(2, "dry", "b")), "?dry_run"), failed=2)
        self.assertEqual(failed[0]["code"], 400)  # as it would be

    def test_results_as_asked(self):
        body = text([*rows(2, "some"), "x\n"])
        self.assertEqual(len(self.send(body, "?results=all")[1]), 3)
        self.assertEqual(len(self.send(body, "?results=failed")[1]), 1)
        self.assertEqual(len(self.send(body, "?results=none")[1]), 0)

    def test_requests_on_one_connection(self):
        with self.node.raw() as sock:
            head = (f"POST {PATH}?results=none HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
                    f"Authorization: {web.basic(*web.ADMIN)}\r\n").encode()
            body = text(rows(300, "pipe"))
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 777]), body[i:i + 777])
                              for i in range(0, len(body), 777))
            sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n" +
                         head + b"Content-Length: %d\r\n\r\n" % len(body) + body +
                         b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK\r\n"), 3)
        self.assertIn(b'"created":300', answer)
        self.assertIn(b'"unchanged":300', answer)

    def test_a_client_that_waits_to_be_asked_on(self):
        with self.node.raw() as sock:
            body = text(rows(3, "continue"))
            head = (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
                    f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n")
            sock.sendall((head + "\r\n").encode())
            self.assertEqual(sock.recv(12), b"HTTP/1.1 401")  # and the body never needs to come
        with self.node.raw() as sock:
            sock.sendall(f"{head}Authorization: {web.basic(*web.ADMIN)}\r\n\r\n".encode())
            self.assertEqual(sock.recv(25), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            self.assertIn(b"200 OK", sock.recv(65536))


class Array(WithNode):
    def send(self, body, query="", **more):
        return super().send(body, query, kind="application/json", **more)

    def test_all_good_or_not(self):
        some = rows(2000, "array")
        answer = self.send(json.dumps(some), "?results=all")
        self.assertEqual(answer[0], 200)
        self.assertEqual(len(self.expect(answer, created=2000)), 2000)
        answer = self.send(json.dumps([*some[:2], {"handle": "x"}, 7]))
        self.assertEqual((answer[0], self.reason), (207, "Multi-Status"))
        failed = self.expect(answer, unchanged=2, failed=2)
        self.assertEqual(sorted(f["row"] for f in failed), [3, 4])
        self.assertEqual(self.send("[]")[0], 200)

    def test_arrays_beside_each_other(self):
        """Together they are more than one address may have under way, so that some wait."""
        answers = {}

        def one(tag):
            body = json.dumps(rows(2000, tag))
            answers[tag] = self.node.ask("POST", PATH, body, login=web.ADMIN,
                                         headers={"Content-Type": "application/json"})

        threads = [threading.Thread(target=one, args=(f"beside{i}",)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ends = [(a.status, a.json["summary"]["created"]) for a in answers.values()]
        self.assertEqual(ends, [(200, 2000)] * 6)

    def test_a_broken_array_stores_nothing(self):
        for body in (json.dumps(rows(2, "broken"))[:-1], json.dumps(rows(2, "broken")) + "x", "{}",
                     "", json.dumps(rows(2001, "broken"))):
            status, problem, _ = self.send(body)
            self.assertEqual((status, problem["code"]), (400, 4), problem)
            self.assertIn("position", problem)
        self.assertEqual(self.get("broken-000000").status, 404)

    def test_stopping(self):
        answer = self.send(json.dumps([row("first"), 7, *rows(1990, "behind")]), "?on_error=stop")
        self.assertEqual((answer[0], answer[2]["stopped_at"], answer[2]["complete"]),
                         (207, 2, True))
        self.assertEqual(self.get("behind-001989").status, 404)


class Refused(WithNode):
    def test_requests_that_are_none(self):
        body = text(rows(1, "refused"))
        for query, login, more, status in (
                ("", None, {}, 401), ("", (web.ADMIN[0], "wrong"), {}, 401),
                ("", web.ADMIN, {"kind": "text/plain"}, 415),
                ("?mode=replaces", web.ADMIN, {}, 400), ("?on_error=x", web.ADMIN, {}, 400),
                ("?results=some", web.ADMIN, {}, 400), ("?dry_run=maybe", web.ADMIN, {}, 400),
                ("?dry-run=true", web.ADMIN, {}, 400), ("?on_eror=stop", web.ADMIN, {}, 400),
                ("?mode=create&mode=delete", web.ADMIN, {}, 400), ("?=", web.ADMIN, {}, 400),
                ("", web.ADMIN, {"headers": {"Idempotency-Key": "k"}}, 400)):
            with self.subTest(query=query, more=more):
                got, problem, _ = self.send(body, query, login=login, **more)
                self.assertEqual(got, status, problem)
        self.assertEqual(self.send(body, tls=False)[0], 403)
        problem = self.send(body, "?dryrun=true")[1]  # what is misspelt would be carried out
        self.assertEqual((problem["name"], problem["field"]), ("MALFORMED", "dryrun"))
        self.assertEqual(self.send(body, "?&pretty&dry_run=true")[0], 200)
        self.assertEqual(self.send(b" " * ((8 << 20) + 1), kind="application/json")[0], 413)
        seen = {status for name, status in JUDGE.seen if name == "batchIdentifiers"}
        self.assertLessEqual({"400", "401", "403", "413", "415"}, seen)
        with self.node.raw() as sock:
            sock.sendall(f"POST {PATH} HTTP/1.0\r\nContent-Type: {NDJSON}\r\nContent-Length: 1\r\n"
                         f"Authorization: {web.basic(*web.ADMIN)}\r\n\r\nx".encode())
            self.assertIn(b" 505 ", sock.recv(65536))
        self.assertEqual(self.get("refused-000000").status, 404)

    def test_a_caller_without_rights(self):
        other = {"handle": f"{web.PREFIX}/other", "values": [web.secret_value(300, "other-pass")]}
        self.expect(self.send(text([other])), created=1)
        failed = self.expect(self.send(text(rows(2, "norights")),
                                       login=(f"300:{web.PREFIX}/other", "other-pass")), failed=2)
        self.assertEqual([f["name"] for f in failed], ["NO_PERMISSION"] * 2)

    def test_a_body_that_breaks_its_framing(self):
        with self.node.raw() as sock:
            good = text(rows(2, "framing"))
            sock.sendall(f"POST {PATH}?results=all HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
                         f"Authorization: {web.basic(*web.ADMIN)}\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n".encode() +
                         b"%x\r\n%s\r\nzz\r\n" % (len(good), good))
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        self.assertEqual(answer.count(b'"status":"created"'), 2)
        self.assertIn(b'"name":"MALFORMED"', answer)
        self.assertIn(b'"complete":false}', answer)


class Socket:
    """A request piece by piece."""

    @staticmethod
    def open(it, query=""):
        sock = it.raw(timeout=30)
        sock.sendall(f"POST {PATH}{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
                     f"Authorization: {web.basic(*web.ADMIN)}\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n".encode())
        return sock

    @staticmethod
    def put(sock, data):
        sock.sendall(Socket.chunk(data))

    @staticmethod
    def chunk(data):
        return b"%x\r\n%s\r\n" % (len(data), data)

    def stored(self, it, name):
        return it.ask("GET", f"/api/v1/identifiers/{web.PREFIX}/{name}").status == 200

    def wait_stored(self, it, name):
        until = time.monotonic() + 10
        while not self.stored(it, name):
            self.assertLess(time.monotonic(), until, name)
            time.sleep(0.02)


class Talking(Socket, WithNode):
    """Clients that take their time, go away or do not read."""

    def start(self):
        return self.node

    def test_half_a_row_is_no_row(self):
        it = self.start()
        sock = self.open(it)
        body = text([row("whole"), row("half")])
        self.put(sock, body[:-20])
        self.wait_stored(it, "whole")
        sock.close()
        time.sleep(0.2)
        self.assertFalse(self.stored(it, "half"))
        sock = self.open(it)  # and the row's end is not taken for another's
        self.put(sock, body[-20:])
        sock.close()
        self.assertEqual(it.ask("GET", "/api/v1/status").status, 200)

    def test_rows_are_reported_while_the_request_goes_on(self):
        it = self.start()
        with self.open(it, "?results=all") as sock:
            answer = b""
            for i in range(3):
                self.put(sock, text([row(f"talk-{i}")]))
                while f"talk-{i}".encode() not in answer:
                    piece = sock.recv(65536)
                    self.assertTrue(piece, answer)
                    answer += piece
            sock.sendall(b"0\r\n\r\n")
            while b'"complete":true' not in answer:
                answer += sock.recv(65536)

    def test_a_client_that_never_reads_is_not_read_either(self):
        it = self.start()
        before = it.rss_bytes()
        sock = self.open(it, "?results=all")
        sock.settimeout(1)
        body = text(rows(2000, "deaf", "x" * 20))
        with self.assertRaises(TimeoutError):
            for _ in range(400):
                self.put(sock, body)
        self.assertLess(it.rss_bytes() - before, (600 if node.is_sanitized() else 100) << 20)
        self.assertEqual(it.ask("GET", "/api/v1/status").status, 200)
        sock.close()

    def test_a_slow_reader_gets_every_line(self):
        it = self.start()
        with self.open(it, "?results=all") as sock:
            count = 20000
            body = text(rows(count, "slow"))
            chunks = [self.chunk(body[i:i + 50000]) for i in range(0, len(body), 50000)]
            answer = b""
            for piece in web.converse(sock, [*chunks, b"0\r\n\r\n"], size=4096, deaf_s=0.5):
                answer += piece
                if b'"complete":' in answer[-200:]:
                    break
        self.assertEqual(answer.count(b'"status":"created"'), count)

    def test_many_at_once_share_the_writer(self):
        it = self.start()
        ends = []

        def one(tag):
            reply = it.ask("POST", PATH, text(rows(3000, tag)), login=web.ADMIN,
                           headers={"Content-Type": NDJSON})
            ends.append(json.loads(reply.body.splitlines()[-1]))

        threads = [threading.Thread(target=one, args=(f"many-{i}",)) for i in range(6)]
        for thread in threads:
            thread.start()
        single = [it.ask("PUT", f"/api/v1/identifiers/{web.PREFIX}/single-{i}",
                         {"values": row("x")["values"]}, login=web.ADMIN).status
                  for i in range(5)]
        for thread in threads:
            thread.join()
        self.assertEqual([e["summary"]["created"] for e in ends], [3000] * 6)
        self.assertEqual(single, [201] * 5)  # the batches leave room for others


class Ends(Socket, unittest.TestCase):
    def start(self):
        it = web.Web(workers=2)
        it.start()
        self.addCleanup(it._remove)
        self.addCleanup(it.stop)
        return it

    def read(self, sock, chunks, and_then, rows_told=1000):
        """All that comes; and_then is called when so many rows are told."""
        answer = b""
        called = False
        for piece in web.converse(sock, chunks):
            answer += piece
            if not called and answer.count(b'"status":"created"') >= rows_told:
                called = True
                and_then()
        return answer

    def test_a_node_that_stops(self):
        it = self.start()
        sock = self.open(it, "?results=all")
        stopper = threading.Thread(target=it.stop)

        def chunks():  # whoever writes to a connection that was closed may not get its last bytes
            for i in range(2000):
                if stopper.ident is not None:
                    return
                yield self.chunk(text(rows(500, f"stopping-{i}")))

        answer = self.read(sock, chunks(), stopper.start)
        sock.close()
        stopper.join()
        self.assertIn(b'"complete":false}', answer)
        self.assertNotIn(b'"complete":true', answer)
        told = [line for line in answer.split(b"\n") if b'"status":"created"' in line]
        self.assertTrue(told)
        it.start()
        for line in (told[0], told[len(told) // 2], told[-1]):
            name = json.loads(line[line.index(b"{"):])["id"]
            self.assertTrue(self.stored(it, name.split("/")[1]), name)

    def test_a_node_that_stops_under_a_client_that_goes_on_sending(self):
        it = self.start()
        sock = self.open(it, "?results=all")
        took = []

        def stop():
            began = time.monotonic()
            it.stop()
            took.append(time.monotonic() - began)

        stopper = threading.Thread(target=stop)
        answer = self.read(sock, (self.chunk(text(rows(500, f"deaf-{i}"))) for i in range(20000)),
                           stopper.start)
        stopper.join()
        sock.close()
        self.assertIn(b'"complete":false}', answer)  # the reset behind it destroys nothing
        self.assertLess(took[0], 4)  # less than a stop that is forced

    def test_a_node_that_dies_and_the_rows_again(self):
        it = self.start()
        count = 12000
        body = text(rows(count, "killed"))
        sock = self.open(it, "?results=all")
        answer = self.read(sock, (self.chunk(body[i:i + 20000])
                                  for i in range(0, len(body), 20000)), it.kill)
        sock.close()
        told = answer.count(b'"status":"created"')
        it.start()
        reply = it.ask("POST", PATH, body, login=web.ADMIN, headers={"Content-Type": NDJSON})
        end = json.loads(reply.body.splitlines()[-1])
        self.assertGreaterEqual(told, 1000)
        self.assertTrue(end["complete"])
        self.assertEqual(end["summary"]["failed"], 0)
        self.assertEqual(end["summary"]["created"] + end["summary"]["unchanged"], count)
        self.assertGreaterEqual(end["summary"]["unchanged"], told)
        last = json.loads(it.ask("POST", PATH + "?results=all", body, login=web.ADMIN,
                                 headers={"Content-Type": NDJSON}).body.splitlines()[0])
        self.assertEqual((last["status"], last["rev"]), ("unchanged", 1))  # once, each


if __name__ == "__main__":
    unittest.main()
