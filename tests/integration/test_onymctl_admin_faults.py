"""onymctl tells failed from unknown against servers that misbehave: played here by hand, from
proto/handle.md alone, so that a mistake of our codec does not cancel itself out."""

import hashlib
import json
import pathlib
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402
from admin_keys import WithKeys, run  # noqa: E402

CHALLENGE_ID = 77
FLAG_RD = 0x00800000
FLAG_CN = 0x04000000


def text(data):
    return struct.pack(">I", len(data)) + data


class Asked:
    """A request as it came."""

    def __init__(self, raw):
        self.session, self.id = struct.unpack(">II", raw[4:12])
        self.opcode, _, self.flags = struct.unpack(">III", raw[20:32])
        (length,) = struct.unpack(">I", raw[40:44])
        self.covered = raw[20:44 + length]


class Responder:
    """Hands each message to play(asked, conversation) and sends what it returns: bytes, or None to
    close the connection. conversation lists everything asked before, first to last."""

    def __init__(self, play):
        self.play = play
        self.asked = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", node.free_port()))
        self.name = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with sock:
                sock.settimeout(10)
                self.talk(sock)

    def talk(self, sock):
        while True:
            try:
                asked = Asked(node.read_message(sock))
            except OSError:
                return
            before = list(self.asked)
            self.asked.append(asked)
            answer = self.play(asked, before)
            if answer is None:
                return
            close = isinstance(answer, tuple)
            sock.sendall(answer[0] if close else answer)
            if close:
                return


def reply(asked, code, body=b"", *, about=None, session=0, flags=0, opcode=None, expires=43200):
    about = about or asked
    body = b"\3" + hashlib.sha256(about.covered).digest() + body
    message = struct.pack(">IIIHBBII", about.opcode if opcode is None else opcode, code,
                          FLAG_RD | flags, 1, 0, 0, int(time.time()) + expires,
                          len(body)) + body + bytes(4)
    return bytes([2, 11, 2, 11]) + struct.pack(">IIII", session, asked.id, 0,
                                               len(message)) + message


def challenge(asked, **more):
    return reply(asked, 402, text(b"n" * 16), session=CHALLENGE_ID, **more)


class Misbehaving(WithKeys):
    def ask(self, play, *words, timeout=1, who=None):
        with Responder(play) as server:
            got = run("-s", server.name, "--timeout", timeout, *words,
                      *(self.by_secret if who is None else who))
        self.server = server
        return got

    def check(self, got, code, part, opcodes, connections=1):
        self.assertEqual(got.returncode, code, got)
        self.assertIn(part, got.stderr)
        self.assertEqual([asked.opcode for asked in self.server.asked], opcodes)
        self.assertEqual(self.server.connections, connections)

    def test_a_change_without_an_answer_is_unknown_and_not_repeated(self):
        for words, opcode, step in ((("id", "create", "a/b"), 100, "resolve +tcp a/b"),
                                    (("id", "delete", "a/b"), 101, "resolve +tcp a/b"),
                                    (("id", "create", "a/", "--mint"), 100, "id list"),
                                    (("prefix", "home", "88.7"), 300, "prefix list")):
            # closed, silent, at the request and at the answer
            for at in (0, 1):
                for how in (None, b""):
                    got = self.ask(lambda asked, before: how if len(before) == at
                                   else challenge(asked), *words)
                    self.check(got, 7, "outcome unknown", [opcode, 200][:at + 1])
                    self.assertIn(step, got.stderr)

    def test_unknown_says_so_in_json(self):
        got = self.ask(lambda asked, before: None, "--json", "id", "delete", "a/b")
        said = json.loads(got.stdout)
        self.assertEqual((said["outcome"], said["responseCode"], said["status"]),
                         ("unknown", None, "UNCERTAIN"))
        self.assertEqual((got.returncode, got.stderr), (7, ""))

    def test_a_server_that_closes_after_its_challenge_gets_the_answer_on_a_new_connection(self):
        def play(asked, before):
            if not before:
                return (challenge(asked),)
            return (reply(asked, 1, about=before[0]),)

        got = self.ask(play, "id", "delete", "a/b")
        self.check(got, 0, "", [101, 200], connections=2)
        self.assertEqual(self.server.asked[1].session, CHALLENGE_ID)

    def test_a_challenge_about_something_else_is_not_answered(self):
        def play(asked, before):
            asked.covered += b"x"
            return challenge(asked)

        got = self.ask(play, "id", "delete", "a/b")
        self.check(got, 5, "about another request", [101])

    def test_an_expired_challenge_points_at_the_clocks(self):
        got = self.ask(lambda asked, before: challenge(asked, expires=-60), "id", "delete", "a/b")
        self.check(got, 5, "compare the clocks", [101])

    def test_refusals_after_the_proof(self):
        for code, exit_code in ((400, 4), (403, 4), (405, 4), (500, 4), (101, 1), (2, 5), (3, 5)):
            got = self.ask(lambda asked, before: challenge(asked) if not before
                           else reply(asked, code, text(b"words"), about=before[0]),
                           "id", "create", "a/b")
            self.check(got, exit_code, f"({code})", [100, 200])
            self.assertIn("server says: words", got.stderr)

    def test_a_success_that_proves_nothing_is_unknown(self):
        def play(asked, before):
            if not before:
                return challenge(asked)
            before[0].covered += b"x"
            return reply(asked, 1, about=before[0])

        got = self.ask(play, "id", "create", "a/b")
        self.check(got, 7, "does not prove", [100, 200])

    def test_a_list_that_breaks_off_is_not_complete(self):
        part = struct.pack(">I", 2) + text(b"a/1") + text("a/\x1b[31m".encode())

        def play(asked, before):
            if not before:
                return challenge(asked)
            return (reply(asked, 1, part, about=before[0], flags=FLAG_CN),)

        got = self.ask(play, "id", "list", "a")
        self.check(got, 3, "not complete: 2 names", [105, 200])
        self.assertEqual(got.stdout, "a/1\na/\\x1b[31m\n")
        got = self.ask(play, "--json", "id", "list", "a")
        said = json.loads(got.stdout)
        self.assertEqual((said["handles"], said["outcome"], said["status"]),
                         (["a/1", "a/\x1b[31m"], "unknown", "UNREACHABLE"))
        self.assertEqual(got.returncode, 3)

    def test_secrets_stay_at_home(self):
        sent = []

        def play(asked, before):
            sent.append(asked.covered)
            return challenge(asked) if not before else reply(asked, 1, about=before[0])

        got = self.ask(play, "id", "delete", "a/b")
        secret = (self.folder / "secret").read_bytes().strip()
        self.assertEqual(got.returncode, 0)
        self.assertEqual(len(sent), 2)
        self.assertNotIn(secret, b"".join(sent))
        self.assertNotIn(secret.decode(), got.stdout + got.stderr)


if __name__ == "__main__":
    unittest.main()
