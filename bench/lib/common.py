"""What the bench scripts share: the machine, processor time of a process, a node on loopback.

Needs Linux (/proc). Python 3.11, standard library only.
"""

import contextlib
import json
import os
import pathlib
import platform
import random
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class CannotRun(Exception):
    """The bench has no figures to give; the text says what is missing and what to do."""


def say(text):
    print(text, flush=True)


# --- the machine ----------------------------------------------------------------------------

def first_match(path, key):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return "unknown"


def machine():
    release = {}
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        pass
    return {
        "cpu": first_match("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": first_match("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "system": release.get("PRETTY_NAME", "unknown"),
        "load_average": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def say_machine(about):
    say(f"machine: {about['cpu']}, {about['cores']} cores, {about['memory']}, "
        f"{about['system']}, Linux {about['kernel']}, load {about['load_average']:.1f}")


def program(build, name):
    """The path of a built program, or CannotRun naming it."""
    for folder in ("bin", "bench"):
        path = pathlib.Path(build) / folder / name
        if path.exists():
            return str(path)
    raise CannotRun(f"{name} is not in {build}/bin or {build}/bench; build it first (./run build)")


def version(build, name):
    found = subprocess.run([program(build, name), "--version"], capture_output=True, text=True,
                           timeout=10, check=False)
    return (found.stdout or found.stderr).strip().splitlines()[0] if found.returncode == 0 else "?"


def package_version(package):
    """Of a Debian package, or None when it is not installed."""
    try:
        found = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package],
                               capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return None
    status, _, number = found.stdout.partition(" ")
    return number if status == "installed" else None


def cache_entry(build, key):
    """A value from the build folder's CMake cache, or an empty text."""
    try:
        with open(pathlib.Path(build) / "CMakeCache.txt", encoding="utf-8") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return line.partition("=")[2].strip()
    except OSError:
        pass
    return ""


def is_trained(build):
    return cache_entry(build, "ONYM_PROFILE") == "use"


def build_type(build):
    """Of a build folder: Release, Debug, or Release and trained."""
    return cache_entry(build, "CMAKE_BUILD_TYPE") + (", trained" if is_trained(build) else "")


def bench_command(build, name):
    """What measures the programs of that folder."""
    return "./run bench " + ("" if is_trained(build) else "--untrained ") + name


# --- time on the processor ------------------------------------------------------------------

def processes(pid):
    """A process and all that descend from it."""
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as file:
                    found += [int(child) for child in file.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended meanwhile
    return found


def cpu_ns(pid):
    """Nanoseconds that a process, its threads and its children have spent so far: (on a processor,
    ready to run but waiting for one). Children that ended count in whole clock ticks."""
    total = waited = 0
    for one in processes(pid):
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/schedstat", encoding="ascii") as file:
                    fields = file.read().split()
                    total += int(fields[0])
                    waited += int(fields[1])
            with open(f"/proc/{one}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
                total += (int(fields[13]) + int(fields[14])) * 1_000_000_000 // TICKS
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread or child that ended meanwhile
    return total, waited


def memory_kib(pid):
    """VmRSS, RssAnon, RssFile of a process in KiB."""
    wanted = ("VmRSS", "RssAnon", "RssFile")
    found = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key in wanted:
                found[key] = int(value.split()[0])
    return found


def stolen_seconds(cores):
    """Seconds that the hypervisor gave to others while these processors had work, so far."""
    stolen = 0
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if fields and fields[0] in [f"cpu{core}" for core in cores]:
                stolen += int(fields[8])  # user nice system idle iowait irq softirq steal
    return stolen / TICKS


def two_cores():
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise CannotRun("two processors are needed, one for the server and one for the client; "
                        f"this process may use {len(cores)}")
    return cores[0], cores[1]


def pinned(core, files=0):
    """A function for subprocess: stay on one core, ahead of others when that is allowed."""
    def prepare():
        if core is not None:
            os.sched_setaffinity(0, {core})
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
            # where the scheduler groups by session, only the group's own value counts
            os.setsid()
            with open("/proc/self/autogroup", "w", encoding="ascii") as file:
                file.write("-20")
        except OSError:
            pass
        if files:
            raise_file_limit(files)
    return prepare


def raise_file_limit(files):
    """Lets this process hold that many descriptors. CannotRun when the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= files:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(hard, files)))
    except (ValueError, OSError) as error:
        raise CannotRun(f"needs {files} open files, the limit is {hard}: raise it "
                        f"(ulimit -n {files})") from error


# --- a node ---------------------------------------------------------------------------------

given_ports = set()


def free_port():
    """A port below 32768 that is free for UDP and TCP on loopback now, and was not given before: who
    got it then is perhaps not there yet."""
    for _ in range(200):
        port = random.randrange(20000, 32768)
        if port in given_ports:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
             socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                continue
    raise CannotRun("no free port between 20000 and 32767 on 127.0.0.1")


def encode_rows(build, rows, encoded):
    """Rows of NDJSON as keys and stored records, ready to be put into LMDB alone."""
    with open(rows, "rb") as file:
        done = subprocess.run([program(build, "lmdb_insert"), "--encode", str(encoded)], stdin=file,
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(f"lmdb_insert --encode: {done.stderr.strip()}")


def run_tool(arguments, what, timeout=3600):
    """Runs a program to its end; CannotRun with its last words when it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise CannotRun(f"{what} failed (exit {done.returncode}): " + " | ".join(last))
    return done.stdout


def use_free_memory(folder):
    """Fills what memory is free, but for 1 GiB, with a file of nothing, whose pages the kernel gives
    to whoever needs some. A virtual machine hands free memory back to its host, and then the first
    touch of each page takes longer than what is measured
    (docs/decisions/0201-memory-that-was-in-use.md). The file goes with the folder. Returns MiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        free = next(int(line.split()[1]) << 10 for line in file if line.startswith("MemFree:"))
    size = max(0, free - (1 << 30)) >> 20
    with open(pathlib.Path(folder) / "nothing", "wb+", buffering=0) as file:
        file.truncate(size << 20)
        piece = bytearray(1 << 20)
        while file.readinto(piece):
            pass
    return size


PAGE_REPORTING = pathlib.Path("/sys/module/page_reporting/parameters/page_reporting_order")
REPORTS_NOTHING = "11"  # pieces of so many doublings of a page; Linux has none that large on x86


@contextlib.contextmanager
def free_memory_kept(setting=PAGE_REPORTING):
    """While it lasts this machine hands no free memory back to its host, as far as that can be set
    here: as root, on Linux. Yields whether it is so; what was set before comes back."""
    try:
        before = setting.read_text("ascii")
        setting.write_text(REPORTS_NOTHING, "ascii")
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        setting.write_text(before, "ascii")


class Node:
    """onymd with one worker on free loopback ports; a context manager that stops it again. It goes
    ahead of others unless it is told to be their equal."""

    def __init__(self, build, data, core=None, workers=1, files=0, environment=None, settings=(),
                 certificate=None, equal=False):
        self.build, self.data, self.core = build, pathlib.Path(data), core
        self.prepare = None if equal else pinned(core, files)
        self.workers = workers
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.environment = dict(os.environ, **(environment or {}))
        self.port, self.ops, self.tls, self.https = (free_port() for _ in range(4))
        self.certificate = certificate  # (certificate file, key file), or None for no TLS
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-node-"))
        self.log = self.folder / "onymd.log"
        self.process = None

    def configuration(self):
        return (f"node: {{ id: bench, workers: {self.workers} }}\n"
                f"listen:\n"
                f"  handle_udp: [\"127.0.0.1:{self.port}\"]\n"
                f"  handle_tcp: [\"127.0.0.1:{self.port}\"]\n"
                f"  handle_tls: [\"127.0.0.1:{self.tls}\"]\n"
                f"  https: [\"127.0.0.1:{self.https}\"]\n"
                f"  ops: [\"127.0.0.1:{self.ops}\"]\n"
                + (f"tls: {{ certificate_file: \"{self.certificate[0]}\", "
                   f"key_file: \"{self.certificate[1]}\" }}\n" if self.certificate else "") +
                f"storage: {{ dir: \"{self.data}\" }}\n"
                f"log: {{ level: notice, format: text }}\n")

    def launch(self):
        """Starts the process and does not wait for it to be ready."""
        file = self.folder / "onymd.yaml"
        file.write_text(self.configuration(), encoding="utf-8")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program(self.build, "onymd"), "--config", str(file), *self.settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                preexec_fn=self.prepare)
        return self

    def wait_ready(self, seconds=30.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise CannotRun(f"onymd ended with {self.process.returncode} at its start: "
                                + self.last_words())
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ops}/readyz", timeout=2):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise CannotRun(f"onymd is not ready after {seconds:.0f} s: " + self.last_words())

    def last_words(self):
        return " | ".join(self.log.read_text(errors="replace").strip().splitlines()[-3:])

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        """Ends the node; returns its exit code, or None when it had to be killed."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return None
        return self.process.returncode

    def __enter__(self):
        try:
            return self.launch().wait_ready()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def make_data(build, folder, records, *options, edit=None):
    """Generates and loads records. edit: changes each line of NDJSON on its way (an iterator of
    bytes to one). Returns (data directory, file of names)."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    names, data = folder / "names.txt", folder / "data"
    generate = [program(build, "onym-generate"), "--records", str(records), "--names", str(names),
                *map(str, options)]
    load = [program(build, "onymctl"), "load", "--no-progress", "--data", str(data), "-"]
    with subprocess.Popen(generate, stdout=subprocess.PIPE) as made, \
         subprocess.Popen(load, stdin=subprocess.PIPE if edit else made.stdout, text=not edit,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as loaded:
        if not edit:
            made.stdout.close()  # the loader's now: the generator ends when that does
        else:
            try:
                loaded.stdin.writelines(edit(made.stdout))
            except BrokenPipeError:
                pass  # its exit code tells
        _, errors = loaded.communicate(timeout=3600)
    if made.returncode != 0 or loaded.returncode != 0:
        raise CannotRun(f"onym-generate ended with {made.returncode}, onymctl load with "
                        f"{loaded.returncode}: {str(errors).strip()[-300:]}")
    return data, names


def metric(node, sample):
    """The value of a sample without labels on the node's /metrics, or None when it has none."""
    with urllib.request.urlopen(f"http://127.0.0.1:{node.ops}/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            name, _, value = line.partition(" ")
            if name == sample:
                return float(value)
    return None


# --- asking by hand -------------------------------------------------------------------------

def resolve_request(name, request_id):
    """A resolve request for all public values, as one packet."""
    raw = name.encode()
    body = struct.pack(">I", len(raw)) + raw + bytes(8)
    header = struct.pack(">IIIHBBII", 1, 0, 0x19000000, 0xFFFF, 0, 0, int(time.time()) + 43200,
                         len(body))
    message = header + body + bytes(4)
    return struct.pack(">BBBBIIII", 2, 11, 2, 11, 0, request_id, 0, len(message)) + message


def is_answer(packet, name, request_id):
    """Whether a packet is the (first) packet of the right answer."""
    raw = name.encode()
    return (len(packet) >= 48 + len(raw) and struct.unpack_from(">I", packet, 8)[0] == request_id
            and struct.unpack_from(">II", packet, 20) == (1, 1)
            and struct.unpack_from(">I", packet, 44)[0] == len(raw)
            and packet[48:48 + len(raw)] == raw)


# --- results --------------------------------------------------------------------------------

def spread(values):
    """Median and range of a list of figures."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "count": len(values)}


def write_json(path, result):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"written: {path}")


def main(function):
    """Runs a bench: exit 0 it ran, 1 it could not, with one line that says why."""
    # what was started is ended also when this is: as after an exception
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(function())
    except CannotRun as error:
        print(f"cannot run: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
