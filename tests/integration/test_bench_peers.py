"""The commands of bench/ that compare with other servers run, count right answers only, and say what
they left out. Their quick mode is run: it proves nothing about speed."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["ONYM_BUILD"]).resolve()
BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH))

from lib import resting, rounds, targets  # noqa: E402


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two processors")
class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-test-peers-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def kdamond(self, number, state, action):
        folder = self.folder / str(number)
        scheme = folder / "contexts" / "0" / "schemes" / "0"
        scheme.mkdir(parents=True)
        (scheme / "action").write_text(f"{action}\n", "ascii")
        (folder / "state").write_text(f"{state}\n", "ascii")
        return folder / "state"

    def test_nothing_is_paged_out_meanwhile(self):
        with resting.memory_kept(self.folder / "none") as stopped:
            self.assertEqual(stopped, 0)
        pages_out, watches, rests = (self.kdamond(0, "on", "pageout"), self.kdamond(1, "on", "stat"),
                                     self.kdamond(2, "off", "pageout"))
        with self.assertRaises(ZeroDivisionError), resting.memory_kept(self.folder) as stopped:
            self.assertEqual(stopped, 1)
            self.assertEqual([state.read_text().strip() for state in (pages_out, watches, rests)],
                             ["off", "on", "off"])
            _ = 1 // 0
        self.assertEqual([state.read_text().strip() for state in (pages_out, watches, rests)],
                         ["on", "on", "off"])

    def run_script(self, name, *arguments):
        return subprocess.run([sys.executable, str(BENCH / f"{name}.py"), *map(str, arguments)],
                              text=True, capture_output=True, timeout=250, check=False)

    def quick(self, name, *cases):
        """The result of a quick run."""
        only = [word for case in cases for word in ("--only", case)]
        path = self.folder / f"{name}.json"
        done = self.run_script(name, "--build", BUILD, "--quick", "--json", path, *only)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(result["left_out"], [], done.stdout)
        self.assertTrue(result["settings"]["quick"])
        for absent in result["absent"]:
            print(f"not compared: {absent}")
        return result

    def check_sides(self, section, *names):
        """Each of them answered, and nothing wrong came."""
        for name in names:
            self.assertEqual(section["wrong"][name], 0, name)
            for one in section["rounds"]:
                self.assertGreater(one["sides"][name]["answers"], 20, name)
                self.assertGreater(one["sides"][name]["us"], 0, name)

    def test_udp_against_an_echo_and_dns_servers(self):
        result = self.quick("resolve-udp", "plain")
        there = [name for name in ("knot", "nsd", "bind") if result["versions"][name]]
        self.check_sides(result["plain"], "echo", "node", *there)
        self.assertEqual(set(result["plain"]["rows"]),
                         {"udp.echo", *(f"udp.{name}" for name in there)})
        size = result["plain"]["answer_bytes"]
        self.assertGreater(size["node"], 300)
        self.assertEqual(set(size.values()), {size["node"]})  # the same bytes for all
        self.assertEqual(len(there) + len(result["absent"]), 3)

    def test_udp_kinds_of_requests(self):
        result = self.quick("resolve-udp", "burst", "two", "single", "mixed", "filtered", "private")
        self.check_sides(result["burst"], "echo", "node")
        for one in result["burst"]["rounds"]:
            self.assertGreater(one["sides"]["node"]["median_size_share"], 0.9)
        self.check_sides(result["two"], "echo", "node")
        for one in result["two"]["rounds"]:
            self.assertGreaterEqual(one["sides"]["node"]["packets"],
                                    2 * one["sides"]["node"]["answers"])
        self.check_sides(result["mixed"], "hits", "mixed")
        for one in result["mixed"]["rounds"]:
            mixed = one["sides"]["mixed"]
            self.assertGreater(mixed["requests"], mixed["answers"])  # broken ones are not waited for
            self.assertAlmostEqual(mixed["refusals"] / mixed["requests"], 0.21, delta=0.07)
            self.assertEqual(one["sides"]["hits"]["refusals"], 0)
        self.check_sides(result["filtered"], "whole", "by type", "by index")
        self.assertLess(result["filtered"]["answer_bytes"]["by type"], 200)
        sizes = result["private"]["answer_bytes"]
        self.assertEqual(sizes["whole"], sizes["permission"])

    def test_udp_with_many_records_and_with_the_cache_off(self):
        result = self.quick("resolve-large")
        self.check_sides(result["uniform"], "echo", "node", "tenth")
        self.check_sides(result["zipf"], "echo", "node")
        self.check_sides(self.quick("resolve-udp", "nocache")["nocache"], "echo", "node")

    def test_tcp_against_an_echo_and_redis(self):
        result = self.quick("resolve-tcp")
        redis = ["redis"] if result["versions"]["redis"] else []
        for case in ("one", "pipelined"):
            self.check_sides(result[case], "echo", "node", *redis)
            self.assertEqual(set(result[case]["rows"]),
                             {f"tcp.{case}.{name}" for name in ("echo", *redis)})
            size = result[case]["answer_bytes"]
            self.assertEqual(set(size.values()), {size["node"]})
        self.check_sides(result["once"], "echo", "node")
        for one in result["once"]["rounds"]:
            node = one["sides"]["node"]
            self.assertGreaterEqual(node["connections"], node["answers"])

    def test_https_against_a_fixed_answer_and_a_database(self):
        result = self.quick("resolve-https")
        there = [name for name in ("nginx", "postgres") if result["versions"][name]]
        self.check_sides(result["kept"], "node", *there)
        self.assertEqual(set(result["kept"]["rows"]), {f"https.{name}" for name in there})
        size = result["kept"]["answer_bytes"]
        if "nginx" in there:
            self.assertLess(abs(size["nginx"] - size["node"]), 20)

    def test_handshakes_against_openssl(self):
        result = self.quick("handshake")
        for case in ("full", "resumed"):
            self.check_sides(result[case], "echo", "node", "openssl")
            for one in result[case]["rounds"]:
                for name in ("node", "openssl"):
                    share = one["sides"][name]["resumed"] / one["sides"][name]["answers"]
                    self.assertTrue(share > 0.5 if case == "resumed" else share == 0, (name, share))

    def test_idle_connections(self):
        result = self.quick("idle")
        self.assertEqual(set(result["plain"]["rows"]) | set(result["tls"]["rows"]),
                         {"idle.plain", "idle.tls"})
        self.check_sides(result["beside"], "alone", "beside")

    def test_start(self):
        result = self.quick("start")
        restart = result["restart"]
        self.assertEqual(len(restart["rounds"]), 2)
        self.assertGreater(restart["node_seconds_first"]["min"], 0)
        self.assertEqual("start.first" in restart["rows"], bool(result["versions"]["knot"]))

    def test_a_run_that_breaks_leaves_the_cases_before_it(self):
        script, path = self.folder / "broken.py", self.folder / "broken.json"
        script.write_text(
            f"import sys\nsys.path.insert(0, {str(BENCH)!r})\nfrom lib import suite\n"
            "def first(s):\n    return {'rows': {}, 'figure': 7}\n"
            "def second(s):\n    raise suite.CannotRun('there is no second')\n"
            "def third(s):\n    sys.exit('broken')\n"
            "suite.Suite('broken', {'first': first, 'second': second, 'third': third}, '').run({})\n",
            encoding="utf-8")
        done = subprocess.run([sys.executable, str(script), "--build", str(BUILD), "--json", str(path)],
                              text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "broken\n"), done.stdout)
        result = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(result["first"]["figure"], 7)
        self.assertEqual(result["left_out"], ["second: there is no second"])

    def test_a_server_that_is_not_kept_busy_is_doubted(self):
        figures = {"us": {"echo": {"median": 2.0}, "node": {"median": 2.0}},
                   "per_second": {"echo": {"median": 449_000}, "node": {"median": 450_000}}}
        idle = list(rounds.idle(figures, ("echo", "node")))
        self.assertEqual([name for name, _ in idle], ["echo"])
        rows = {"udp.burst": {}}
        usual = argparse.Namespace(records=1000, usual_records=1000, quick=False)
        targets.doubt(rows, usual, True, idle)
        self.assertEqual(rows["udp.burst"]["doubt"], "the client kept echo only 89.8% busy")
        targets.doubt(rows, usual, True)
        self.assertEqual(rows["udp.burst"]["doubt"], "")

    def test_a_faster_minute_disturbs_no_other(self):
        def disturbed(*floors, **shares):
            made = [{"sides": {"echo": {"us": us, "steal_share": 0, **shares}}} for us in floors]
            rounds.judge(made, "echo", crowded=False)
            return [one["disturbed"] for one in made]

        self.assertEqual(disturbed(1.4, 2.2, 2.2, 2.3), [""] * 4)
        self.assertEqual(disturbed(2, 2, 3, 3.01, 2), ["", "", "", "echo 1.5x its median", ""])
        self.assertIn("stolen", disturbed(2, steal_share=0.03)[0])
        self.assertIn("server waited", disturbed(2, server_waited_share=0.11)[0])
        self.assertEqual(disturbed(2, steal_share=0.02, client_waited_share=0.1), [""])

    def test_rounds_with_stolen_time_do_not_say_how_fast_the_machine_is(self):
        made = [{"sides": {"echo": {"us": us, "steal_share": share}}}
                for us, share in ((2, 0), (2, 0), (3.1, 0), (9, 0.3), (9, 0.3), (9, 0.3))]
        rounds.judge(made, "echo", crowded=False)
        self.assertEqual([one["disturbed"] for one in made[:3]], ["", "", "echo 1.6x its median"])

    def test_the_table_takes_the_newest_and_leaves_quick_runs_out(self):
        def write(name, date, median, quick=False, doubt=""):
            ratio = {"median": median, "min": median, "max": median, "count": 7}
            (self.folder / name).write_text(json.dumps({
                "command": "./run bench x", "settings": {"quick": quick},
                "versions": {"onymd": "v", "build_type": "Release, trained"},
                "machine": {"date": date, "cpu": "c", "cores": 2, "system": "s", "kernel": "k"},
                "plain": {"rows": {"udp.echo": {"ratio": ratio, "doubt": doubt}}}}))
        write("quick.json", "2026-03-01", 0.5, quick=True)
        done = self.run_script("table", "--results", self.folder)
        self.assertEqual(done.returncode, 1)
        write("a.json", "2026-02-01", 1.5, doubt="disturbed")
        write("b.json", "2026-01-01", 1.1)
        done = self.run_script("table", "--results", self.folder)
        row = [line for line in done.stdout.splitlines() if "1.50" in line]
        self.assertEqual(len(row), 1, done.stdout + done.stderr)
        self.assertIn("disturbed", row[0])
        self.assertIn("; v, Release, trained", done.stdout)
        self.assertIn("NOT reached", row[0])
        self.assertNotIn("1.10 (", done.stdout)
        self.assertIn("not measured", done.stdout)


if __name__ == "__main__":
    unittest.main()
