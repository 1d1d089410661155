"""A real onymd for integration tests: its directory, ports, configuration, life and log.

    with node.Node(records=lines) as it:
        answer = it.udp(request_bytes)

The programs come from the build folder in the environment variable ONYM_BUILD (ctest sets it;
by hand: ONYM_BUILD=build python3 tests/integration/test_x.py). Everything is on loopback, in a
temporary directory that is removed, on free ports below 32768, with a time limit on every wait.
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

LOOPBACK = "127.0.0.1"
PORTS = range(10000, 32768)  # below the range the kernel gives to clients
_given = set()  # ports of this process
READY_SECONDS = 30
STOP_SECONDS = 20
LOG_TAIL_BYTES = 4000


def build_dir():
    """The build folder whose programs are tested."""
    where = os.environ.get("ONYM_BUILD")
    if not where:
        raise RuntimeError("ONYM_BUILD is not set; name the build folder, for example "
                           "ONYM_BUILD=build python3 tests/integration/test_x.py")
    return pathlib.Path(where).resolve()


def program(name):
    """The path of a program of the build; a missing one is an error, never a skip."""
    path = build_dir() / "bin" / name
    if not path.is_file():
        raise RuntimeError(f"{path} is not there; build it first")
    return path


def signals_unhandled():
    """An environment in which a sanitizer leaves signals of memory to the program, as without it."""
    return dict(os.environ, ASAN_OPTIONS="handle_segv=0:handle_sigbus=0:handle_abort=0",
                TSAN_OPTIONS="handle_segv=0:handle_sigbus=0")


def leaks_told(environment):
    """The environment of a program that runs on, whose leaks are told where the sanitizer can."""
    options = environment.get("ASAN_OPTIONS", "")
    return dict(environment, ASAN_OPTIONS=f"{options}:detect_leaks=1".lstrip(":"))


def is_sanitized():
    """Whether the build carries a sanitizer (slower by far; thresholds may need to know)."""
    cache = (build_dir() / "CMakeCache.txt").read_text("utf-8", "replace")
    return any(line.startswith("ONYM_SANITIZE") and not line.endswith("=")
               for line in cache.splitlines())


def free_port(address=LOOPBACK, tries=200):
    """A port that is free for TCP and UDP at this moment, and was not given before."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(tries):
        port = random.choice(PORTS)
        if port in _given:  # to another listener, which is perhaps not there yet
            continue
        try:
            with socket.socket(family, socket.SOCK_STREAM) as tcp, \
                    socket.socket(family, socket.SOCK_DGRAM) as udp:
                tcp.bind((address, port))
                udp.bind((address, port))
            _given.add(port)
            return port
        except OSError:
            continue
    raise RuntimeError(f"no free port on {address} in {tries} tries")


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class NodeError(RuntimeError):
    """The node did not do what it must; the text ends with the tail of its log."""


