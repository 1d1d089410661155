"""What the commands that compare with peers have in common: their arguments, the records they are
run on, and the result they leave behind."""

import argparse
import contextlib
import copy
import itertools
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

from lib import common, peers, resting, rounds, targets
from lib.common import CannotRun, say

TAIL = b'"},"ttl":86400}]}\n'  # of a made-up record
PRIVATE = (b',{"index":2900,"type":"unitCost","data":{"format":"string","value":"0000000000"},'
           b'"ttl":86400,"permissions":"1100"}')
SAMPLE = 20_000
BYTES_PER_RECORD = 1500  # in the node's files, the file of names and the zone of the DNS servers
SETTLE_SECONDS, REST_SHARE = 300, 0.02
QUICK = {"records": 2000, "rounds": 2, "seconds": 0.2}


def is_made_up(line):
    """Whether a line is not of a prefix or the fixed sample."""
    return line.endswith(TAIL) and line.count(b'"index":') == 6


def padded(lines):
    """Records whose answers all have the same size: the last value of each is made longer."""
    lines = iter(lines)
    first = list(itertools.islice(lines, SAMPLE))
    length = max(len(line) for line in first if is_made_up(line)) + 8
    for part in (first, lines):
        for line in part:
            if is_made_up(line):
                line = line[:-len(TAIL)] + b"x" * (length - len(line)) + TAIL
            yield line


def with_private(lines):
    """Records with one value more that is not for everyone."""
    for line in lines:
        yield line[:-3] + PRIVATE + line[-3:] if is_made_up(line) else line


VARIANTS = {"plain": (6, None), "twelve": (12, None), "equal": (6, padded),
            "private": (6, with_private)}


class Data:
    """A folder of records and the file of their names."""

    def __init__(self, build, folder, records, variant):
        attributes, edit = VARIANTS[variant]
        say(f"making {records} records ({variant})")
        self.count, self.attributes = records, attributes
        self.folder, names = common.make_data(build, folder, records, "--attributes", attributes,
                                              "--shuffle", edit=edit)
        self.names = self.without_sample(build, folder, names)
        with open(self.names, encoding="utf-8") as file:
            self.first_name = file.readline().rstrip("\n")


    @staticmethod
    def without_sample(build, folder, names):
        """The fixed sample comes first, and its records are of many sizes."""
        sample, made_up = folder / "sample.txt", folder / "made-up.txt"
        common.run_tool([common.program(build, "onym-generate"), "--sample-only", "--names", sample,
                         "-o", "/dev/null"], "onym-generate")
        count = sample.read_bytes().count(b"\n")
        with open(made_up, "wb") as file:
            subprocess.run(["tail", "-n", f"+{count + 1}", str(names)], stdout=file, check=True)
        names.unlink()
        return made_up

    def copied(self, folder):
        """The same records in another folder: two nodes do not share one."""
        other = copy.copy(self)
        other.folder = folder
        subprocess.run(["cp", "-a", "--sparse=always", str(self.folder), str(folder)], check=True)
        return other


def cache_mib(data, workers=1):
    """MiB of cache (cache.size) that hold all records for each worker, at least the usual 512. A
    record of six attributes takes 373 bytes, of twelve 622; it is found until all but a sixteenth of
    the cache was written behind it."""
    return workers * max(512, data.count * (150 + 50 * data.attributes) >> 20)


