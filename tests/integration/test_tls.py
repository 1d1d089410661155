#!/usr/bin/env python3
"""TLS of the real daemon with clients of other makes: openssl s_client and Python's ssl."""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import node  # noqa: E402
import secured  # noqa: E402

RSA_SUITES = {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
              "ECDHE-RSA-AES128-GCM-SHA256"}


class Off(unittest.TestCase):
    def test_without_a_certificate_one_line_says_so(self):
        port = node.free_port()
        with node.Node(records=secured.RECORDS,
                       settings=[f"listen.handle_tls=127.0.0.1:{port}"]) as it:
            self.assertEqual(it.log().count('"event":"tls_off"'), 1)
            self.assertNotIn('"listener":"handle_tls"', it.log())
            with socket.socket() as sock:
                self.assertNotEqual(sock.connect_ex(("127.0.0.1", port)), 0)
            self.assertNotIn(b"certificate_expiry", it.http("/metrics")[2])

    def test_a_wrong_pair_stops_the_start_with_one_line(self):
        it = secured.Secured(records=secured.RECORDS)
        try:
            _, other = secured.self_signed(it.root, "other")
            words = [w for w in it.settings if not w.startswith("tls.key_file")]
            it.write_config()
            done = secured.run(node.program("onymd"), "-c", it.config,
                       *[part for w in words for part in ("--set", w)],
                       "--set", f"tls.key_file={other}")
            self.assertEqual(done.returncode, 1)
            last = done.stderr.decode().strip().splitlines()[-1]
            self.assertIn("is not the key of the first certificate", last)
            os.chmod(other, 0o644)
            done = secured.run(node.program("onymd"), "-c", it.config,
                       *[part for w in words for part in ("--set", w)],
                       "--set", f"tls.key_file={other}")
            self.assertIn("chmod 600", done.stderr.decode())
        finally:
            it.__exit__(RuntimeError, None, None)