class Node:
    """One onymd. `records` is an iterable of NDJSON lines (or dicts) that onymctl load takes;
    `settings` are extra "key=value" overrides; `directory` keeps a data directory of the caller
    (then it is not removed). Use it as a context manager, or call start() and stop()."""

    def __init__(self, records=None, settings=(), directory=None, address=LOOPBACK, workers=1,
                 map_size="256MiB", environment=None, config_text=None):
        self.owns_directory = directory is None
        self.root = pathlib.Path(directory or tempfile.mkdtemp(prefix="onym-node-"))
        self.data = self.root / "data"
        self.config = self.root / "onymd.yaml"
        self.log_path = self.root / "onymd.log"
        self.address = address
        self.port = free_port(address)
        self.ops_port = free_port(LOOPBACK)
        while self.ops_port == self.port:  # neither is bound yet
            self.ops_port = free_port(LOOPBACK)
        self.workers = workers
        self.map_size = map_size
        self.settings = list(settings)
        self.environment = dict(os.environ, **(environment or {}))
        self.config_text = config_text
        self.process = None
        self.exit_status = None
        try:
            load(self.data, records if records is not None else [])
        except BaseException:
            self._remove()
            raise

    # --- life ---

    def write_config(self):
        at = endpoint(self.address, self.port)
        self.config.write_text(self.config_text or f"""\
node:
  id: test-node
  workers: {self.workers}
listen:
  handle_udp: ["{at}"]
  handle_tcp: ["{at}"]
  ops: "{LOOPBACK}:{self.ops_port}"
storage:
  dir: {json.dumps(str(self.data))}
  map_size: {self.map_size}
log:
  format: json
""", "utf-8")

    def start(self, wait=True):
        """Start onymd and wait until it is ready. Raises NodeError with its log otherwise."""
        if self.process is not None:
            raise RuntimeError("the node runs already")
        self.write_config()
        words = [str(program("onymd")), "--config", str(self.config)]
        for setting in self.settings:
            words += ["--set", setting]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=leaks_told(self.environment), cwd=self.root)
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.kill()
                raise
        return self

    def wait_ready(self, seconds=READY_SECONDS):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check_alive()
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.http("/readyz", timeout=1)[0] == 200:
                    return
            time.sleep(0.02)
        raise NodeError(f"onymd is not ready after {seconds} s\n{self.log_tail()}")

    def check_alive(self):
        """Raises NodeError when onymd ended although nobody stopped it."""
        status = self.process.poll() if self.process else self.exit_status
        if status is not None:
            raise NodeError(f"onymd ended with status {status}\n{self.log_tail()}")

    def signal(self, number):
        self.check_alive()
        self.process.send_signal(number)

    def stop(self):
        """TERM, then KILL after a while. Returns the exit status; anything but 0 raises."""
        if self.process is None:
            return self.exit_status
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            self.exit_status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            self.exit_status = process.wait(STOP_SECONDS)
            raise NodeError(f"onymd did not stop within {STOP_SECONDS} s of SIGTERM\n"
                            f"{self.log_tail()}") from None
        if self.exit_status != 0:
            raise NodeError(f"onymd stopped with status {self.exit_status}\n{self.log_tail()}")
        return self.exit_status

    def kill(self):
        """KILL at once, as a crash would; the data directory stays."""
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            self.exit_status = process.wait(STOP_SECONDS)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._remove()
            raise

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            else:
                self.kill()
        finally:
            self._remove()

    def _remove(self):
        if self.owns_directory:
            shutil.rmtree(self.root, ignore_errors=True)

    # --- looking inside ---

    def log(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_tail(self):
        return "log of onymd:\n" + self.log()[-LOG_TAIL_BYTES:]

    def rss_bytes(self):
        """Resident memory of the process."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise NodeError("no VmRSS: the process is gone")

    # --- talking to it ---

    def http(self, path, method="GET", headers=None, timeout=5):
        """(status, headers, body bytes) from the ops listener."""
        connection = http.client.HTTPConnection(LOOPBACK, self.ops_port, timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()

    def udp(self, datagram, timeout=5, packets=1):
        """Send one datagram; returns the first answer, or a list when packets > 1."""
        with udp_socket(self.address, self.port, timeout) as sock:
            sock.send(datagram)
            answers = [sock.recv(65536) for _ in range(packets)]
        return answers[0] if packets == 1 else answers

    def udp_silent(self, datagram, seconds=0.3):
        """True when nothing comes back within `seconds`."""
        with udp_socket(self.address, self.port, seconds) as sock:
            sock.send(datagram)
            try:
                sock.recv(65536)
                return False
            except TimeoutError:
                return True

    def tcp(self, message, timeout=5):
        """Send a whole message on a connection of its own; returns envelope and reply."""
        with self.tcp_connect(timeout) as sock:
            sock.sendall(message)
            return read_message(sock)

    def tcp_connect(self, timeout=5):
        return socket.create_connection((self.address, self.port), timeout)

    def onymctl(self, *words, check=False, timeout=60):
        """Run onymctl with --server naming this node."""
        done = subprocess.run([str(program("onymctl")), "--server",
                               endpoint(self.address, self.port), *map(str, words)],
                              capture_output=True, timeout=timeout, check=False,
                              env=self.environment, cwd=self.root)
        if check and done.returncode != 0:
            raise NodeError(f"onymctl {' '.join(map(str, words))}: status {done.returncode}\n"
                            f"{done.stderr.decode('utf-8', 'replace')}\n{self.log_tail()}")
        return done


def udp_socket(address, port, timeout):
    """A connected UDP socket, so that only the node's answers arrive and refusals are seen."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(timeout)
    sock.connect((address, port))
    return sock


def read_exactly(sock, count):
    """`count` bytes; ConnectionError with what came so far when the peer closes before."""
    got = b""
    while len(got) < count:
        piece = sock.recv(count - len(got))
        if not piece:
            raise ConnectionError(f"closed after {len(got)} of {count} bytes: {got[:64].hex()}")
        got += piece
    return got


def read_message(sock):
    """One Handle message from a stream: the 20-byte envelope says how much follows."""
    envelope = read_exactly(sock, 20)
    return envelope + read_exactly(sock, int.from_bytes(envelope[16:20], "big"))


def load(data, records, timeout=120, options=()):
    """Fill data directory `data` from NDJSON lines (or dicts) through onymctl load."""
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
             for line in records]
    text = "".join(line.rstrip("\n") + "\n" for line in lines)
    done = subprocess.run([str(program("onymctl")), "load", "--no-progress", "--data", str(data),
                           *options, "-"], input=text.encode("utf-8"), capture_output=True,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise NodeError(f"onymctl load: status {done.returncode}\n"
                        f"{done.stderr.decode('utf-8', 'replace')}")
    return done
