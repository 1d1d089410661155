#!/usr/bin/env python3
"""Look-ups are answered between the rows of one large request, on the same loop."""

import json
import pathlib
import select
import socket
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import race  # noqa: E402
import web  # noqa: E402

PATH = "/api/v1/identifiers:batch?dry_run=true&results=none"
ROWS = 2000        # the most of an array: all of it is there before the first row is worked on
ROWS_OF_TURN = 48  # ONYM_HTTP_ROWS_TURN
TRIES = 10         # this process may be kept waiting, the node may not


class Batches(unittest.TestCase):
    def setUp(self):
        self.node = web.Web(workers=1)
        self.node.start()
        self.addCleanup(self.node._remove)
        self.addCleanup(self.node.stop)

    def answers_meanwhile(self, kind, body):
        """Answers to look-ups, one at a time, from when the request is sent to its answer."""
        request = race.request(f"{web.PREFIX}/nothing", 1)
        connection = self.node.https()
        self.addCleanup(connection.close)
        connection.request("GET", f"/api/v1/identifiers/{web.PREFIX}/nothing")
        connection.getresponse().read()  # tickets of TLS have come too
        with node.udp_socket(self.node.address, self.node.port, 20) as udp:
            udp.send(request)
            udp.recv(65536)
            connection.request("POST", PATH, body=body,
                               headers={"Content-Type": kind,
                                        "Authorization": web.basic(*web.ADMIN)})
            count = 0
            while not select.select([connection.sock], [], [], 0)[0]:
                udp.send(request)
                udp.recv(65536)
                count += 1
        end = json.loads(connection.getresponse().read())
        self.assertEqual((end["complete"], end["summary"]["created"]), (True, ROWS), end)
        return count

    def test_look_ups_are_answered_between_the_rows_of_a_request(self):
        items = [json.dumps({"handle": f"{web.PREFIX}/fair-{i}",
                             "values": [{"index": 1, "type": "URL", "data": "x" * 100}]})
                 for i in range(ROWS)]
        body = ("[" + ",".join(items) + "]").encode()
        wanted = ROWS // ROWS_OF_TURN // 4
        counts = []
        while max(counts, default=0) < wanted and len(counts) < TRIES:
            counts.append(self.answers_meanwhile("application/json", body))
        self.assertGreaterEqual(max(counts), wanted, counts)

    def test_all_rows_are_worked_on_when_nothing_more_comes(self):
        """More rows than a turn takes, all of them in one read, on the socket for this machine."""
        for rows in (ROWS_OF_TURN, ROWS_OF_TURN + 1, 10 * ROWS_OF_TURN):
            body = "".join(json.dumps({"handle": f"{web.PREFIX}/local-{i}", "values": [
                {"index": 1, "type": "URL", "data": "x"}]}) + "\n" for i in range(rows)).encode()
            with socket.socket(socket.AF_UNIX) as local, self.subTest(rows=rows):
                local.settimeout(20)
                local.connect(str(self.node.data / "control.sock"))
                local.sendall(f"POST {PATH} HTTP/1.1\r\nHost: local\r\nConnection: close\r\n"
                              "Content-Type: application/x-ndjson\r\n"
                              f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = b""
                while part := local.recv(65536):
                    answer += part
                self.assertIn(f'"created":{rows}'.encode(), answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
