#!/usr/bin/env python3
"""Who a client certificate stands for on the TLS listener of the Handle protocol: the handle its
subject names, when its key is an HS_PUBKEY of that handle; and nobody otherwise."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402
from handle_talk import PRIVATE, Secret, Talk, name, numbers, value, values  # noqa: E402

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
OWNER = Secret(USER, 301, b"s3cret-pass")


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="onym-certificates-")))
        cls.keys = {}
        for key in ("own", "other"):
            cls.keys[key] = cls.folder / f"{key}.key"
            secured.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-out", cls.keys[key])

    def setUp(self):
        admin = {"format": "admin", "value": {"handle": USER, "index": 300,
                                              "permissions": "111111111111"}}
        self.node = self.enterContext(secured.Secured(workers=2, records=[
            {"handle": USER, "values": [
                {"index": 100, "type": "HS_ADMIN", "data": admin},
                {"index": 300, "type": "HS_PUBKEY", "data": secured.openssl(
                    "pkey", "-in", self.keys["own"], "-pubout")},
                {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": "s3cret-pass"}]},
            {"handle": f"{PREFIX}/private", "values": [
                {"index": 2, "type": "COST", "permissions": "1100", "data": "42"},
                {"index": 100, "type": "HS_ADMIN", "data": admin}]}],
            settings=[f"auth.server_admins=300:{USER}"]))

    def connect(self, subject=f"/UID=300:{USER}", key="own"):
        certificate = self.folder / "shown.crt"
        secured.openssl("req", "-x509", "-new", "-key", self.keys[key], "-days", "30", "-subj",
                        subject.replace("0.NA/", "0.NA\\/"), "-out", certificate)
        sock = self.node.connect(self.node.client(certificate=(certificate, self.keys[key])))
        self.addCleanup(sock.close)
        return Talk(self.node, sock=sock)

    def test_its_holder_is_not_asked(self):
        for number, subject in enumerate((f"/UID=300:{USER}", f"/CN=300:{USER}", f"/CN={USER}",
                                          f"/O={USER}")):
            with self.subTest(subject):
                talk = self.connect(subject)
                part = f"{PREFIX}/part-{number}"
                made = talk.ask(100, values(part, value(1, "URL", "a")))
                self.assertEqual((made.code, made.opcode, made.session), (1, 100, 0))
                self.assertEqual(talk.ask(101, name(part)).code, 1)
                self.assertEqual(talk.ask(302, name("/")).code, 1)
                found = talk.ask(1, name(f"{PREFIX}/private") + numbers(2) + bytes(4),
                                 flags=PRIVATE)
                self.assertEqual(found.code, 1)
                self.assertIn(b"42", found.body)

    def ctl(self, *words, subject=f"/UID=300:{USER}", key="own", server="tls"):
        certificate, private = self.folder / "ctl.crt", self.keys[key]
        secured.openssl("req", "-x509", "-new", "-key", private, "-days", "30", "-subj",
                        subject.replace("0.NA/", "0.NA\\/"), "-out", certificate)
        private.chmod(0o600)
        done = secured.run(node.program("onymctl"), *words, "--cert", certificate, "--key", private,
                           "--ca", self.node.ca, "--server",
                           f"{server}://127.0.0.1:{self.node.tls_port}")
        return done.returncode, (done.stdout + done.stderr).decode()

    def test_onymctl_shows_one(self):
        part = f"{PREFIX}/shown"
        for words in (("id", "create", part, "--value", "1:URL=x"), ("id", "delete", part),
                      ("resolve", f"{PREFIX}/private", "--private"), ("id", "list", PREFIX)):
            with self.subTest(words):
                code, said = self.ctl(*words)
                self.assertEqual(code, 0, said)
        self.assertIn("42", self.ctl("resolve", f"{PREFIX}/private", "--private")[1])
        rows = self.folder / "rows.ndjson"
        rows.write_text("".join(json.dumps({"handle": f"{PREFIX}/row-{i}", "values": [
            {"index": 1, "type": "URL", "data": "x"}]}) + "\n" for i in range(40)))
        code, said = self.ctl("batch", "run", rows)
        self.assertEqual(code, 0, said)
        code, said = self.ctl("id", "create", part, "--value", "1:URL=x", key="other")
        self.assertEqual(code, 4, said)
        code, said = self.ctl("id", "create", part, "--value", "1:URL=x", "--as", f"300:{USER}")
        self.assertEqual(code, 2, said)
        self.assertIn("names who asks", said)

    def test_others_are_asked_as_ever(self):
        for what, talk in (("another key", self.connect(key="other")),
                           ("another index", self.connect(f"/UID=301:{USER}")),
                           ("nobody's name", self.connect("/CN=a machine")),
                           ("a handle that is not here", self.connect("/UID=300:0.NA/99.9")),
                           ("none", Talk(self.node, sock=self.node.connect()))):
            with self.subTest(what):
                for _ in range(2):
                    challenge = talk.ask(101, name(f"{PREFIX}/none"))
                    self.assertEqual(challenge.code, 402)
                done = talk.ask(200, OWNER.body(challenge, talk.sent), session=challenge.session)
                self.assertEqual(done.code, 100, "the challenge is answered as without certificate")

    def test_a_login_is_challenged_although_the_certificate_says_who(self):
        """A success at once is a failure to the clients that log in (H-18)."""
        talk = self.connect()
        self.assertEqual(talk.ask(101, name(f"{PREFIX}/none")).code, 100)
        asked = talk.ask(2001, name(USER) + struct.pack(">I", 301))
        self.assertEqual(asked.code, 402)
        done = talk.ask(200, OWNER.body(asked, talk.sent), session=asked.session)
        self.assertEqual((done.code, done.opcode), (1, 2001))
        self.assertEqual(talk.ask(302, name("/")).code, 400, "301 is no administrator of the server")

    def test_it_ends_with_the_key(self):
        talk, other = self.connect(), self.connect()
        self.assertEqual(talk.ask(101, name(f"{PREFIX}/none")).code, 100)
        self.assertEqual(other.ask(103, name(USER) + numbers(300)).code, 1)
        self.assertEqual(talk.ask(101, name(f"{PREFIX}/none")).code, 402)
        self.assertEqual(self.connect().ask(101, name(f"{PREFIX}/none")).code, 402)

    def test_it_is_counted_and_in_the_log(self):
        talk = self.connect()
        for _ in range(3):
            self.assertEqual(talk.ask(101, name(f"{PREFIX}/none")).code, 100)
        self.assertEqual(self.connect(key="other").ask(101, name(f"{PREFIX}/x")).code, 402)
        self.assertEqual(talk.ask(100, values(f"{PREFIX}/logged", value(1, "URL", "a"))).code, 1)
        self.node.stop()
        done = subprocess.run([node.program("onymctl"), "--json", "audit", "export", "--data",
                               self.node.data], capture_output=True, timeout=60, check=True)
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        logins = [e for e in entries if e.get("what") == "login"]
        self.assertEqual([(e["principal"], e["principal_index"], e["peer"]) for e in logins],
                         [(USER, 300, "127.0.0.1")])
        made = [e for e in entries if e.get("id") == f"{PREFIX}/logged"]
        self.assertEqual([(e["principal"], e["principal_index"]) for e in made], [(USER, 300)])


class Asked(unittest.TestCase):
    def test_a_second_login_on_a_connection_is_challenged_too(self):
        records = [{"handle": f"{PREFIX}/{who}", "values": [
            {"index": 1, "type": "HS_SECKEY", "permissions": "1100", "data": who}]}
            for who in ("first", "second")] + [{"handle": USER, "values": []}]
        with node.Node(records=records,
                       settings=[f"auth.server_admins=1:{PREFIX}/second"]) as it, Talk(it) as talk:
            for who, code in (("first", 400), ("second", 1)):
                user = Secret(f"{PREFIX}/{who}", 1, who.encode())
                asked = talk.ask(2001, name(user.user) + struct.pack(">I", 1))
                self.assertEqual(asked.code, 402, who)
                self.assertEqual(talk.ask(200, user.body(asked, talk.sent),
                                          session=asked.session).code, 1)
                self.assertEqual(talk.ask(302, name("/")).code, code)


if __name__ == "__main__":
    unittest.main()
