#!/usr/bin/env python3
"""onymctl batch against the real node: every format, failed rows that run again, and jobs that end
with every row stored exactly once although the client or the node is killed in the middle."""

import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
ROWS = 6000 if node.is_sanitized() else 20000


class Batch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = pathlib.Path(tempfile.mkdtemp(prefix="onym-batch-keys-"))
        cls.addClassCleanup(shutil.rmtree, cls.keys, ignore_errors=True)
        cls.key = cls.keys / "a.pem"
        made = subprocess.run([str(node.program("onymctl")), "auth", "key", "gen", "--type", "ec",
                               "--out", str(cls.key)], capture_output=True, check=True)
        cls.admin = {"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
            "handle": USER, "index": 300, "permissions": "111111111111"}}}
        cls.records = [{"handle": USER, "values": [cls.admin, json.loads(made.stdout)]}]

    def setUp(self):
        self.node = node.Node(records=self.records, workers=2,
                              settings=[f"auth.server_admins=300:{USER}"]).start()
        self.addCleanup(self.node.__exit__, None, None, None)
        self.who = ["--as", f"300:{USER}", "--key", str(self.key)]

    def write(self, name, content):
        path = self.node.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def batch(self, *words, status=0, timeout=180):
        done = self.node.onymctl("batch", *words, timeout=timeout)
        said = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, status, said)
        return done.stdout.decode(), done.stderr.decode()

    def run_file(self, path, *words, status=0, **more):
        return self.batch("run", path, *self.who, *words, status=status, **more)

    def summary(self, out):
        last = json.loads(out.splitlines()[-1])
        return last["summary"], last["complete"]

    def start(self, *words):
        job = subprocess.Popen(
            [str(node.program("onymctl")), "--json", "--server",
             node.endpoint(node.LOOPBACK, self.node.port), "batch", *map(str, words), *self.who],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.node.root)
        self.addCleanup(job.communicate)
        self.addCleanup(job.kill)  # of a test that failed
        return job

    def value_of(self, handle, index=1):
        done = self.node.onymctl("--json", "resolve", "+tcp", handle)
        values = json.loads(done.stdout).get("values") or []
        return next((v["data"]["value"] for v in values if v["index"] == index), None)

    def stored(self):
        """All records of the stopped node, by name; each name comes once or the test fails."""
        self.node.stop()
        done = subprocess.run([str(node.program("onymctl")), "dump", "--data",
                               str(self.node.data)], capture_output=True, check=True, timeout=60)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        names = [r["handle"] for r in records]
        self.assertEqual(len(names), len(set(names)))
        return {r["handle"]: r for r in records}

    def numbered(self, name="parts.ndjson", rows=ROWS):
        lines = [json.dumps({"handle": f"{PREFIX}/EN.P.{i:06d}", "values": [
            {"index": 1, "type": "SERIAL", "data": f"s{i}"}]}) for i in range(rows)]
        return self.write(name, "\n".join(lines) + "\n")

    def check_numbered(self, rows=ROWS):
        records = self.stored()
        for i in range(rows):
            record = records[f"{PREFIX}/EN.P.{i:06d}"]
            self.assertEqual([v["data"]["value"] for v in record["values"]], [f"s{i}"])
            self.assertEqual(record["revision"], 1, "changed once")
        self.assertEqual(sum(f"{PREFIX}/" in name and name[0] != "0" for name in records), rows)

    def wait_for_progress(self, path, rows, seconds=60):
        """Until FILE.job tells of so many settled rows."""
        job = pathlib.Path(f"{path}.job")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if job.exists():
                settled = next((int(line.split()[1]) for line in job.read_text().splitlines()
                                if line.startswith("rows ")), 0)
                if settled >= rows:
                    return settled
            time.sleep(0.01)
        self.fail(f"not {rows} rows after {seconds} s")

    # --- formats ---

    def test_csv_of_a_spreadsheet(self):
        text = "标识,名称,serial,note\r\n" + "".join(
            f'{PREFIX}/c{i},"前减震器, ""{i}""",{i},\r\n' for i in range(50))
        path = self.write("parts.csv", text.encode("gb18030"))
        _, told = self.batch("check", path, "--map", "名称=1:NAME")
        self.assertIn("CSV in GB18030", told)
        out, told = self.run_file(path, "--map", "名称=1:NAME", "--map", "serial=2:SERIAL")
        self.assertIn("GB18030", told)
        self.assertIn("50 rows: 50 done, 0 unchanged, 0 failed", told)
        self.assertEqual(self.value_of(f"{PREFIX}/c7"), '前减震器, "7"')
        self.assertFalse(pathlib.Path(f"{path}.failed").exists())
        _, told = self.run_file(path, "--map", "名称=1:NAME", "--map", "serial=2:SERIAL")
        self.assertIn("0 done, 50 unchanged", told)

    def test_failed_rows_run_again(self):
        path = self.write("mixed.csv", f"id,1:NAME\n{PREFIX}/ok,a\nno-identifier,b\n"
                                       f"{PREFIX}/x,c,d\n99.9/else,\"e,\nf\"\n{PREFIX}/ok2,g\n")
        out, told = self.run_file(path, status=1)
        self.assertIn("row 3 (line 3) no-identifier: failed (102)", out)
        self.assertIn("row 4 (line 4): failed (4): 3 fields; the header has 2", out)
        self.assertIn("row 5 (line 5) 99.9/else: failed", out)
        self.assertIn("5 rows: 2 done, 0 unchanged, 3 failed", told)
        failed = pathlib.Path(f"{path}.failed")
        with failed.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.reader(lines))
        self.assertEqual(rows[0], ["id", "1:NAME", "row", "code", "reason"])
        self.assertEqual([row[-3] for row in rows[1:]], ["3", "4", "5"])
        self.assertEqual(rows[3][:2], ["99.9/else", "e,\nf"])
        fixed = failed.read_text("utf-8").replace("no-identifier", f"{PREFIX}/now").replace(
            "99.9/else", f"{PREFIX}/here").replace(f"{PREFIX}/x,c,d", f"{PREFIX}/x,c")
        failed.write_text(fixed, "utf-8")
        self.run_file(failed)
        self.assertEqual(self.value_of(f"{PREFIX}/here"), "e,\nf")
        self.assertEqual(self.value_of(f"{PREFIX}/x"), "c")

    def test_failed_rows_are_no_more_readable_than_the_input(self):
        row = {"handle": "99.9/a", "values": [{"index": 300, "type": "HS_SECKEY", "data": "s3cret"}]}
        path = self.write("secrets.ndjson", json.dumps(row) + "\n")
        failed = pathlib.Path(f"{path}.failed")
        for mode, before in ((0o600, None), (0o600, 0o644), (0o640, 0o600), (0o444, None)):
            with self.subTest(oct(mode)):
                if before is not None:  # from an earlier run
                    failed.chmod(before)
                pathlib.Path(path).chmod(mode)
                self.run_file(path, "--restart", status=1)
                self.assertIn("s3cret", failed.read_text("utf-8"))
                self.assertEqual(oct(failed.stat().st_mode & 0o777), oct(mode | 0o600))

    def test_failed_lines_of_ndjson_run_again(self):
        line = {"handle": "99.9/a", "values": [{"index": 1, "type": "T", "data": "x"}]}
        path = self.write("a.ndjson", json.dumps(line) + "\n{\"handle\": 1}\n")
        out, _ = self.run_file(path, status=1)
        self.assertIn("row 2 (line 2): failed (4): 2:", out)
        failed = pathlib.Path(f"{path}.failed")
        first = json.loads(failed.read_text().splitlines()[0])
        self.assertEqual((first["row"], first["handle"]), (1, "99.9/a"))
        failed.write_text(failed.read_text().splitlines()[0].replace("99.9/a", f"{PREFIX}/a"))
        self.run_file(failed)
        self.assertEqual(self.value_of(f"{PREFIX}/a"), "x")

    def test_batch_file_of_the_handle_tools(self):
        path = self.write("old.txt", f"""\
# kept since 2009
AUTHENTICATE PUBKEY:300:{USER}
{self.key}|

CREATE {PREFIX}/h1
100 HS_ADMIN 86400 1110 ADMIN 300:111111111111:{USER}
1 URL 3600 1110 UTF8 https://example.cn/a b

ADD {PREFIX}/h1
2 NAME 86400 1110 UTF8 前减震器
3 GONE 86400 1110 UTF8 x

MODIFY {PREFIX}/h1
1 URL 86400 1110 UTF8 https://example.cn/c

REMOVE 3:{PREFIX}/h1

CREATE {PREFIX}/h2

DELETE {PREFIX}/h2

HOME 127.0.0.1:2641:TCP
0.NA/{PREFIX}.7
""")
        _, told = self.batch("run", path)
        self.assertIn("0 failed", told)
        self.assertEqual(self.value_of(f"{PREFIX}/h1"), "https://example.cn/c")
        self.assertEqual(self.value_of(f"{PREFIX}/h1", 2), "前减震器")
        self.assertIsNone(self.value_of(f"{PREFIX}/h1", 3))
        self.assertIsNone(self.value_of(f"{PREFIX}/h2"))
        homed = self.node.onymctl("prefix", "list", *self.who, check=True).stdout.decode()
        self.assertIn(f"{PREFIX}.7", homed)

    def test_failed_rows_of_the_handle_tools_say_who_asks(self):
        proof = f"AUTHENTICATE PUBKEY:300:{USER}\n{self.key}|\n"
        path = self.write("old.txt", f"{proof}\nCREATE {PREFIX}/g1\n\nDELETE {PREFIX}/gone\n\n"
                          f"DELETE {PREFIX}/gone\n")
        out, _ = self.batch("check", path, "--json")
        self.assertEqual(self.summary(out), ({"rows": 3, "broken": 0}, True))
        out, _ = self.batch("run", path, "--json", status=1)
        self.assertEqual(self.summary(out),
                         ({"rows": 3, "done": 1, "unchanged": 0, "failed": 2}, True))
        failed = pathlib.Path(f"{path}.failed")
        self.assertEqual(failed.read_text().count(proof), 1)
        failed.write_text(failed.read_text().replace("DELETE", "CREATE"))
        out, _ = self.batch("run", failed, "--json")
        self.assertEqual(self.summary(out),
                         ({"rows": 2, "done": 1, "unchanged": 1, "failed": 0}, True))

    def test_modes(self):
        path = self.write("m.csv", f"handle,1:NAME\n{PREFIX}/m,one\n")
        self.run_file(path)
        path = self.write("m.csv", f"handle,1:NAME\n{PREFIX}/m,two\n")
        out, _ = self.run_file(path, status=1)
        self.assertIn("failed (101)", out)
        out, _ = self.run_file(path, "--mode", "upsert", "--dry-run", "--results", "all")
        self.assertIn("would replace", out)
        self.assertEqual(self.value_of(f"{PREFIX}/m"), "one")
        self.run_file(path, "--mode", "upsert")
        self.assertEqual(self.value_of(f"{PREFIX}/m"), "two")
        out, _ = self.run_file(path, "--mode", "delete", "--results", "all")
        self.assertIn("deleted", out)
        out, _ = self.run_file(path, "--mode", "delete", "--restart", status=1)
        self.assertIn("failed (100)", out)

    def test_rows_of_one_identifier_keep_their_order(self):
        text = "handle,1:N\n" + "".join(f"{PREFIX}/same,{i}\n" for i in range(200))
        self.run_file(self.write("same.csv", text), "--mode", "upsert")
        self.assertEqual(self.value_of(f"{PREFIX}/same"), "199")

    # --- broken files, wrong words ---

    def test_check_names_line_and_column(self):
        rows = [f"{PREFIX}/p{i},v" for i in range(2, 700001)]
        rows.append(f'{PREFIX}/bad,"v"x')
        path = self.write("large.csv", "handle,1:N\n" + "\n".join(rows) + f"\n{PREFIX}/p,v\n")
        out, told = self.batch("check", path, status=1)
        self.assertEqual(out, "row 700001 (line 700001): broken (4): 700001:15: text behind a "
                              "closing quotation mark; expected a comma or the end of the line\n")
        self.assertIn("700001 rows, 1 of them broken", told)

    def test_wrong_words_are_refused(self):
        path = self.write("w.csv", "name,serial\na,b\n")
        _, told = self.batch("check", path, status=2)
        self.assertIn('column 1 "name": which value is it?', told)
        _, told = self.batch("check", path, "--map", "none=1:X", status=2)
        self.assertIn("no column of that title", told)
        _, told = self.batch("check", path, "--mode", "replace", status=2)
        self.assertIn("give create, upsert or delete", told)
        self.batch("check", path, "--connections", "4", status=2)
        self.batch("run", path, "--connections", "65", status=2)
        self.batch("run", status=2)
        self.batch("run", self.node.root / "none.csv", status=5)
        self.batch("resume", path, status=1)

    def test_nobody_may_register(self):
        path = self.numbered(rows=100)
        _, told = self.batch("run", path, status=4)
        self.assertIn("--as INDEX:HANDLE", told)
        self.run_file(path)
        self.check_numbered(100)

    def test_stop_at_the_first_failed_row(self):
        text = f"handle,1:N\n{PREFIX}/s1,a\n99.9/x,b\n" + "".join(
            f"{PREFIX}/t{i},c\n" for i in range(3000))
        path = self.write("stop.csv", text)
        out, _ = self.run_file(path, "--on-error", "stop", status=1)
        self.assertEqual(out.count("failed"), 1)
        self.assertIsNone(self.value_of(f"{PREFIX}/t2999"))

    def test_failed_rows_taken_away_before_the_job_goes_on(self):
        path = self.write("taken.csv", f"handle,1:N\n99.9/x,a\n99.9/y,b\n{PREFIX}/u,c\n")
        self.run_file(path, "--on-error", "stop", "--connections", "1", status=1)
        failed = pathlib.Path(f"{path}.failed")
        self.assertIn("99.9/x,a,2,301,", failed.read_text())
        failed.rename(self.node.root / "mine.csv")
        _, told = self.batch("resume", path, *self.who, status=1)
        self.assertIn("is not as this job left it", told)
        lines = failed.read_text().splitlines()
        self.assertEqual((lines[0], len(lines)), ("handle,1:N,row,code,reason", 2))
        self.assertTrue(lines[1].startswith("99.9/y,b,3,301,"), lines)
        self.assertEqual(self.value_of(f"{PREFIX}/u"), "c")

    def test_a_node_that_is_not_there(self):
        path = self.numbered(rows=10)
        self.node.kill()
        _, told = self.run_file(path, "--retry", "1", status=3)
        self.assertIn("batch resume", told)
        self.node.start()
        self.batch("resume", path, *self.who)
        self.check_numbered(10)

    def test_a_changed_file_is_not_resumed(self):
        path = self.numbered(rows=10)
        self.node.kill()
        self.run_file(path, "--retry", "1", status=3)
        self.node.start()
        path.write_text(path.read_text().replace("s3", "s4"))
        _, told = self.batch("resume", path, *self.who, status=6)
        self.assertIn("has changed", told)

    # --- kills ---

    def test_the_client_is_killed(self):
        path = self.numbered()
        for rows in (ROWS // 10, ROWS * 9 // 20):
            client = self.start("run", path)
            self.wait_for_progress(path, rows)
            client.send_signal(signal.SIGKILL)
            client.communicate(timeout=20)
        self.batch("resume", path, *self.who)
        _, told = self.run_file(path)  # finished: from the first row, and nothing changes
        self.assertIn(f"{ROWS} rows: 0 done, {ROWS} unchanged, 0 failed", told)
        self.check_numbered()

    def test_the_node_is_killed(self):
        path = self.numbered()
        client = self.start("run", path)
        for rows in (ROWS * 3 // 20, ROWS // 2):
            self.wait_for_progress(path, rows)
            self.node.kill()
            self.node.start()
        out, told = client.communicate(timeout=180)
        self.assertEqual(client.returncode, 0, told)
        summary, complete = self.summary(out)
        self.assertTrue(complete)
        self.assertEqual((summary["rows"], summary["failed"]), (ROWS, 0))
        self.check_numbered()

    def test_a_node_that_does_not_come_back_in_time(self):
        rows = ROWS // 2
        path = self.numbered(rows=rows)
        client = self.start("run", path, "--retry", "1")
        self.wait_for_progress(path, rows // 10)
        self.node.kill()
        out, told = client.communicate(timeout=60)
        # 7 when a row had been sent, 3 when all were still being asked who they are
        self.assertIn(client.returncode, (3, 7), told)
        self.assertIn(b"batch resume", told)
        self.assertFalse(self.summary(out)[1])
        self.node.start()
        self.batch("resume", path, *self.who)
        self.check_numbered(rows)

    def test_two_jobs_over_one_file_are_refused(self):
        path = self.numbered()
        client = self.start("run", path)
        self.wait_for_progress(path, 1)
        _, told = self.run_file(path, status=6)
        self.assertIn("another job", told)
        client.send_signal(signal.SIGTERM)
        client.communicate(timeout=20)
        self.assertEqual(client.returncode, 130)

    def test_a_killed_client_that_deletes(self):
        rows = ROWS // 4
        path = self.numbered(rows=rows)
        self.run_file(path)
        pathlib.Path(f"{path}.job").unlink()
        client = self.start("run", path, "--mode", "delete")
        self.wait_for_progress(path, 1)
        client.send_signal(signal.SIGKILL)
        client.communicate(timeout=20)
        self.batch("resume", path, *self.who)
        self.check_numbered(0)

    def test_an_interrupted_job_is_resumed(self):
        path = self.numbered()
        client = self.start("run", path)
        self.wait_for_progress(path, ROWS // 20)
        client.send_signal(signal.SIGINT)
        out, told = client.communicate(timeout=20)
        self.assertEqual(client.returncode, 130, told)
        self.assertFalse(self.summary(out)[1])
        _, told = self.run_file(path)
        self.assertIn("going on behind", told)
        self.check_numbered()


if __name__ == "__main__":
    os.umask(0o077)
    unittest.main()
