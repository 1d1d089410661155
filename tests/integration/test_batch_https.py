#!/usr/bin/env python3
"""onymctl batch over HTTPS: the same jobs as over the Handle protocol, faster, and with the same end
when the client, the node or the connection goes away in the middle."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402
import web  # noqa: E402

PREFIX, USER = web.PREFIX, web.USER
ROWS = 20000


class Batch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="onym-batch-https-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.key = cls.folder / "a.pem"
        made = subprocess.run([str(node.program("onymctl")), "auth", "key", "gen", "--type", "ec",
                               "--out", str(cls.key)], capture_output=True, check=True)
        cls.secret = cls.folder / "secret"
        cls.secret.write_text(web.SECRET + "\n")
        cls.secret.chmod(0o600)
        cls.records = [{"handle": USER, "values": [
            web.admin_value(), web.admin_value(101, key=300), web.group_value(200, (USER, 301)),
            web.secret_value(301, web.SECRET), dict(json.loads(made.stdout), index=300)]}]
        cls.by_key = ["--as", f"300:{USER}", "--key", str(cls.key)]
        cls.by_secret = ["--as", f"301:{USER}", "--secret-file", str(cls.secret)]

    def setUp(self):
        self.node = web.Web(workers=2, records=self.records)
        self.node.start()
        self.addCleanup(self.node._remove)
        self.addCleanup(self.node.stop)

    def words(self, *words, who=None, ca=None):
        return [str(node.program("onymctl")), "--json", "--server",
                f"https://127.0.0.1:{self.node.https_port}", "batch", *map(str, words),
                *(["--ca", str(ca or self.node.ca)] if words[0] != "check" else []),
                *(self.by_key if who is None else who)]

    def batch(self, *words, status=0, **more):
        done = subprocess.run(self.words(*words, **more), capture_output=True, timeout=120,
                              cwd=self.node.root)
        said = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, status, said[-2000:])
        return done.stdout.decode(), done.stderr.decode()

    def end(self, out):
        last = json.loads(out.splitlines()[-1])
        return last["summary"], last["complete"]

    def counts(self, out, **expected):
        summary, complete = self.end(out)
        self.assertEqual({k: summary[k] for k in expected} | {"complete": complete},
                         expected | {"complete": True})

    def write(self, name, content):
        path = self.node.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def numbered(self, rows=ROWS):
        return self.write("parts.ndjson", "".join(json.dumps({
            "handle": f"{PREFIX}/n{i:06d}", "values": [{"index": 1, "type": "N", "data": f"s{i}"}]})
            + "\n" for i in range(rows)))

    def stored(self):
        """Of the stopped node: revisions by name; each name comes once or the test fails."""
        self.node.stop()
        done = subprocess.run([str(node.program("onymctl")), "dump", "--data", str(self.node.data)],
                              capture_output=True, check=True, timeout=60)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        found = {r["handle"]: r["revision"] for r in records if "/n" in r["handle"]}
        self.assertEqual(len(found), sum("/n" in r["handle"] for r in records))
        return found

    def check_each_once(self, rows=ROWS):
        found = self.stored()
        self.assertEqual(len(found), rows)
        self.assertEqual(set(found.values()), {1})

    def start(self, path, *words, told=300):
        """A job of which so many rows were told; it writes no more until somebody reads."""
        job = subprocess.Popen(self.words("run", path, "--results", "all", *words),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.node.root)
        self.addCleanup(job.communicate)
        for _ in range(told):
            self.assertIn(b'"row"', job.stdout.readline())
        return job

    def test_a_certificate_says_who_asks(self):
        cert = self.node.root / "a.crt"
        subprocess.run(["openssl", "req", "-x509", "-key", self.key, "-subj",
                        f"/UID=300:{USER}".replace("0.NA/", "0.NA\\/"), "-days", "2", "-out", cert],
                       capture_output=True, check=True)
        who = ["--cert", cert, "--key", self.key]
        path = self.numbered(20)
        self.counts(self.batch("run", path, who=who)[0], done=20)
        # nothing else says so too, and it is shown to checked nodes only
        for words in ((*who, "--as", f"300:{USER}"), (*who, "--secret-file", self.secret),
                      (*who, "--token-file", self.secret), ("--cert", cert),
                      ("--cert", self.key, "--key", self.key),
                      ("--cert", self.node.ca, "--key", self.key)):
            with self.subTest(words):
                self.batch("run", path, status=2, who=words)
        done = subprocess.run([str(node.program("onymctl")), "--server",
                               f"127.0.0.1:{self.node.port}", "batch", "run", path, *map(str, who)],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        open_key = self.node.root / "open.pem"
        open_key.write_bytes(self.key.read_bytes())
        open_key.chmod(0o644)
        self.batch("run", path, status=6, who=["--cert", cert, "--key", open_key])
        stranger, key = secured.self_signed(self.node.root, "stranger")
        self.batch("run", self.numbered(21), status=4, who=["--cert", stranger, "--key", key])
        history = subprocess.run([str(node.program("onymctl")), "id", "history",
                                  f"{PREFIX}/n000000", "--connect",
                                  f"127.0.0.1:{self.node.https_port}", "--ca", self.node.ca,
                                  *map(str, who)], capture_output=True, timeout=60)
        self.assertEqual(history.returncode, 0, history.stderr)
        self.assertIn(f"create   rev 1     300:{USER}".encode(), history.stdout)

    def test_a_node_without_room_is_not_called_silent(self):
        self.node.stop()
        self.node._remove()
        self.node = web.Web(workers=2, records=self.records, map_size="2MiB")
        self.node.start()
        self.addCleanup(self.node._remove)
        self.addCleanup(self.node.stop)
        path = self.write("large.ndjson", "".join(json.dumps({
            "handle": f"{PREFIX}/f{i}", "values": [{"index": 1, "type": "T", "data": "x" * 3000}]})
            + "\n" for i in range(2000)))
        _, told = self.batch("run", path, "--retry", "1", status=7)
        self.assertIn("takes no rows: the disk or the map is full", told)
        self.assertNotIn("does not answer", told)

    # --- what rows come to ---

    def test_csv_with_rows_that_fail_and_run_again(self):
        path = self.write("parts.csv", "handle,1:NAME\n" + "".join(
            f'{PREFIX}/c{i},"name, {i}"\n' for i in range(50)) + "99.1/x,elsewhere\nnone,x\n")
        out, _ = self.batch("run", path, "--results", "all", status=1)
        self.counts(out, rows=52, done=50, failed=2)
        failed = pathlib.Path(f"{path}.failed")
        lines = failed.read_text().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn(",52,301,", lines[1])
        failed.write_text(failed.read_text().replace("99.1/x", f"{PREFIX}/y")
                          .replace("none,", f"{PREFIX}/z,"))
        self.counts(self.batch("run", failed)[0], rows=2, done=2, failed=0)
        self.counts(self.batch("run", path, "--restart", status=1)[0], unchanged=50, failed=2)
        self.assertEqual(self.node.ask("GET", f"/api/v1/identifiers/{PREFIX}/c7")
                         .json["values"][0]["data"]["value"], "name, 7")

    def test_modes_and_what_would_be(self):
        path = self.numbered(300)
        self.counts(self.batch("run", path, "--dry-run", who=self.by_secret)[0], done=300)
        self.counts(self.batch("run", path, "--mode", "upsert", who=self.by_secret)[0], done=300)
        self.counts(self.batch("run", path, "--dry-run")[0], unchanged=300)
        self.counts(self.batch("run", path, "--mode", "delete")[0], done=300)
        out, _ = self.batch("run", path, "--mode", "delete", "--restart", status=1)
        self.counts(out, failed=300)

    def test_values_arrive_as_they_were(self):
        record = {"handle": f"{PREFIX}/values", "values": [
            {"index": 1, "type": "A", "data": "制动盘 \"x\"\n", "ttl": 60},
            {"index": 2, "type": "B", "data": {"format": "base64", "value": "AP8BAg=="},
             "permissions": "1100"},
            web.admin_value(), {"index": 4, "type": "C", "data": "", "ttl": "2030-01-01T00:00:00Z",
                                "references": [{"handle": "88.1/x", "index": 3}]}]}
        path = self.write("values.ndjson", json.dumps(record) + "\n")
        self.counts(self.batch("run", path, who=self.by_secret)[0], done=1)
        self.counts(self.batch("run", path, "--restart", "--mode", "upsert", who=self.by_secret)[0],
                    unchanged=1)
        self.node.stop()
        done = subprocess.run([str(node.program("onymctl")), "dump", "--data", str(self.node.data)],
                              capture_output=True, check=True)
        found = next(r for r in map(json.loads, done.stdout.splitlines())
                     if r["handle"] == record["handle"])
        values = {v["index"]: v for v in found["values"]}
        self.assertEqual(values[1]["data"]["value"], record["values"][0]["data"])
        self.assertEqual((values[2]["data"]["value"], values[2]["permissions"]),
                         ("AP8BAg==", "1100"))
        self.assertEqual(values[4]["references"], record["values"][3]["references"])

    # --- who asks, and where ---

    def test_those_who_may_not(self):
        path = self.numbered(5)
        _, told = self.batch("run", path, who=[], status=4)
        self.assertIn("prove who you are", told)
        wrong = self.folder / "wrong"
        wrong.write_text("wrong")
        wrong.chmod(0o600)
        self.batch("run", path, who=["--as", f"301:{USER}", "--secret-file", wrong], status=4)
        self.batch("run", path, who=["--token-file", wrong], status=4)
        other = self.folder / "other.pem"
        subprocess.run([str(node.program("onymctl")), "auth", "key", "gen", "--type", "ec",
                        "--out", str(other)], capture_output=True, check=True)
        _, told = self.batch("run", path, who=["--as", f"300:{USER}", "--key", other], status=4)
        self.assertIn(f"does not know this key as 300:{USER}", told)
        self.assertIn("--key", told)
        self.counts(self.batch("run", path)[0], done=5)

    def test_words_that_do_not_fit(self):
        path = self.numbered(1)
        handle = self.write("old.txt", f"DELETE {PREFIX}/x\n")
        for words, more, part in (
                (("run", path, "--connections", "4"), {}, "--connections"),
                (("run", handle), {}, "Handle protocol"),
                (("run", path, "--token-file", self.secret), {}, "who asks")):
            self.assertIn(part, self.batch(*words, status=2, **more)[1])
        done = subprocess.run([*self.words("run", path)[:6], str(path), *self.by_key],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--ca", done.stderr)

    def test_a_certificate_of_somebody_else(self):
        path = self.numbered(1)
        other = web.Web(workers=1)
        other.write_config()
        self.addCleanup(other._remove)
        _, told = self.batch("run", path, ca=other.ca, status=3)
        self.assertIn("TLS handshake failed", told)

    # --- the middle ---

    def test_a_client_that_is_killed_goes_on(self):
        path = self.numbered()
        job = self.start(path)
        job.kill()
        job.wait()
        out, _ = self.batch("resume", path)
        self.counts(out, rows=ROWS, failed=0)
        self.check_each_once()

    def test_an_interrupted_job_goes_on(self):
        path = self.numbered()
        job = self.start(path)
        job.send_signal(signal.SIGINT)
        out, told = job.communicate(timeout=30)
        self.assertEqual(job.returncode, 130)
        self.assertIn(f"onymctl batch resume {path}", told if isinstance(told, str)
                      else told.decode())
        self.assertFalse(self.end(out.decode())[1])
        self.counts(self.batch("run", path)[0], failed=0)
        self.check_each_once()

    def test_a_node_that_is_killed_comes_back(self):
        path = self.numbered()
        job = self.start(path, "--retry", "60")
        self.node.kill()
        time.sleep(0.3)
        self.node.start()
        out, said = job.communicate(timeout=90)
        self.assertEqual(job.returncode, 0, said[-2000:])
        self.counts(out.decode(), rows=ROWS, failed=0)
        self.check_each_once()

    def test_rows_that_were_deleted_before_the_answer_was_lost(self):
        path = self.numbered()
        self.counts(self.batch("run", path)[0], done=ROWS)
        job = self.start(path, "--mode", "delete", "--restart")
        job.kill()
        job.wait()
        self.counts(self.batch("run", path, "--mode", "delete")[0], rows=ROWS, failed=0)
        self.assertEqual(self.stored(), {})

    def test_a_node_that_stays_away(self):
        path = self.numbered()
        job = self.start(path, "--retry", "5")
        self.node.kill()
        job.communicate(timeout=60)
        self.assertEqual(job.returncode, 7)
        self.node.start()
        self.counts(self.batch("resume", path)[0], rows=ROWS, failed=0)
        self.check_each_once()


if __name__ == "__main__":
    unittest.main()