class Profile(unittest.TestCase):
    def test_both_versions_answer_pipelined_requests_in_order(self):
        with secured.Secured(records=secured.RECORDS) as it:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with it.connect(it.client(version)) as sock:
                    self.assertEqual(sock.compression(), None)
                    count = 400
                    names = [secured.NAME, "88.1.2/none", "88.1.2/long", "99.9/x"]
                    codes = [1, 100, 1, 301]
                    bytes_ = b"".join(secured.request(names[i % 4], i + 1) for i in range(count))
                    for i, reply in enumerate(it.pipeline(sock, bytes_, count)):
                        self.assertEqual(struct.unpack(">I", reply[8:12])[0], i + 1)
                        self.assertEqual(secured.code(reply), codes[i % 4])
                    self.assertEqual(i, count - 1)
            time.sleep(0.6)
            for version in ("1.2", "1.3"):
                self.assertEqual(it.metric(
                    f'onym_tls_connections_total{{listener="handle_tls",version="{version}"}}'), 1)
            self.assertEqual(it.metric(
                'onym_resolve_requests_total{transport="tls",code="1"}'), 400)
            expiry = it.metric(
                'onym_tls_certificate_expiry_timestamp_seconds{listener="handle_tls"}')
            self.assertAlmostEqual(expiry, time.time() + 825 * 86400, delta=3600)

    def test_older_versions_are_refused(self):
        with secured.Secured(records=secured.RECORDS) as it:
            for version in ("-tls1", "-tls1_1"):
                status, text = it.s_client(version, "-cipher", "ALL:@SECLEVEL=0")
                self.assertNotEqual(status, 0, text)
                self.assertIn("alert protocol version", text)
            for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
                status, text = it.s_client(version)
                self.assertEqual(status, 0, text)
                self.assertIn(name, text)

    def test_every_suite_a_client_may_have_is_tried(self):
        """The accepted set with an RSA certificate; the unit tests count out an EC one."""
        it = secured.Secured(records=secured.RECORDS)
        try:
            certificate, key = secured.self_signed(it.root, "rsa", ("-newkey", "rsa:2048"))
            it.settings[-2:] = [f"tls.certificate_file={certificate}", f"tls.key_file={key}"]
            it.start()
            suites = secured.openssl("ciphers", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").strip()
            suites = [s for s in suites.split(":") if not s.startswith("TLS_")]
            self.assertGreater(len(suites), 50)

            def accepts(suite):
                return it.s_client("-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")[0] == 0

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                accepted = {s for s, good in zip(suites, pool.map(accepts, suites)) if good}
            self.assertEqual(accepted, RSA_SUITES)
            it.stop()
        finally:
            it.__exit__(RuntimeError, None, None)

    def test_renegotiation_is_refused(self):
        with secured.Secured(records=secured.RECORDS) as it:
            process = subprocess.Popen(
                ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{it.tls_port}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            time.sleep(0.5)
            process.stdin.write(b"R\n")
            process.stdin.flush()
            time.sleep(0.3)
            text = process.communicate(timeout=10)[0].decode()
            self.assertIn("RENEGOTIATING", text)
            self.assertIn("no renegotiation", text)

    def test_plain_requests_on_the_port_are_ended(self):
        with secured.Secured(records=secured.RECORDS) as it:
            with socket.create_connection(("127.0.0.1", it.tls_port), 5) as sock:
                sock.sendall(secured.request(secured.NAME))
                rest = sock.recv(100)
                self.assertTrue(rest == b"" or rest[0] == 21, rest)  # the end, or an alert
            it.wait_log('"event":"handshakes_failed"')


class Sessions(unittest.TestCase):
    def test_a_session_is_resumed_in_both_versions_and_after_a_reload(self):
        with secured.Secured(records=secured.RECORDS, workers=2) as it:
            for version in ("-tls1_2", "-tls1_3"):
                kept = it.root / f"session{version}"
                process = subprocess.Popen(
                    ["openssl", "s_client", "-connect", f"127.0.0.1:{it.tls_port}", version,
                     "-sess_out", kept], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL)
                until = time.monotonic() + 10
                while not kept.exists() or not kept.stat().st_size:  # 1.3: it comes late
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.02)
                self.assertIn(b"New, ", process.communicate(timeout=10)[0])
                for _ in range(4):  # whichever worker it reaches
                    _, text = it.s_client(version, "-sess_in", kept)
                    self.assertIn("Reused, ", text)
                it.reload()
                _, text = it.s_client(version, "-sess_in", kept)
                self.assertIn("Reused, ", text)
            time.sleep(0.6)
            self.assertEqual(it.metric(
                'onym_tls_handshakes_total{listener="handle_tls",result="resumed"}'), 10)


class Clients(unittest.TestCase):
    def test_optional_takes_any_certificate_and_required_only_known_ones(self):
        it = secured.Secured(records=secured.RECORDS)
        try:
            known = secured.self_signed(it.root, "known")
            stranger = secured.self_signed(it.root, "stranger")
            it.start()
            self.assertEqual(it.ask(), 1)
            self.assertEqual(it.ask(context=it.client(certificate=stranger)), 1)
            it.stop()

            it.settings += ["tls.client_certificates=required", f"tls.client_ca_file={known[0]}"]
            it.start()
            self.assertEqual(it.ask(context=it.client(certificate=known)), 1)
            for certificate in (None, stranger):
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    with self.assertRaises((ssl.SSLError, ConnectionError)):
                        it.ask(context=it.client(version, certificate=certificate))
            it.stop()
        finally:
            it.__exit__(RuntimeError, None, None)


class Rotation(unittest.TestCase):
    def test_the_certificate_changes_under_load_and_no_connection_is_lost(self):
        with secured.Secured(records=secured.RECORDS, workers=2) as it:
            stop = threading.Event()
            seen = set()
            counts = []

            def keep_asking():
                done = 0
                with it.connect() as sock:
                    while not stop.is_set():
                        sock.sendall(secured.request(secured.NAME, done + 1))
                        assert secured.code(node.read_message(sock)) == 1
                        done += 1
                counts.append(done)

            def connect_again():
                done = 0
                while not stop.is_set():
                    with it.connect() as sock:
                        seen.add(sock.getpeercert()["serialNumber"])
                        sock.sendall(secured.request(secured.NAME))
                        assert secured.code(node.read_message(sock)) == 1
                    done += 1
                counts.append(done)

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                workers = [pool.submit(keep_asking) for _ in range(4)]
                workers += [pool.submit(connect_again) for _ in range(2)]
                try:
                    for _ in range(8):
                        time.sleep(0.15)
                        it.init("--renew")
                        it.reload()
                    time.sleep(0.15)
                finally:
                    stop.set()
                for worker in workers:
                    worker.result(timeout=20)
            self.assertEqual(len(counts), 6)
            self.assertGreater(min(counts), 5)
            self.assertGreater(len(seen), 4)
            last = secured.openssl("x509", "-in", it.pki / "tls" / "server.crt", "-noout",
                                   "-serial")
            with it.connect() as sock:
                self.assertEqual(sock.getpeercert()["serialNumber"], last.strip().split("=")[1])

    def test_a_wrong_pair_keeps_the_old_one_and_everything_else(self):
        with secured.Secured(records=secured.RECORDS) as it:
            with it.connect() as sock:
                before = sock.getpeercert()["serialNumber"]
            shutil.copy(it.pki / "tls" / "ca.key", it.pki / "tls" / "server.key")
            text = it.config.read_text()
            it.config.write_text(text.replace("format: json", "format: json\n  level: debug"))
            it.signal(signal.SIGHUP)
            it.wait_log('"event":"reload_error"')
            self.assertIn("is not the key of the first certificate", it.log())
            self.assertNotIn('"event":"reloaded"', it.log())
            with it.connect() as sock:
                self.assertEqual(sock.getpeercert()["serialNumber"], before)

    def test_switching_tls_on_needs_a_restart_and_says_so(self):
        it = secured.Secured(records=secured.RECORDS)
        try:
            tls = it.settings[-2:]
            del it.settings[-2:]
            it.start()
            lines = "\n".join(f"  {w.split('=')[0].split('.')[1]}: {w.split('=')[1]}" for w in tls)
            it.config.write_text(it.config.read_text() + f"tls:\n{lines}\n")
            it.signal(signal.SIGHUP)
            it.wait_log('"event":"restart_needed"')
            self.assertIn('"key":"tls.certificate_file"', it.log())
            it.stop()
        finally:
            it.__exit__(RuntimeError, None, None)


class Strain(unittest.TestCase):
    def test_500_unfinished_handshakes_stop_nobody_and_go(self):
        with secured.Secured(records=secured.RECORDS) as it, contextlib.ExitStack() as held:
            hello = client_hello()
            for i in range(500):
                sock = held.enter_context(
                    socket.create_connection(("127.0.0.1", it.tls_port), 5))
                if i % 2:
                    sock.sendall(hello[:200] if i % 4 == 1 else hello)
            began = time.monotonic()
            for _ in range(20):
                self.assertEqual(it.ask(), 1)
            self.assertLess(time.monotonic() - began, 5)
            name = 'onym_tls_handshakes_total{listener="handle_tls",result="expired"}'
            until = time.monotonic() + 20
            while it.metric(name) != 500:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.2)
            self.assertEqual(it.metric('onym_connections{listener="handle_tls"}'), 0)

    def test_an_idle_connection_takes_at_most_32_kib(self):
        count = 400
        with secured.Secured(records=secured.RECORDS) as it, contextlib.ExitStack() as held:
            context = it.client()
            for _ in range(20):
                it.ask(context=context)
            before = it.rss_bytes()
            for _ in range(count):
                sock = held.enter_context(it.connect(context))
                sock.sendall(secured.request(secured.NAME))
                self.assertEqual(secured.code(node.read_message(sock)), 1)
            time.sleep(0.3)
            each = (it.rss_bytes() - before) / count
            print(f"an idle TLS connection takes {each:.0f} bytes", file=sys.stderr)
            if not node.is_sanitized():
                self.assertLess(each, 32 * 1024)

    def test_over_the_limit_a_connection_is_closed_and_others_live(self):
        with secured.Secured(records=secured.RECORDS, settings=["limits.tls_connections=2"]) as it:
            with it.connect() as first, it.connect() as second:
                with self.assertRaises((ssl.SSLError, OSError)):
                    it.connect().close()
                for sock in (first, second):
                    sock.sendall(secured.request(secured.NAME))
                    self.assertEqual(secured.code(node.read_message(sock)), 1)


def client_hello():
    """What Python's client sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()

if __name__ == "__main__":
    unittest.main()
