#!/usr/bin/env python3
"""onymctl batch and the files of a job: what cannot be read again, damage, changes, a full disk, and
what the JSON says of a job that did not come to its end."""

import json
import os
import pathlib
import resource
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
import web  # noqa: E402

PREFIX, USER = web.PREFIX, web.USER


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = web.Web(workers=2, records=[{"handle": USER, "values": [
            web.admin_value(key=301), web.secret_value(301, web.SECRET)]}])
        cls.node.start()
        cls.addClassCleanup(cls.node._remove)
        cls.addClassCleanup(cls.node.stop)
        cls.secret = cls.node.root / "secret"
        cls.secret.write_text(web.SECRET + "\n")
        cls.secret.chmod(0o600)
        cls.who = ["--as", f"301:{USER}", "--secret-file", str(cls.secret)]

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="onym-batch-files-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.folder = pathlib.Path(folder)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def words(self, *words, server=None, who=None):
        verb = [w for w in words if w in ("run", "resume", "check")][0]
        return [str(node.program("onymctl")), "--server",
                server or node.endpoint(node.LOOPBACK, self.node.port), "batch",
                *map(str, words), *((who or self.who) if verb != "check" else [])]

    def batch(self, *words, status=0, timeout=120, **more):
        done = subprocess.run(self.words(*words, **more), capture_output=True, timeout=timeout,
                              cwd=self.folder, stdin=subprocess.DEVNULL)
        out, told = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, status, out + told)
        return out, told

    # --- what is no file ---

    def test_what_is_no_file_is_refused_at_once(self):
        os.mkfifo(self.folder / "pipe.csv")
        os.mkfifo(self.folder / "pipe")
        (self.folder / "folder.csv").mkdir()
        for verb in ("run", "check", "resume"):
            for name in ("pipe.csv", "pipe", "folder.csv", "-", "/dev/null"):
                with self.subTest(f"{verb} {name}"):
                    _, told = self.batch(verb, name, status=2, timeout=20)
                    self.assertRegex(told, "is no file|standard input")

    def test_empty_files(self):
        _, told = self.batch("run", self.write("e.csv", ""), status=2)
        self.assertIn("is empty; expected a header row", told)
        out, _ = self.batch("run", "--json", self.write("e.ndjson", ""))
        self.assertEqual(json.loads(out)["summary"]["rows"], 0)

    # --- FILE.job ---

    def interrupted(self, rows=6000):
        """A file whose job was stopped at its first failed row, and FILE.job."""
        path = self.write("p.csv", "handle,1:N\n" + "".join(
            f"{PREFIX}/{self.id().rsplit('.', 1)[-1][:20]}{i},v\n" for i in range(50)) +
            "99.9/x,v\n" + "".join(f"{PREFIX}/{i},v\n" for i in range(rows)))
        self.batch("run", path, "--on-error", "stop", "--results", "none", status=1)
        return path, pathlib.Path(f"{path}.job")

    def test_a_damaged_job_is_not_resumed(self):
        path, job = self.interrupted(rows=20)
        good = job.read_bytes()
        lines = good.splitlines(keepends=True)
        for damage in (b"", b"x\n", good[:60], b"".join(lines[:5]), b"".join(lines[:-1]),
                       good[:-1], good.replace(b"\nrows ", b"\nrows 9"),
                       good.replace(b"finished 0", b"finished 1"), good + b"map a=1:N\n"):
            with self.subTest(damage):
                job.write_bytes(damage)
                _, told = self.batch("resume", path, status=5)
                self.assertIn("is damaged, or of another version; begin again with", told)
        _, told = self.batch("run", path, status=1)
        self.assertIn("p.csv.job is damaged, or of another version; the job begins anew", told)
        self.assertRegex(told, "71 rows: [0-9]+ done, [0-9]+ unchanged, 1 failed")

    def test_a_changed_file_begins_anew_and_says_so(self):
        path, _ = self.interrupted(rows=20)
        path.write_text(path.read_text().replace("99.9/x", f"{PREFIX}/x"))
        _, told = self.batch("resume", path, status=6)
        self.assertIn("the file has changed", told)
        _, told = self.batch("run", path)
        self.assertIn("p.csv has changed since it was begun; the job begins anew", told)

    # --- a job that did not come to its end ---

    def end(self, out, code, status, words):
        last = json.loads(out.splitlines()[-1])
        self.assertEqual((last["complete"], last["exit"], last["status"]), (False, code, status))
        self.assertRegex(last["message"], words)
        self.assertIn("rows", last["summary"])

    def test_the_reason_is_in_the_json(self):
        path = self.write("r.csv", f"handle,1:N\n99.9/r,v\n{PREFIX}/r,v\n")
        nobody = node.endpoint(node.LOOPBACK, node.free_port())
        out, _ = self.batch("--json", "run", path, "--retry", "1", server=nobody, status=3)
        self.end(out, 3, "UNREACHABLE", "no row was answered|batch resume")
        out, _ = self.batch("--json", "run", path, "--restart", "--on-error", "stop", status=1)
        self.end(out, 1, "NEGATIVE", "stopped at the first row that failed")
        https = f"https://127.0.0.1:{self.node.https_port}"
        ca = ["--ca", self.node.ca]
        out, _ = self.batch("--json", "run", path, *ca, "--retry", "1", status=3,
                            server=f"https://127.0.0.1:{node.free_port()}")
        self.end(out, 3, "UNREACHABLE", "refused")
        wrong = self.folder / "wrong"
        wrong.write_text("wrong")
        wrong.chmod(0o600)
        path = self.write("n.csv", f"handle,1:N\n{PREFIX}/never,v\n")
        for server, more in ((https, ca), (None, [])):
            out, _ = self.batch("--json", "run", path, "--restart", *more, status=4,
                                server=server, who=[*self.who[:2], "--secret-file", str(wrong)])
            self.end(out, 4, "NO_PERMISSION", "--as INDEX:HANDLE")
        key = self.folder / "k.pem"
        subprocess.run([str(node.program("onymctl")), "auth", "key", "gen", "--type", "ec", "--out",
                        str(key)], capture_output=True, check=True)
        out, _ = self.batch("--json", "run", path, "--restart", *ca, server=https, status=4,
                            who=[*self.who[:2], "--key", str(key)])
        self.end(out, 4, "NO_PERMISSION", "does not know this key")
        path = self.write("q.csv", f"handle,1:N\n{PREFIX}/r,\"v\n")
        out, _ = self.batch("--json", "run", path, status=1)
        self.end(out, 1, "NEGATIVE", "2:.*never ends; the rows behind it are not read")
        out, _ = self.batch("--json", "check", path, status=1)
        last = json.loads(out.splitlines()[-1])
        self.assertEqual((last["complete"], last["exit"]), (False, 1))
        self.assertIn("never ends", last["message"])

    def test_an_early_failure_is_one_object_of_that_alone(self):
        path = self.write("r.csv", f"handle,1:N\n{PREFIX}/r,v\n")
        out, _ = self.batch("--json", "run", path, "--ca", "/none", status=2,
                            server=f"https://127.0.0.1:{self.node.https_port}")
        self.assertNotIn("CSV in", json.loads(out)["message"])

    def test_an_interrupt_is_in_the_json(self):
        path = self.write("i.csv", "handle,1:N\n" + "".join(
            f"{PREFIX}/i{i},v\n" for i in range(20000)))
        job = subprocess.Popen(self.words("--json", "run", path), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        until = time.monotonic() + 30
        while not pathlib.Path(f"{path}.job").exists() and time.monotonic() < until:
            time.sleep(0.01)
        job.send_signal(signal.SIGTERM)
        out, told = job.communicate(timeout=30)
        self.assertEqual(job.returncode, 130, told)
        self.end(out.decode(), 130, "INTERRUPTED", "go on with onymctl batch resume")

    def test_an_interrupt_before_the_first_row(self):
        path = self.folder / "large.ndjson"  # read to its end before anything is sent
        with path.open("wb") as file:
            file.truncate(64 << 30)
        for sent, json_words in ((signal.SIGINT, ["--json"]), (signal.SIGTERM, [])):
            job = subprocess.Popen(self.words(*json_words, "run", path), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
            self.addCleanup(job.kill)
            opened = pathlib.Path(f"/proc/{job.pid}/fd")
            until = time.monotonic() + 30
            while time.monotonic() < until and str(path) not in (
                    os.readlink(fd) for fd in opened.iterdir() if fd.is_symlink()):
                time.sleep(0.01)
            job.send_signal(sent)
            out, told = job.communicate(timeout=30)
            self.assertEqual(job.returncode, 130, told)
            self.assertIn(b"interrupted before anything was sent", told)
            if json_words:
                self.assertEqual(json.loads(out)["status"], "INTERRUPTED")
            self.assertFalse(pathlib.Path(f"{path}.job").exists())

    def test_a_file_that_is_written_to_while_it_is_read(self):
        path = self.write("w.csv", "handle,1:N\n" + "".join(
            f"{PREFIX}/w{i},v\n" for i in range(800)))
        job = subprocess.Popen(self.words("--json", "run", path), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        until = time.monotonic() + 30
        while not pathlib.Path(f"{path}.job").exists() and time.monotonic() < until:
            time.sleep(0.01)
        with path.open("a") as file:
            file.write(f"{PREFIX}/more,v\n")
        out, told = job.communicate(timeout=120)
        self.assertEqual(job.returncode, 6, told)
        self.end(out.decode(), 6, "REFUSED", "was written to while its rows were read")
        out, told = self.batch("--json", "run", path)
        self.assertEqual(json.loads(out.splitlines()[-1])["summary"]["rows"], 801)

    def test_no_room_for_failed_rows(self):
        rows = 3000
        path = self.write("full.csv", "handle,1:N\n" + "".join(
            f"99.9/f{i},v\n" for i in range(rows)) + f"{PREFIX}/full,v\n")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))

        done = subprocess.run(self.words("--json", "run", path, "--results", "none"),
                              capture_output=True, timeout=60, preexec_fn=limit)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.end(done.stdout.decode(), 5, "ERROR",
                 r"full.csv.failed: cannot write it: File too large; the same command goes on")
        self.batch("resume", path, "--results", "none", status=1)
        failed = pathlib.Path(f"{path}.failed").read_text().splitlines()
        self.assertEqual([line.split(",")[0] for line in failed[1:]],
                         [f"99.9/f{i}" for i in range(rows)])

    # --- batch files of the Handle tools ---

    def test_comments_and_encodings_of_the_handle_tools(self):
        path = self.write("old.txt", f"CREATE {PREFIX}/k\n# one\n# two\n1 N 60 1110 UTF8 x\n"
                                     f"2 N 60 11 UTF8 y\n\nDELETE {PREFIX}/nix\n")
        out, _ = self.batch("check", path, status=1)
        self.assertTrue(out.startswith(f"row 1 (line 1) {PREFIX}/k: broken (4): 5:1: the fourth"),
                        out)
        text = f"CREATE {PREFIX}/k\n1 N 60 1110 UTF8 前减震器\n"
        path = self.write("gbk.txt", text.encode("gbk"))
        out, _ = self.batch("check", path, status=1)
        self.assertIn("2:1: the data is not UTF-8 without NUL bytes; is the file GB18030?", out)


if __name__ == "__main__":
    os.umask(0o077)
    unittest.main()
