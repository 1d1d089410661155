#!/usr/bin/env python3
"""The daemon's life: start, refusal to start, reload, stop; listeners, connections, damage."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402

NAME = "88.1.2/crankshaft"
RECORDS = [
    {"handle": "0.NA/88.1.2", "values": [{"index": 1, "type": "DESC", "data": "曲轴厂"}]},
    {"handle": NAME, "values": [{"index": 1, "type": "URL", "data": "https://example.cn/1"}]},
    {"handle": "88.1.2/long", "values": [{"index": i, "type": "DESC", "data": "x" * 1000}
                                         for i in range(1, 21)]},
]


def request(name, request_id=7):
    body = struct.pack(">I", len(name.encode())) + name.encode() + bytes(8)
    message = struct.pack(">IIIHBBII", 1, 0, 0x19000000, 0xFFFF, 0, 0, 2_000_000_000, len(body))
    message += body + bytes(4)
    return bytes([2, 11, 2, 11]) + struct.pack(">IIII", 0, request_id, 0, len(message)) + message


def code(reply):
    return struct.unpack(">I", reply[24:28])[0]


def run_daemon(*words, cwd=None, environment=None, timeout=20):
    return subprocess.run([str(node.program("onymd")), *words], capture_output=True, text=True,
                          timeout=timeout, check=False, cwd=cwd,
                          env=dict(os.environ, **(environment or {})))


def off(*more):
    """Overrides that keep the daemon from every port but those named."""
    words = []
    for setting in ("listen.handle_udp=", "listen.handle_tcp=", "listen.ops=", *more):
        words += ["--set", setting]
    return words


class Refusals(unittest.TestCase):
    """Each prints what is wrong and what to do, and exits with the documented code."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="onym-life-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def settings(self, port, data="data"):
        return [f"listen.handle_udp=127.0.0.1:{port}", f"listen.handle_tcp=127.0.0.1:{port}",
                f"storage.dir={self.dir / data}", "storage.map_size=64MiB"]

    def test_all_errors_of_a_configuration_at_once_and_exit_78(self):
        config = self.dir / "bad.yaml"
        config.write_text("node:\n  wrkers: 3\n  workers: many\nlimits:\n  tcp_idle: 10\n")
        done = run_daemon("--config", str(config))
        self.assertEqual(done.returncode, 78)
        self.assertIn("bad.yaml:2:3: node.wrkers", done.stderr)
        self.assertIn("did you mean", done.stderr)
        self.assertIn("bad.yaml:3:12: node.workers", done.stderr)
        self.assertIn("bad.yaml:5:13: limits.tcp_idle", done.stderr)
        self.assertEqual(run_daemon("--config", str(config), "--check-config").returncode, 78)

    def test_check_config_starts_nothing(self):
        done = run_daemon("--check-config", cwd=self.dir)
        self.assertEqual((done.returncode, done.stdout), (0, "configuration valid\n"))
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_a_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = run_daemon(*off(*self.settings(port)))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"onymd: TCP 127.0.0.1:{port} is taken", done.stderr)
        self.assertIn("listen:", done.stderr)

    def test_an_address_of_another_machine(self):
        done = run_daemon(*off("listen.handle_tcp=192.0.2.77:12641",
                               f"storage.dir={self.dir / 'data'}"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("192.0.2.77:12641 is not an address of this machine", done.stderr)

    def test_nothing_to_listen_on(self):
        done = run_daemon(*off(f"storage.dir={self.dir / 'data'}"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing listens for the Handle protocol", done.stderr)

    def test_a_directory_that_cannot_be_made(self):
        (self.dir / "file").write_text("")
        port = node.free_port()
        done = run_daemon(*off(*self.settings(port, "file/data")))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.strip().splitlines()[-1:]), 1)
        self.assertIn("file/data", done.stderr)

    def test_a_directory_in_use_names_its_holder(self):
        with node.Node(records=RECORDS) as it:
            port = node.free_port()
            done = run_daemon(*off(f"listen.handle_tcp=127.0.0.1:{port}",
                                   f"storage.dir={it.data}", "storage.map_size=64MiB"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"onymd pid {it.process.pid}", done.stderr)

    def test_a_site_that_clients_cannot_reach(self):
        port = node.free_port()
        at = f"listen.handle_tcp=0.0.0.0:{port}"
        done = run_daemon(*off(at, f"storage.dir={self.dir / 'data'}", "storage.map_size=64MiB"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("site.handle_tcp", done.stderr)

    def test_unknown_words(self):
        self.assertEqual(run_daemon("--nonsense").returncode, 78)
        self.assertEqual(run_daemon("serve").returncode, 78)
        done = run_daemon("--help")
        self.assertEqual(done.returncode, 0)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_an_address_space_that_is_not_there(self):
        port = node.free_port()

        def little():
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

        if node.is_sanitized():
            self.skipTest("a sanitizer reserves more address space than this test allows")
        done = subprocess.run([str(node.program("onymd")), *off(*self.settings(port)[:3])],
                              capture_output=True, text=True, timeout=20, preexec_fn=little,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("storage.map_size", done.stderr)


class Life(unittest.TestCase):
    def test_without_a_configuration_it_starts_on_loopback(self):
        """The documented defaults, when nobody else has the ports."""
        for port in (2641, 9641):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    self.skipTest(f"port {port} is in use on this machine")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-life-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        process = subprocess.Popen([str(node.program("onymd"))], cwd=folder,
                                   stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 20
            reply = b""
            while not reply and time.monotonic() < until and process.poll() is None:
                try:
                    with socket.create_connection(("127.0.0.1", 2641), 2) as sock:
                        sock.sendall(request(NAME))
                        reply = node.read_message(sock)
                except OSError:
                    time.sleep(0.05)
            self.assertEqual(code(reply), 301)
            self.assertTrue((folder / "onym-data" / "data.mdb").is_file())
        finally:
            process.terminate()
            self.assertEqual(process.wait(20), 0)

    def test_term_answers_what_was_asked_and_exits_0(self):
        with node.Node(records=RECORDS, workers=2) as it:
            with it.tcp_connect() as sock:
                sock.sendall(request(NAME))
                self.assertEqual(code(node.read_message(sock)), 1)
                it.signal(signal.SIGTERM)
                self.assertEqual(sock.recv(1), b"")
            self.assertEqual(it.process.wait(20), 0)
            self.assertIn('"event":"stopped"', it.log())
            it.process = None

    def test_reload_takes_the_log_level_and_names_what_needs_a_restart(self):
        with node.Node(records=RECORDS) as it:
            text = it.config.read_text()
            it.config.write_text(text.replace("format: json", "format: json\n  level: debug")
                                 .replace("workers: 1", "workers: 2"))
            it.signal(signal.SIGHUP)
            self.wait_for(it, '"event":"reloaded"')
            self.assertIn('"key":"node.workers"', it.log())
            self.assertNotIn('"key":"storage.dir"', it.log())
            it.config.write_text("node: [")
            it.signal(signal.SIGHUP)
            self.wait_for(it, '"event":"reload_error"')
            self.assertEqual(code(it.tcp(request(NAME))), 1)

    def test_usr1_logs_a_summary(self):
        with node.Node(records=RECORDS) as it:
            self.assertEqual(code(it.udp(request(NAME))), 1)
            it.signal(signal.SIGUSR1)
            self.wait_for(it, '"event":"summary"')
            self.assertIn('"identifiers":3', it.log())

    @staticmethod
    def threads(it):
        """(id, name) of each; one that ends meanwhile is left out."""
        found = []
        for path in pathlib.Path(f"/proc/{it.process.pid}/task").glob("*/comm"):
            with contextlib.suppress(OSError):
                found.append((int(path.parent.name), path.read_text("utf-8").strip()))
        return found

    def test_each_thread_says_what_it_does(self):
        wanted = {"onymd", "worker-0", "worker-1", "writer", "proof", "log"}
        names, until = set(), time.monotonic() + 10
        with node.Node(records=RECORDS, workers=2) as it:
            while not wanted <= names and time.monotonic() < until:
                names = {name for _, name in self.threads(it)}
        self.assertLessEqual(wanted, names)

    def test_registration_stands_behind_resolution(self):
        """Ten steps of nice unless asked for others, as SCHED_BATCH, and only the threads of
        registration."""
        own, policy = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
        for settings, behind in (((), 10), (("node.registration_nice=0",), 0),
                                 (("node.registration_nice=19",), 19)):
            with self.subTest(settings=settings), node.Node(settings=settings) as it:
                front = (own, policy)
                batch = os.SCHED_BATCH if policy == os.SCHED_OTHER else policy
                back = (min(own + behind, 19), batch) if behind else front
                wanted = {"onymd": front, "worker-0": front, "writer": back, "proof": back}
                found, until = {}, time.monotonic() + 10
                while found != wanted and time.monotonic() < until:
                    found = {name: (os.getpriority(os.PRIO_PROCESS, thread),
                                    os.sched_getscheduler(thread))
                             for thread, name in self.threads(it) if name in wanted}
                self.assertEqual(found, wanted)

    def test_workers_may_be_pinned(self):
        """Each to one of the processors of the node, in turn, and only if asked; other threads have
        what is left over, or all."""
        usable = sorted(os.sched_getaffinity(0))
        for word, count in (("no", 1), ("yes", 1), ("yes", min(len(usable) + 1, 64))):
            settings = (f"node.pin_workers={word}",)
            with self.subTest(settings=settings, workers=count), \
                 node.Node(records=RECORDS, workers=count, settings=settings) as it:
                pinned = word == "yes"
                wanted = {f"worker-{i}": {usable[i % len(usable)]} if pinned else set(usable)
                          for i in range(count)}
                left = set(usable[count:] if pinned else usable) or set(usable)
                wanted.update({"onymd": left, "writer": left, "proof": left})
                found, until = {}, time.monotonic() + 10
                while found != wanted and time.monotonic() < until:
                    found = {name: os.sched_getaffinity(thread)
                             for thread, name in self.threads(it) if name in wanted}
                self.assertEqual(found, wanted)
                self.assertEqual(code(it.udp(request(NAME))), 1)

    def wait_for(self, it, text):
        until = time.monotonic() + 10
        while text not in it.log():
            self.assertLess(time.monotonic(), until, it.log_tail())
            it.check_alive()
            time.sleep(0.02)

    def test_kill_and_start_again(self):
        it = node.Node(records=RECORDS)
        try:
            for _ in range(3):
                it.start()
                self.assertEqual(code(it.udp(request(NAME))), 1)
                it.kill()
        finally:
            it.__exit__(RuntimeError, None, None)


class Listening(unittest.TestCase):
    def test_ipv6(self):
        with node.Node(records=RECORDS, address="::1") as it:
            self.assertEqual(code(it.udp(request(NAME))), 1)
            self.assertEqual(code(it.tcp(request(NAME))), 1)

    def test_an_answer_leaves_from_the_address_that_was_asked(self):
        port = node.free_port()
        with node.Node(records=RECORDS, settings=[f"listen.handle_udp=0.0.0.0:{port}"]):
            with node.udp_socket("127.0.0.2", port, 5) as sock:  # connected: hears nobody else
                sock.send(request(NAME))
                self.assertEqual(code(sock.recv(65536)), 1)

    def test_the_site_tells_the_published_address(self):
        with node.Node(records=RECORDS, settings=["site.handle_tcp=192.0.2.9:2641"]) as it:
            body = struct.pack(">I", 1) + b"/"
            message = struct.pack(">IIIHBBII", 2, 0, 0, 0xFFFF, 0, 0, 0, len(body)) + body + bytes(4)
            reply = it.tcp(bytes([2, 11, 2, 11]) + struct.pack(">IIII", 0, 1, 0, len(message)) +
                           message)
            self.assertIn(bytes(12) + bytes([192, 0, 2, 9]), reply)
            first = reply.index(bytes([192, 0, 2, 9])) + 4 + 4 + 4  # key length, interface count
            self.assertEqual(reply[first:first + 6], bytes([3, 1, 0, 0, 0x0a, 0x51]),
                             "TCP for both comes first: old clients take it for everything")

    def test_port_0_is_the_same_for_all_workers(self):
        with node.Node(records=RECORDS, workers=2,
                       settings=["listen.handle_udp=127.0.0.1:0"]) as it:
            until = time.monotonic() + 10  # the log is written by a thread of its own
            while not (told := re.search('"handle_udp".*"address":"127.0.0.1:([0-9]+)"', it.log())):
                self.assertLess(time.monotonic(), until, it.log())
                time.sleep(0.02)
            port = int(told[1])
            for i in range(40):  # other source ports reach the other worker
                with node.udp_socket("127.0.0.1", port, 5) as sock:
                    sock.send(request(NAME, i + 1))
                    self.assertEqual(code(sock.recv(65536)), 1)

    def test_metrics_count_by_transport_and_code(self):
        with node.Node(records=RECORDS) as it:
            it.udp(request(NAME))
            it.tcp(request(NAME))
            it.tcp(request("99.9/elsewhere"))
            it.udp_silent(b"runt")
            time.sleep(0.6)
            status, headers, body = it.http("/metrics")
            text = body.decode()
            self.assertEqual(status, 200)
            self.assertIn("text/plain; version=0.0.4", headers["Content-Type"])
            for line in ('onym_resolve_requests_total{transport="udp",code="1"} 1',
                         'onym_resolve_requests_total{transport="tcp",code="1"} 1',
                         'onym_resolve_requests_total{transport="tcp",code="301"} 1',
                         'onym_udp_dropped_total{reason="runt"} 1', "onym_identifiers 3"):
                self.assertIn(line + "\n", text)
            self.assertEqual(it.http("/livez")[0], 200)
            self.assertEqual(it.http("/nothing")[0], 404)


class Connections(unittest.TestCase):
    def test_thousands_stay_open_and_cost_little(self):
        count = 2000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < count + 100:
            self.skipTest(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 100), hard))
        with node.Node(records=RECORDS) as it:
            it.tcp(request(NAME))
            before = it.rss_bytes()
            held = [it.tcp_connect() for _ in range(count)]
            try:
                for sock in held:
                    sock.sendall(request(NAME))
                for sock in held:
                    self.assertEqual(code(node.read_message(sock)), 1)
                each = (it.rss_bytes() - before) / count
                if not node.is_sanitized():
                    self.assertLess(each, 8192)
                self.assertEqual(code(it.udp(request(NAME))), 1)
            finally:
                for sock in held:
                    sock.close()

    def test_over_the_limit_a_connection_is_closed_and_others_live(self):
        with node.Node(records=RECORDS, settings=["limits.tcp_connections=3"]) as it:
            held = [it.tcp_connect() for _ in range(3)]
            for sock in held:
                sock.sendall(request(NAME))
                self.assertEqual(code(node.read_message(sock)), 1)
            with it.tcp_connect() as more:
                self.assertEqual(more.recv(1), b"")
            held.pop().close()
            time.sleep(0.2)
            self.assertEqual(code(it.tcp(request(NAME))), 1)
            for sock in held:
                sock.close()

    def test_pipelined_answers_come_in_order(self):
        with node.Node(records=RECORDS) as it, it.tcp_connect() as sock:
            count = 500
            names = [NAME, "88.1.2/none", "88.1.2/long", "99.9/x"]
            codes = [1, 100, 1, 301]
            sock.settimeout(20)
            sock.sendall(b"".join(request(names[i % 4], i + 1) for i in range(count)))
            for i in range(count):
                reply = node.read_message(sock)
                self.assertEqual(struct.unpack(">I", reply[8:12])[0], i + 1)
                self.assertEqual(code(reply), codes[i % 4])

    def test_a_silent_connection_is_closed_after_its_time(self):
        with node.Node(records=RECORDS, settings=["limits.tcp_idle=1s"]) as it:
            with it.tcp_connect(10) as sock:
                self.assertEqual(sock.recv(1), b"")


class Damage(unittest.TestCase):
    def test_a_damaged_record_is_reported_and_never_served(self):
        it = node.Node(records=RECORDS)
        try:
            data = it.data / "data.mdb"
            content = data.read_bytes()
            at = content.index(b"https://example.cn/1")
            with data.open("r+b") as file:
                while at >= 0:  # every copy, also on pages no longer in use
                    file.seek(at)
                    file.write(b"H")
                    at = content.find(b"https://example.cn/1", at + 1)
            it.start()
            self.assertEqual(code(it.tcp(request(NAME))), 2)
            self.assertEqual(code(it.tcp(request("88.1.2/long"))), 1)
            until = time.monotonic() + 10
            while '"event":"record_damaged"' not in it.log():
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)
            self.assertIn(f'"id":"{NAME}"', it.log())
            it.stop()
        finally:
            it.__exit__(RuntimeError, None, None)


if __name__ == "__main__":
    unittest.main()
