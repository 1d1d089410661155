#!/usr/bin/env python3
"""onymctl init, tls status and tls trust, and what the daemon makes of their files."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402


class Commands(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="onym-init-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def onymctl(self, *words, **more):
        done = secured.run(node.program("onymctl"), *words, **{"stdin": subprocess.DEVNULL, **more})
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def init(self, *words, **more):
        return self.onymctl("init", "--dir", self.dir / "n", *words, **more)

    def certificate_text(self):
        return secured.openssl("x509", "-in", self.dir / "n/tls/server.crt", "-noout", "-text")

    def contents(self):
        return {path: path.read_bytes() for path in (self.dir / "n").rglob("*") if path.is_file()}

    def test_init_makes_a_node_that_starts_and_a_second_run_changes_nothing(self):
        status, text, _ = self.init("--name", "shiyan-1", "--host", "192.0.2.7", "--host",
                                    "id.example.cn", "--days", "90")
        self.assertEqual(status, 0)
        made = self.contents()
        self.assertEqual(sorted(path.name for path in made),
                         ["ca.crt", "ca.key", "onymd.yaml", "server.crt", "server.key"])
        for path in made:
            self.assertEqual(path.stat().st_mode & 0o7777, 0o600, path)
        config = self.dir / "n" / "onymd.yaml"
        self.assertEqual(self.onymctl("conf", "check", config)[0], 0)
        shown = json.loads(self.onymctl("-c", config, "conf", "show", "--json")[1])
        self.assertEqual(shown["node"]["id"], "shiyan-1")
        for path in (shown["storage"]["dir"], shown["tls"]["key_file"]):
            self.assertTrue(os.path.isabs(path))
        secured.openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname",
                "id.example.cn", "-CAfile", self.dir / "n/tls/ca.crt",
                self.dir / "n/tls/server.crt")
        status, text, _ = self.init("--name", "shiyan-1", "--host", "192.0.2.7")
        self.assertEqual(status, 0)
        self.assertIn("Nothing was changed", text)
        self.assertEqual(self.contents(), made)

    def test_init_says_what_the_kept_certificate_lacks_and_renews_it(self):
        self.assertEqual(self.init()[0], 0)
        made = self.contents()
        status, text, error = self.init("--host", "new.example.cn", "--json")
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(text)["uncovered"], "new.example.cn")
        self.assertIn("--renew", error)
        self.assertEqual(self.contents(), made)
        status, text, _ = self.init("--host", "new.example.cn", "--renew", "--json")
        self.assertEqual(status, 0)
        states = {row["role"]: row["state"] for row in json.loads(text)["files"]}
        self.assertEqual(states, {"authority": "kept", "authority's key": "kept",
                                  "certificate": "renewed", "key": "renewed",
                                  "configuration": "kept"})
        self.assertIn("DNS:new.example.cn",
                      self.certificate_text())

    def test_init_never_joins_what_does_not_belong_together(self):
        self.assertEqual(self.init()[0], 0)
        tls = self.dir / "n" / "tls"
        (tls / "ca.key").unlink()  # kept elsewhere, which is fine until something is to be signed
        self.assertEqual(self.init()[0], 0)
        (tls / "server.key").unlink()
        made = self.contents()
        status, _, error = self.init()
        self.assertEqual(status, 6)
        self.assertIn("server.key", error)
        self.assertIn("server.crt", error)
        self.assertEqual(self.contents(), made)
        status, _, error = self.init("--renew")
        self.assertEqual(status, 6)
        self.assertIn("ca.key", error)

    def test_init_without_the_key_of_the_authority_asks_for_it_back(self):
        """Moving the authority away, too, would leave all clients with one that is worth nothing."""
        self.assertEqual(self.init()[0], 0)
        key = self.dir / "n" / "tls" / "ca.key"
        kept = key.rename(self.dir / "ca.key")
        made = self.contents()
        status, text, _ = self.init()
        self.assertEqual(status, 0)
        self.assertIn("ca.key is kept elsewhere; only --renew needs it", text)
        status, _, error = self.init("--host", "new.example.cn")
        self.assertEqual(status, 1)
        self.assertIn("ca.key", error)
        status, _, error = self.init("--host", "new.example.cn", "--renew")
        self.assertEqual(status, 6)
        self.assertIn("bring it back from where it is kept", error)
        self.assertIn("no client trusts", error)
        self.assertEqual(self.contents(), made)
        kept.rename(key)
        self.assertEqual(self.init("--host", "new.example.cn", "--renew")[0], 0)

    def test_init_leaves_a_configuration_alone_and_says_what_to_add(self):
        (self.dir / "n").mkdir()
        (self.dir / "n" / "onymd.yaml").write_text("node: {id: old}\n")
        status, text, _ = self.init()
        self.assertEqual(status, 0)
        self.assertIn("certificate_file: ", text)
        self.assertEqual((self.dir / "n" / "onymd.yaml").read_text(), "node: {id: old}\n")

    def test_init_takes_answers_from_a_file(self):
        answers = self.dir / "answers"
        answers.write_text("# for node 2\nname = file-name\n\nhost = a.example.cn\n"
                           "host=192.0.2.9\ndays = 10\n")
        self.assertEqual(self.init("--answers", answers, "--name", "option-name")[0], 0)
        text = self.certificate_text()
        self.assertIn("CN = option-name", text)
        self.assertIn("DNS:a.example.cn, IP Address:192.0.2.9", text)
        for bad, where in (("nonsense\n", ":1: expected name = value"),
                           ("name = a\nhots = b\n", ':2: "hots" is no answer'),
                           ("host = a_b\n", ":1: host:"), ("days = 0\n", ":1: days:"),
                           ("name = " + "n" * 1100 + "\n", ":1: longer than")):
            answers.write_text(bad)
            status, _, error = self.onymctl("init", "--dir", self.dir / "m", "--answers", answers)
            self.assertEqual(status, 2, bad)
            self.assertIn(where, error)
            self.assertFalse((self.dir / "m").exists())

    def test_init_refuses_bad_options(self):
        for words, part in ((["--days", "3651"], "1 to 3650"), (["--days", "0"], "1 to 3650"),
                            (["--name", "n" * 64], "1 to 63"), (["--name", ""], "1 to 63"),
                            (["--host", "a b"], "neither"), (["--nonsense"], "--nonsense"),
                            (["--dir", "d" * 513], "1 to 512 bytes"), (["extra"], "--dir"),
                            (["--answers", "/nothing"], "cannot be read")):
            status, _, error = self.onymctl("init", *words, cwd=self.dir)
            self.assertEqual(status, 2, words)
            self.assertIn(part, error)
        self.assertEqual(list(self.dir.iterdir()), [])
        hosts = [part for i in range(61) for part in ("--host", f"h{i}.cn")]
        self.assertEqual(self.init(*hosts)[0], 0)
        self.assertEqual(self.init(*hosts, "--host", "one.more")[0], 2)
        self.assertEqual(self.init("--days", "3650", "--name", "n" * 63, "--renew")[0], 0)

    def test_init_asks_on_a_terminal_alone(self):
        master, slave = os.openpty()
        try:
            process = subprocess.Popen(
                [str(node.program("onymctl")), "init", "--dir", str(self.dir / "n")], stdin=slave,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            os.write(master, b"bad name\nnode-7\nid.example.cn\nyes\n")
            text, error = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 0, error)
            self.assertIn(b"Name of the node [node-a]:", error)
            self.assertIn(b"letters, digits", error)
            self.assertIn(b"made", text)
            shown = self.certificate_text()
            self.assertIn("CN = node-7", shown)
            self.assertIn("id.example.cn", shown)
            process = subprocess.Popen(
                [str(node.program("onymctl")), "init", "--dir", str(self.dir / "m"), "--name", "a",
                 "--host", "b.cn"], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            os.write(master, b"no\n")
            self.assertIn(b"nothing was made", process.communicate(timeout=20)[1])
            self.assertEqual(process.returncode, 1)
            self.assertFalse((self.dir / "m").exists())
        finally:
            os.close(master)
            os.close(slave)

    def test_status_of_files(self):
        self.assertEqual(self.init("--host", "192.0.2.7", "--days", "60")[0], 0)
        config = self.dir / "n" / "onymd.yaml"
        status, text, _ = self.onymctl("-c", config, "tls", "status")
        self.assertEqual(status, 0)
        for part in ("CN=node-a", "IP:192.0.2.7", "EC prime256v1"):
            self.assertIn(part, text)
        self.assertRegex(text, "valid, (60|59) days left")  # a second may have passed
        shown = json.loads(self.onymctl("-c", config, "tls", "status", "--json")[1])
        wanted = secured.openssl("x509", "-in", self.dir / "n/tls/server.crt", "-noout",
                                 "-fingerprint", "-sha256").strip().split("=")[1].replace(":", "").lower()
        self.assertEqual(shown["sha256"], wanted)
        self.assertEqual(self.onymctl("-c", config, "tls", "status", "--soon", "59")[0], 0)
        status, text, _ = self.onymctl("-c", config, "tls", "status", "--soon", "60")
        self.assertEqual(status, 1)
        self.assertIn("soon", text)
        status, _, error = self.onymctl("tls", "status", cwd=self.dir)
        self.assertEqual(status, 1)
        self.assertIn("TLS is off", error)
        (self.dir / "n/tls/server.crt").write_text("x")
        self.assertEqual(self.onymctl("-c", config, "tls", "status")[0], 1)
        for words, part in ((["--soon", "3651"], "0 to 3650"), (["--ca", "x"], "--connect"),
                            (["--connect", "a:b"], "HOST"), (["--connect", "h:65536"], "HOST"),
                            (["--connect", "[::1"], "HOST"), (["extra"], "extra"),
                            (["--nonsense"], "--nonsense")):
            status, _, error = self.onymctl("tls", "status", *words)
            self.assertEqual(status, 2, words)
            self.assertIn(part, error)

    def test_status_of_a_listener(self):
        with secured.Secured(records=secured.RECORDS) as it:
            at = f"127.0.0.1:{it.tls_port}"
            status, text, _ = self.onymctl("tls", "status", "--connect", at, "--ca", it.ca)
            self.assertEqual(status, 0)
            self.assertIn("TLSv1.3 ", text)
            self.assertIn("verified     yes", text)
            other, _ = secured.self_signed(self.dir, "other")
            status, text, _ = self.onymctl("tls", "status", "--connect", at, "--ca", other,
                                           "--json")
            self.assertEqual(status, 1)
            self.assertIs(json.loads(text)["verified"], False)
            status, _, error = self.onymctl("tls", "status", "--connect", f"127.0.0.1:{it.port}")
            self.assertEqual(status, 5, error)
            it.stop()
            status, _, error = self.onymctl("tls", "status", "--connect", at)
            self.assertEqual(status, 3)
            self.assertIn("refused", error)

    def test_status_of_a_certificate_that_has_ended(self):
        _, key = secured.self_signed(self.dir, "old")
        ended = self.dir / "ended.crt"
        csr = self.dir / "old.csr"
        secured.openssl("req", "-new", "-key", key, "-subj", "/CN=old", "-out", csr)
        secured.openssl("x509", "-req", "-in", csr, "-key", key, "-days", "-1", "-out", ended)
        config = self.dir / "old.yaml"
        config.write_text(f"tls: {{certificate_file: {ended}, key_file: {key}}}\n")
        status, text, _ = self.onymctl("-c", config, "tls", "status")
        self.assertEqual(status, 1)
        self.assertIn("ended", text)
        it = secured.Secured(records=secured.RECORDS)
        try:
            it.settings[-2:] = [f"tls.certificate_file={ended}", f"tls.key_file={key}"]
            it.start()
            self.assertEqual(it.log().count('"event":"certificate_ended"'), 1)
            it.stop()
        finally:
            it.__exit__(RuntimeError, None, None)

    def test_the_lines_of_trust_work(self):
        with secured.Secured(records=secured.RECORDS) as it:
            config = self.dir / "c.yaml"
            config.write_text(f"listen: {{handle_tls: \"127.0.0.1:{it.tls_port}\"}}\n"
                              f"tls: {{certificate_file: {it.pki}/tls/server.crt, "
                              f"key_file: {it.pki}/tls/server.key}}\n")
            status, text, error = self.onymctl("-c", config, "tls", "trust")
            self.assertEqual(status, 0, error)
            line = next(row for row in text.splitlines() if "s_client" in row)
            done = subprocess.run(line, shell=True, capture_output=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"Verification: OK", done.stdout)
            self.assertIn("keytool -importcert", text)
            self.assertIn(f"curl --cacert {it.ca} https://127.0.0.1:8000/api/v1/status", text)
            self.assertEqual(json.loads(self.onymctl("-c", config, "tls", "trust", "--json")[1])
                             ["authority_file"], str(it.ca))
            self.assertEqual(self.onymctl("-c", config, "tls", "trust", "more")[0], 2)

if __name__ == "__main__":
    unittest.main()