class Suite:
    """One run of a command: cases is a dictionary of name to function(suite) that gives figures."""

    def __init__(self, name, cases, about, records=1_000_000):
        self.name, self.cases = name, cases
        self.parser = argparse.ArgumentParser(
            prog=f"./run bench {name}", description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        add = self.parser.add_argument
        add("--build", default=str(common.ROOT / "build"), help="build folder")
        add("--records", type=int, default=records)
        self.parser.set_defaults(usual_records=records)
        add("--rounds", type=int, default=7, help="undisturbed rounds wanted")
        add("--seconds", type=float, default=2.0, help="of each run")
        add("--only", action="append", choices=sorted(cases), metavar="CASE",
            help="this case and others named so; all of: " + ", ".join(cases))
        add("--quick", action="store_true",
            help="few records, two short rounds, no warm-up: shows that it works, not how fast")
        add("--require-peers", action="store_true", help="fail when a peer is not installed")
        add("--json", help=f"file of results (bench/results/{name}.json, with --only one for each "
                           "case)")
        self.arguments = self.cores = self.folder = None
        self.absent, self.data = [], {}

    def parse(self):
        arguments = self.arguments = self.parser.parse_args()
        arguments.build = str(pathlib.Path(arguments.build).resolve())
        if arguments.quick:
            for key, value in QUICK.items():
                setattr(arguments, key, min(getattr(arguments, key), value))
        if not 0.05 <= arguments.seconds <= 600 or arguments.rounds < 1 or arguments.records < 100:
            self.parser.error("--seconds is 0.05 to 600, --rounds at least 1, --records 100")

    # --- for the cases ----------------------------------------------------------------------

    def records(self, variant="plain", count=None):
        """Records made once for all cases that want them; as many as the command was asked for."""
        count = count or self.arguments.records
        folder = self.folder / f"{variant}-{count}"
        if folder not in self.data:
            needed, free = count * BYTES_PER_RECORD, shutil.disk_usage(self.folder).free
            if free < needed:
                raise CannotRun(f"{self.folder} has {free >> 20} MiB free, {needed >> 20} MiB are "
                                "needed for so many records and their zone: see TMPDIR, --records")
            self.data[folder] = Data(self.arguments.build, folder, count, variant)
        return self.data[folder]

    def node(self, stack, data, settings=(), **options):
        """A node on the first core, warm on the disk side: its files have just been written. Its
        cache holds all records, as the memory of the servers it is compared with holds all names,
        unless the settings have a size for it."""
        if not any(one.startswith("cache.size=") for one in settings):
            settings = (*settings, f"cache.size={cache_mib(data)}MiB")
        node = stack.enter_context(common.Node(self.arguments.build, data.folder,
                                               options.pop("core", self.cores[0]),
                                               settings=settings, **options))
        settle(node)
        return node

    def echo(self, stack, answer_bytes, *options):
        return stack.enter_context(peers.Echo(self.arguments.build, self.cores[0], answer_bytes,
                                              *options))

    def certificate(self):
        """(certificate, key) of all sides that speak TLS: ECDSA on P-256, made once."""
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        if not certificate.exists():
            common.run_tool(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-days",
                             "2", "-keyout", key, "-out", certificate], "openssl req")
            key.chmod(0o600)
        return certificate, key

    def peers(self, stack, makers):
        running, absent = peers.enter_all(stack, makers)
        for one in absent:
            if one not in self.absent:
                say(f"left out: {one}")
                self.absent.append(one)
        return running

    def client(self, program, *options):
        return rounds.client(self.arguments.build, self.cores[1], program, *options,
                             seconds=self.arguments.seconds)

    def section(self, sides, rows, crowded=False, busy=()):
        return rounds.section(self.arguments, self.cores, sides, rows, crowded, busy)

    # --- the whole --------------------------------------------------------------------------

    @staticmethod
    def told():
        """The arguments that change what is measured."""
        words = iter(sys.argv[1:])
        for word in words:
            if word in ("--json", "--build"):
                next(words)
            else:
                yield word

    def result(self, versions):
        arguments = self.arguments
        return {"bench": self.name, "machine": common.machine(),
                "command": " ".join([common.bench_command(arguments.build, self.name), *self.told()]),
                "versions": {"onymd": common.version(arguments.build, "onymd"),
                             "build_type": common.build_type(arguments.build),
                             **versions},
                "settings": {key: getattr(arguments, key)
                             for key in ("records", "rounds", "seconds", "quick")}}

    def run(self, versions):
        """All cases asked for, in one file that is written as each ends. versions: of the peers."""
        self.parse()
        self.cores = common.two_cores()
        result = self.result(versions)
        common.say_machine(result["machine"])
        say("versions: " + ", ".join(f"{key} {value or 'absent'}"
                                     for key, value in result["versions"].items()))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-"))
        failed, rows = [], {}
        try:
            quick = self.arguments.quick  # which measures nothing, so the machine stays as it is
            with contextlib.nullcontext(0) if quick else resting.memory_kept() as stopped:
                result["settings"]["paging_out_stopped"] = stopped
                self.run_cases(result, rows, failed)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self.finish(result, rows, failed)

    def run_cases(self, result, rows, failed):
        for name, case in self.cases.items():
            if self.arguments.only and name not in self.arguments.only:
                continue
            say(f"--- {name}")
            try:
                result[name] = case(self)
                rows.update(result[name]["rows"])
            except (CannotRun, OSError, subprocess.TimeoutExpired) as error:
                say(f"{name} left out: {error}")
                failed.append(f"{name}: {error}")
            self.write(result, failed)  # a run that breaks later leaves what it has

    def write(self, result, failed):
        result.update(absent=self.absent, left_out=failed)
        stem = self.name + "".join(f"-{name}" for name in self.arguments.only or [])
        stem += "-quick" if self.arguments.quick else ""
        common.write_json(self.arguments.json or common.ROOT / "bench" / "results" / f"{stem}.json",
                          result)

    def finish(self, result, rows, failed):
        if rows:
            say("--- all")
            say(targets.table(rows))
        if not any(name in result for name in self.cases):
            raise CannotRun("no case gave figures: " + "; ".join(failed))
        if self.arguments.require_peers and (self.absent or failed):
            raise CannotRun("left out: " + "; ".join(self.absent + failed))
        return 0


def settle(node):
    """Waits until a node rests: a cache fills by itself after the start."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        before, start = common.cpu_ns(node.pid)[0], time.monotonic()
        time.sleep(0.25)
        busy = (common.cpu_ns(node.pid)[0] - before) / 1e9 / (time.monotonic() - start)
        if busy < REST_SHARE:
            return
    raise CannotRun(f"onymd still works {SETTLE_SECONDS} s after its start, without requests")


def tls_client():
    """Trusts anyone: what is measured is not who answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def stack():
    return contextlib.ExitStack()
