"""onymbench against a real node with generated records: every transport and both loops, answers
counted as what they are, the JSON and the HTML page; and what its command line refuses."""

import html.parser
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node  # noqa: E402
import responder  # noqa: E402
import secured  # noqa: E402

ONYMBENCH = node.program("onymbench")
RECORDS = 3000
PATIENCE = "2s" if node.is_sanitized() else "300ms"  # until a thread has begun
OPERATOR = "301:0.NA/88.9431"  # may register under its own prefix
SECRET = "bench-secret"
ENDS = ("answers", "wrong", "timeouts", "broken", "unsent")


def onymbench(*words, **more):
    words = [word if isinstance(word, bytes) else str(word) for word in words]
    return subprocess.run([ONYMBENCH, *words], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL, check=False, **more)


def rows():
    done = subprocess.run([node.program("onym-generate"), "--records", str(RECORDS)],
                          capture_output=True, timeout=60, check=True)
    handle = OPERATOR.split(":")[1]
    admin = {"handle": handle, "index": 301, "permissions": "111111111111"}
    return done.stdout.decode().splitlines() + [json.dumps({"handle": handle, "values": [
        {"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": admin}},
        {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": SECRET}]})]


class Page(html.parser.HTMLParser):
    """Counts elements and complains about tags that are not closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.faults = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


class Against(unittest.TestCase):
    """A node with generated records on all transports."""

    @classmethod
    def setUpClass(cls):
        cls.node = secured.Secured(records=rows())
        cls.addClassCleanup(cls.node.__exit__, None, None, None)
        cls.http_port = node.free_port()
        cls.node.settings.append(f"listen.http=127.0.0.1:{cls.http_port}")
        cls.node.start()
        cls.ports = {"udp": cls.node.port, "tcp": cls.node.port, "tls": cls.node.tls_port,
                     "https": cls.node.https_port, "http": cls.http_port}
        secret = cls.node.root / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        cls.identity = ["--as", OPERATOR, "--secret-file", secret, "--under", "88.9431"]

    def run_load(self, transport, *words, code=0):
        done = onymbench("run", "--quiet", "--json", "-", "--transport", transport, "--records",
                         RECORDS, "--duration", "300ms", "--warm-up", "50ms", "--timeout", "10s",
                         *words, f"127.0.0.1:{self.ports[transport]}")
        self.assertEqual(done.returncode, code, done.stderr)
        document = json.loads(done.stdout)
        run = document["runs"][0]
        self.assertEqual(run["requests"], sum(run[end] for end in ENDS), run)
        self.assertEqual(run["answers"] + run["wrong"], sum(run["codes"].values()), run)
        self.assertEqual(run["requests"], sum(k["requests"] for k in run["kinds"].values()))
        return document, run

    def test_every_transport_in_a_closed_loop(self):
        for transport in self.ports:
            words = ["--ca", self.node.ca] if transport in ("tls", "https") else []
            with self.subTest(transport):
                _, run = self.run_load(transport, "--connections", 4, "--window", 3, *words)
                self.assertGreater(run["answers"], 0)
                self.assertEqual(run["codes"], {"1": run["requests"]})
                self.assertLessEqual(run["latency_us"]["p50"], run["latency_us"]["max"])
                self.assertGreater(run["latency_us"]["p50"], 0)

    def test_every_transport_in_an_open_loop(self):
        for transport in self.ports:
            with self.subTest(transport):
                _, run = self.run_load(transport, "--rate", "200/s", "--connections", 8,
                                       "--arrivals", "fixed", "--names", "zipf:0.99")
                # 60 are due in 300 ms; each is accounted for
                self.assertIn(run["requests"], (59, 60, 61))
                self.assertEqual(run["codes"], {"1": run["requests"]})
                self.assertGreaterEqual(run["latency_us"]["max"], run["service_us"]["p50"])

    def test_a_connection_for_each_request(self):
        for transport in ("tcp", "tls", "http", "https"):
            with self.subTest(transport):
                _, run = self.run_load(transport, "--new-connections", "--connections", 2)
                self.assertGreater(run["answers"], 0)
                self.assertEqual(run["broken"], 0)
                self.assertGreaterEqual(run["connections_opened"], run["answers"])

    def test_kinds_are_answered_as_they_must_be(self):
        expected = {"resolve": {"1"}, "miss": {"100"}, "malformed": {"4"}, "route": {"1"}}
        for transport in self.ports:
            with self.subTest(transport):
                _, run = self.run_load(
                    transport, "--rate", 1000, "--connections", 4, "--mix",
                    "resolve=40,miss=20,malformed=20,refused=10,route=10")
                for kind, codes in expected.items():
                    self.assertEqual(set(run["kinds"][kind]["codes"]), codes, kind)
                refused = {"udp": {"200"}}.get(transport, {"402"})
                # a few records have no value at the private index
                self.assertLessEqual(set(run["kinds"]["refused"]["codes"]), refused | {"200"})
                self.assertEqual(run["wrong"], 0)

    def test_names_that_are_not_there_are_wrong(self):
        _, run = self.run_load("udp", "--data-seed", 1, code=1)
        self.assertGreater(run["wrong"], 0)
        self.assertEqual(run["first_wrong"]["code"], 100)
        self.assertEqual(run["first_wrong"]["kind"], "resolve")

    def test_registrations_and_updates_are_on_the_node(self):
        for transport, words in (("tcp", []), ("https", ["--ca", self.node.ca])):
            with self.subTest(transport):
                _, run = self.run_load(transport, "--mix", "register=3,update=2,resolve=5",
                                       "--connections", 4, "--threads", 2, *self.identity, *words)
                self.assertEqual(run["codes"], {"1": run["requests"]}, run["first_wrong"])
                self.assertGreater(run["kinds"]["register"]["answers"], 0)
                self.assertGreater(run["kinds"]["update"]["answers"], 0)
        listed = self.node.onymctl("id", "list", "88.9431", "--as", OPERATOR, "--secret-file",
                                   self.node.root / "secret").stdout.decode().split()
        names = [name for name in listed if "/bench." in name]
        self.assertGreaterEqual(len(names), 2)
        # at least one of those that were updated says so; which they are is chance
        link = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        self.addCleanup(link.close)

        def told(name):
            link.request("GET", "/api/handles/" + name)
            return link.getresponse().read().decode()
        self.assertTrue(any(re.search(r"note [1-9]", told(name)) for name in names))

    def test_batches_are_on_the_node(self):
        _, run = self.run_load("https", "--mix", "batch=1", "--rows", 30, "--connections", 2,
                               "--ca", self.node.ca, *self.identity)
        self.assertEqual(run["codes"], {"1200": run["requests"]}, run["first_wrong"])
        self.assertEqual(run["registered"], 30 * run["requests"])
        listed = self.node.onymctl("id", "list", "88.9431", "--as", OPERATOR, "--secret-file",
                                   self.node.root / "secret").stdout.decode().split()
        self.assertGreaterEqual(len(listed), run["registered"])

    def test_a_wrong_secret_is_told(self):
        wrong = self.node.root / "wrong"
        wrong.write_text("no")
        wrong.chmod(0o600)
        words = ["--mix", "register=1", "--as", OPERATOR, "--secret-file", wrong, "--under",
                 "88.9431", "-q"]
        done = onymbench("run", "-t", "tcp", *words, f"127.0.0.1:{self.node.port}")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("403, authentication failed", done.stderr)
        wrong.chmod(0o644)
        done = onymbench("run", "-t", "tcp", *words, f"127.0.0.1:{self.node.port}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("wrong", done.stderr)

    def workload(self, name, *words, code=(0,)):
        done = onymbench("workload", "-q", "--json", "-", "--records", RECORDS, "-d",
                         "1s" if node.is_sanitized() else "300ms", "--warm-up", "30ms",
                         "--timeout", "10s", "--https-port", self.node.https_port, "--ops", f"127.0.0.1:{self.node.ops_port}", *words,
                         name, f"127.0.0.1:{self.node.port}")
        self.assertIn(done.returncode, code, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["workload"], name.upper())
        for run in document["runs"]:
            self.assertEqual(run["wrong"] + run["timeouts"] + run["broken"], 0, run)
            self.assertGreater(run["answers"], 0)
        return done.stderr, document["runs"]

    def test_workloads_that_read(self):
        for name, steps in (("W1", 3), ("W2", 2), ("W3", 2), ("W7", 2), ("W9", 2)):
            with self.subTest(name):
                text, runs = self.workload(name, "--idle", 20)
                self.assertTrue(text.startswith(name + " "), text)
                self.assertEqual(len(runs), steps)
        self.assertEqual(runs[1]["idle_open"], 20)

    def test_workloads_that_register(self):
        for name, steps, words in (("W4", 6, ["--ca", self.node.ca, "--rows", 20]),
                                   ("w5", 3, ["--ca", self.node.ca, "--rows", 20,
                                              "--beside-rate", 20]),
                                   ("W6", 2, ["--ca", self.node.ca, "--import-rows", 5,
                                              "-d", "2s"]),
                                   ("W6", 2, ["--import-rows", 5, "-d", "2s"])):
            with self.subTest(name):
                text, runs = self.workload(name, "--rate", 100, *words, *self.identity)
                self.assertEqual(len(runs), steps)
                beside = runs[1]["beside"]
                if name == "W4":
                    self.assertIsNone(beside)
                else:
                    self.assertGreater(beside["answers"], 0)
        self.assertIn("import beside it: 5 of 5 rows", text)
        # it ends with the import, a tenth of that time even under a sanitizer on a busy machine
        self.assertLess(runs[1]["seconds"], runs[0]["seconds"])

    def test_an_import_over_https_that_outlasts_the_run_is_stopped(self):
        before = set(pathlib.Path(tempfile.gettempdir()).glob("onymbench-*"))
        # under a sanitizer on a busy machine the first page takes more than two seconds
        _, runs = self.workload("W6", "--rate", 100, "--import-rows", "600k", "--ca", self.node.ca,
                                "-d", "8s" if node.is_sanitized() else "2s", *self.identity)
        beside = runs[1]["beside"]
        self.assertFalse(beside["import"]["complete"])
        self.assertGreater(beside["answers"], 0)
        self.assertEqual(beside["import"]["rows"], 600000)
        self.assertTrue(beside["import"]["server"].startswith("https://"))
        self.assertEqual(set(pathlib.Path(tempfile.gettempdir()).glob("onymbench-*")), before)

    def test_an_import_that_is_refused_is_told(self):
        done = onymbench("workload", "-q", "--records", RECORDS, "-d", "1s", "--warm-up", "30ms",
                         "--as", OPERATOR, "--secret-file", self.node.root / "secret", "--under",
                         "88.9999", "--import-rows", 50, "W6", f"127.0.0.1:{self.node.port}")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"onymbench: (the import failed|\d+ rows of the import)")

    def test_abuse_comes_from_another_address(self):
        text, runs = self.workload("W11", "--beside-rate", 2000)
        self.assertIsNone(runs[0]["beside"])
        self.assertGreater(runs[1]["beside"]["answers"], 0)
        self.assertGreater(runs[0]["server"]["cpu_us_per_answer"], 0)
        self.assertIsNone(runs[1]["server"]["cpu_us_per_answer"])  # the abuser had most of it
        self.assertRegex(text, r"W11: 99 % within \d+ us .*met")

    def test_threads_share_the_load(self):
        _, run = self.run_load("tcp", "--threads", 2, "--connections", 5, "--window", 8)
        self.assertEqual(run["connections_opened"], 5)
        self.assertEqual(run["codes"], {"1": run["requests"]})

    def test_an_authority_that_does_not_vouch_stops_the_load(self):
        stranger, _ = secured.self_signed(self.node.root, "stranger")
        done = onymbench("run", "-q", "--transport", "tls", "--duration", "300ms", "--timeout", "5s",
                         "--ca", stranger, f"127.0.0.1:{self.node.tls_port}")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("certificate", done.stderr)

    def test_idle_connections_and_the_server_are_reported(self):
        _, run = self.run_load("udp", "--idle", 50, "--ops", f"127.0.0.1:{self.node.ops_port}")
        self.assertEqual(run["idle_open"], 50)
        self.assertGreater(run["server"]["cpu_us_per_answer"], 0)
        self.assertGreater(run["server"]["resident_bytes"], 0)
        self.assertIn("bytes_per_idle_connection", run["server"])

    def test_json_report_and_comparison(self):
        with tempfile.TemporaryDirectory(prefix="onym-test-onymbench-") as folder:
            folder = pathlib.Path(folder)
            for name in ("a", "b"):
                done = onymbench("run", "-d", "1.2s", "--warm-up", "150ms", "--label", "<x>",
                                 "--records", RECORDS, "--json", folder / f"{name}.json",
                                 "--report", folder / f"{name}.html",
                                 f"127.0.0.1:{self.node.port}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r"(?m)^ +1\.\d s +\d+/s +p50")
                self.assertRegex(done.stdout, r"code 1 +\d+")
            self.check_document(json.loads((folder / "a.json").read_text()))
            self.check_page((folder / "a.html").read_text())
            done = onymbench("report", folder / "a.json")
            self.assertEqual(done.stdout, (folder / "a.html").read_text())
            done = onymbench("compare", "--margin", 1000, folder / "a.json", folder / "b.json")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"verdict: .*the same")
            done = onymbench("compare", "--json", folder / "a.json", folder / "a.json")
            self.assertEqual(json.loads(done.stdout)["runs"][0]["ratios"]["rate"], 1)

    def check_document(self, document):
        self.assertEqual(set(document), {"onymbench", "machine", "at", "workload", "runs"})
        self.assertEqual(document["onymbench"]["format"], 1)
        self.assertGreater(document["machine"]["cores"], 0)
        run = document["runs"][0]
        self.assertEqual(run["name"], "<x>")
        self.assertEqual(set(run["latency_us"]),
                         {"p50", "p90", "p99", "p99_9", "p99_99", "max", "mean"})
        self.assertGreaterEqual(len(run["series"]), 1)
        self.assertEqual(set(run["series"][0]),
                         {"t", "seconds", "rate", "p50_us", "p99_us", "errors"})
        self.assertEqual(run["settings"]["mix"], {"resolve": 1})

    def check_page(self, text):
        page = Page(text)
        self.assertEqual((page.open, page.faults), ([], []))
        self.assertEqual(page.seen["svg"], 3)
        self.assertNotIn("script", page.seen)
        self.assertIn("&lt;x&gt;", text)
        self.assertEqual(re.findall(r"https?:|src=|href=|url\(|@import", text), [])

    def test_a_report_on_standard_output_is_all_there_is(self):
        done = onymbench("run", "-d", "100ms", "--warm-up", 0, "--records", RECORDS, "--report", "-",
                         f"127.0.0.1:{self.node.port}")
        self.assertTrue(done.stdout.startswith("<!DOCTYPE html>"), done.stdout[:200])
        self.assertIn("right answers", done.stderr)

    def test_an_interrupt_prints_what_there_is(self):
        with subprocess.Popen([ONYMBENCH, "run", "-d", "1h", "--warm-up", "0", "--json", "-",
                               "--records", str(RECORDS), f"127.0.0.1:{self.node.port}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            line = load.stderr.readline()  # of the first second
            load.send_signal(signal.SIGINT)
            out, error = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 130, error)
        self.assertIn("p99", line)
        run = json.loads(out)["runs"][0]
        self.assertTrue(run["interrupted"])
        self.assertGreater(run["answers"], 0)
        self.assertIn("right answers", error)


class CommandLine(unittest.TestCase):
    def refuse(self, words, text, code=2):
        done = onymbench(*words)
        self.assertEqual((done.returncode, done.stdout), (code, ""), words)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_help_fits_and_ends_with_two_examples(self):
        for words in ([], ["run"], ["workload"], ["compare"], ["report"]):
            done = onymbench(*words, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
            examples = done.stdout.split("Examples:\n")[1].splitlines()
            self.assertEqual(len(examples), 2, examples)
            self.assertTrue(all("onymbench" in line for line in examples))

    def test_what_is_wrong_is_said(self):
        for words, text in (
                ([], "say what to do"), (["rum"], "did you mean 'run'?"), (["x"], "unknown command"),
                (["run"], "name the server"), (["run", "a", "b"], "one server"),
                (["run", "--windw", 1, "::1"], "did you mean --window?"),
                (["run", "--xyzzy", "::1"], "unknown option --xyzzy"),
                (["run", "--window"], "--window needs an argument"),
                (["run", "--quiet=1", "::1"], "--quiet takes no argument"),
                (["run", "-t", "upd", "::1"], "did you mean udp?"),
                (["run", "--mix", "hit=1", "::1"], "unknown kind 'hit'"),
                (["run", "--names", "some.txt", "::1"], "--names-file"),
                (["run", "--names-file", "/nonexistent", "::1"], "/nonexistent"),
                (["run", "--new-connections", "::1"], "UDP has no connections"),
                (["run", "--ca", "x", "::1"], "--ca is for"),
                (["run", "--arrivals", "fixed", "::1"], "--arrivals is of an open loop"),
                (["run", "--threads", 4, "--connections", 3, "::1"], "is less than --threads 4"),
                (["run", "--source", "127.0.0.1", "::1"], "address family"),
                (["run", "--duration", "5parsecs", "::1"], "give a time"),
                (["run", "256.1.1.1:0"], "is not HOST"),
                (["workload", "W1"], "name the workload and the server"),
                (["workload", "W12", "::1"], "did you mean W1"),
                (["workload", "W8", "::1"], "workload 'W8'"),
                (["workload", "W4", "::1"], "W4 registers"),
                (["workload", "--mix", "miss=1", "W1", "::1"], "leave --transport"),
                (["run", "--https-port", 1, "::1"], "are for onymbench workload"),
                (["run", "--mix", "register=1", "::1"], "say as whom"),
                (["run", "--rows", 2001, "::1"], "from 1 to 2000"),
                (["run", "-t", "tcp", "--mix", "batch=1", "--as", "1:a", "--secret-file", "x",
                  "--under", "88.1", "::1"], "https only"),
                (["run", "--as", "1:a", "::1"], "with register, update or batch"),
                (["run", "--label", b"\xff", "::1"], "--label: give UTF-8"),
                (["compare", "a"], "give two files"), (["report"], "give one file"),
                (["report", "/nonexistent"], "/nonexistent")):
            with self.subTest(words):
                self.refuse(words, text)

    def test_limits(self):
        for option, least, most in (("--window", 1, 4096), ("--connections", 1, 60000),
                                    ("--threads", 1, 64), ("--records", 1, 1000000000)):
            for value in (least - 1, most + 1, "x", "-1", "1.5"):
                self.refuse(["run", option, value, "::1"], f"from {least} to {most}")
        self.refuse(["run", "--connections", 65, "--window", 4096, "::1"], "at most 262144")

    def test_a_server_elsewhere_needs_a_word(self):
        self.refuse(["run", "192.0.2.1"], "--this-server-is-mine", 6)
        self.refuse(["run", "[2001:db8::1]:2641"], "--this-server-is-mine", 6)

    def test_nobody_there(self):
        for transport in ("udp", "tcp", "tls", "https"):
            done = onymbench("run", "-q", "-t", transport, "-d", PATIENCE, "--warm-up", 0,
                             "--timeout", "50ms", f"127.0.0.1:{node.free_port()}")
            self.assertEqual(done.returncode, 3, transport)
            self.assertIn("refused", done.stderr)

    def test_a_file_that_cannot_be_written_is_told_before_the_load(self):
        for option in ("--json", "--report"):
            for command in (["run"], ["workload", "W3"]):
                self.refuse([*command, option, "/nonexistent/x", "::1"], "write /nonexistent/x", 5)
            self.refuse(["run", option, "/", "::1"], "Is a directory", 5)
        self.refuse(["run", "--json", "-", "--report", "-", "::1"], "only one of them")

    def test_a_rate_that_asks_for_nothing(self):
        done = onymbench("run", "-q", "-r", 0.1, "-d", "10ms", "--warm-up", 0,
                         f"127.0.0.1:{node.free_port()}")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("no request was due", done.stderr)

    def test_a_server_of_another_kind(self):
        with responder.Stranger() as stranger, tempfile.NamedTemporaryFile() as secret:
            where = f"127.0.0.1:{stranger.port}"
            for transport in ("tcp", "http"):
                done = onymbench("run", "-q", "-t", transport, "-d", PATIENCE, "--warm-up", 0, where)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("hangs up", done.stderr)
            secret.write(b"x")
            secret.flush()
            self.refuse(["run", "-t", "tcp", "--mix", "register=1", "--as", OPERATOR, "--under",
                         "88.9431", "--secret-file", secret.name, where], "login as", 3)
            self.refuse(["run", "--ops", where, where], "not the metrics page", 3)


if __name__ == "__main__":
    unittest.main()
