"""PostgreSQL 15 as the other side of the registration bench: a cluster of its own in a temporary
directory, every commit synced, reached through its Unix socket.

Durable as the node is: fsync and synchronous_commit on. Sized so that nothing but the commits is
measured: 512 MiB of shared buffers, and no checkpoint while it runs. Everything else is the default.
"""

import concurrent.futures
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import time

from lib import common
from lib.common import CannotRun
from lib.disturbed import Disturbed

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
            "shared_buffers": "512MB", "max_wal_size": "16GB", "checkpoint_timeout": "1h",
            "listen_addresses": "", "max_connections": "100"}
TABLE = "CREATE TABLE part (name text COLLATE \"C\" PRIMARY KEY, record bytea NOT NULL)"
SERIAL = r"""\set n :n + 1
INSERT INTO part VALUES ('88.9430.' || (1000 + :client_id % 64)::text || '/SN.'
  || lpad((:n)::text, 14, '0'), decode('{record}', 'hex'));
"""
RANDOM = r"""\set e random(1000, 1063)
\set r random(1152921504606846976, 9223372036854775807)
INSERT INTO part VALUES ('88.9430.' || (:e)::text || '/PN.' || upper(to_hex((:r)::bigint)),
  decode('{record}', 'hex'));
"""

SELECT = r"""\set n random(1, :records)
SELECT record FROM identifier WHERE name = '88.9430.1000/SN.' || lpad((:n)::text, 14, '0') \gset
"""
IDENTIFIERS = """CREATE TABLE identifier (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
INSERT INTO identifier SELECT '88.9430.1000/SN.' || lpad(n::text, 14, '0'),
  rpad(md5(n::text), {bytes}, 'x') FROM generate_series(1, {records}) AS n;
VACUUM ANALYZE identifier;
CHECKPOINT;
"""

GATE = 88  # the number of a lock of ours
NOW = "SELECT 'at ' || extract(epoch FROM clock_timestamp());\n"


def installed():
    return (BIN / "initdb").exists()


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def summary(times_ms, rows, seconds):
    ordered = sorted(times_ms)
    return {"records": rows, "commits": len(ordered), "seconds": seconds,
            "per_second": rows / seconds,
            "latency_ms": {"p50": percentile(ordered, 0.50), "p99": percentile(ordered, 0.99),
                           "max": ordered[-1]}}


class Postgres:
    """A context manager: the cluster runs inside, and nothing is left of it behind."""

    def __init__(self, core=None):
        if not installed():
            raise CannotRun(f"PostgreSQL 15 is not in {BIN}: apt-get install postgresql-15")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onym-bench-pg-"))
        self.port, self.core = common.free_port(), core
        self.running = False

    def owner(self, *command):
        """PostgreSQL does not run as root: then it is its package's user."""
        words = [str(word) for word in command]
        if os.geteuid() == 0:
            words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False,
                              cwd=self.folder, stdin=subprocess.DEVNULL,
                              preexec_fn=common.pinned(self.core) if self.core is not None else None)
        if done.returncode != 0:
            raise CannotRun(f"{command[0]}: " + (done.stderr or done.stdout).strip()[-300:])
        return done.stdout

    def __enter__(self):
        try:
            if os.geteuid() == 0:
                owner = pwd.getpwnam("postgres")
                os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.owner(BIN / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust",
                       "-E", "UTF8", "--locale=C")
            options = [f"-c {key}='{value}'" for key, value in SETTINGS.items()]
            options += [f"-p {self.port}", f"-c unix_socket_directories='{self.folder}'"]
            self.running = True
            self.owner(BIN / "pg_ctl", "-D", self.folder / "data", "-w", "-t", "60", "-l",
                       self.folder / "log", "-o", " ".join(options), "start")
            self.psql(TABLE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.running:
            try:
                self.owner(BIN / "pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate",
                           "stop")
            except CannotRun:
                pass  # it did not start, or is gone already
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        """The server's first process, of which all others are children."""
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def connection(self):
        return ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres"]

    def psql_words(self):
        return [str(BIN / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres",
                *self.connection()]

    def psql(self, command=None, file=None):
        words = [*self.psql_words(), *(["-c", command] if command else ["-f", str(file)])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise CannotRun("psql: " + done.stderr.strip()[-300:])
        return done.stdout

    def fill(self, rows):
        """rows: pairs of name and record in hex."""
        path = self.folder / "fill.sql"
        with open(path, "w", encoding="ascii") as file:
            file.write("COPY part FROM stdin;\n")
            for name, record in rows:
                file.write(f"{name}\t\\\\x{record}\n")
            file.write("\\.\nCHECKPOINT;\n")
        self.psql(file=path)
        path.unlink()

    def fill_identifiers(self, records, record_bytes):
        """A table of identifiers with a text each, for selects()."""
        path = self.folder / "identifiers.sql"
        path.write_text(IDENTIFIERS.format(bytes=record_bytes, records=records), encoding="ascii")
        self.psql(file=path)

    def groups(self, rows, size, how, connections=1):
        """Every `size` rows one transaction, by COPY or by one INSERT, over so many connections at
        once. Of one connection only the statements count; several begin together, and their time
        is from there to the end of the last statement of all."""
        files = [self.folder / f"groups-{k}.sql" for k in range(connections)]
        for k, path in enumerate(files):
            with open(path, "w", encoding="ascii") as file:
                if connections > 1:
                    file.write(f"SELECT pg_advisory_lock_shared({GATE});\n{NOW}")
                file.write("\\timing on\n")
                for at in range(k * size, len(rows), size * connections):
                    self.write_group(file, rows[at:at + size], how)
                file.write("\\timing off\n")
                if connections > 1:
                    file.write(NOW)
        said = self.together(files) if connections > 1 else [self.psql(file=files[0])]
        for path in files:
            path.unlink()
        times = [float(ms) for one in said for ms in re.findall(r"^Time: ([0-9.]+) ms", one, re.M)]
        clock = [float(at) for one in said for at in re.findall(r"^ *at ([0-9.]+)", one, re.M)]
        return summary(times, len(rows),
                       max(clock) - min(clock) if connections > 1 else sum(times) / 1000)

    def together(self, files):
        """What psql says of each file. All of them wait for a lock at their front, which is let go
        when the last one does: connecting takes some of them longer than others, and whoever is
        early would have the server for itself meanwhile."""
        waiting = f"SELECT 'waiting ' || count(*) FROM pg_locks WHERE NOT granted AND objid = {GATE}"
        with concurrent.futures.ThreadPoolExecutor(len(files)) as pool, \
             subprocess.Popen([*self.psql_words(), "-f", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as gate:
            try:
                gate.stdin.write(f"SELECT pg_advisory_lock({GATE});\n\\echo closed\n")
                gate.stdin.flush()
                while (line := gate.stdout.readline()) != "closed\n":
                    if not line:
                        raise CannotRun("psql: the lock was not taken")
                said = [pool.submit(self.psql, file=path) for path in files]
                until = time.monotonic() + 30
                while f"waiting {len(files)}" not in self.psql(waiting):
                    for one in (one for one in said if one.done()):
                        one.result()  # says why
                    if time.monotonic() > until:
                        raise CannotRun("psql: the connections do not wait for each other")
            finally:
                gate.stdin.close()  # its session ends, and the lock with it
            return [one.result() for one in said]

    @staticmethod
    def write_group(file, rows, how):
        if how == "copy":
            file.write("COPY part FROM stdin;\n")
            file.writelines(f"{name}\t\\\\x{record}\n" for name, record in rows)
            file.write("\\.\n")
        else:
            file.write("INSERT INTO part VALUES ")
            file.write(",".join(f"('{name}','\\x{record}')" for name, record in rows))
            file.write(";\n")

    def singles(self, order, clients, record, run, seconds=1):
        """One row to a transaction from `clients` connections, prepared, each with one
        outstanding; what pgbench measured of every one. The seconds begin before the clients
        connect, which is not counted but may take all of them: disturbed then."""
        script = self.folder / "single.sql"
        script.write_text((SERIAL if order == "serial" else RANDOM).replace("{record}", record),
                          encoding="ascii")
        prefix = self.folder / f"times-{run}"
        done = subprocess.run(
            [str(BIN / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds),
             "-D", f"n={run * 1_000_000_000}", "-f", str(script), "-l",
             f"--log-prefix={prefix}", *self.connection(), "postgres"],
            capture_output=True, text=True, timeout=60, check=False)
        rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        if done.returncode != 0:
            raise CannotRun(f"pgbench ended with {done.returncode}: " + done.stderr.strip()[-300:])
        if rate is None:
            raise Disturbed(f"pgbench finished no INSERT in {seconds} s: "
                            + done.stdout.strip()[-300:])
        times = []
        for path in self.folder.glob(f"times-{run}.*"):
            with open(path, encoding="ascii") as file:
                times += [int(line.split()[2]) / 1000 for line in file]
            path.unlink()
        return summary(times, len(times), len(times) / float(rate.group(1)))

    def selects(self, clients, records, seconds, core):
        """Single rows by primary key, prepared, each client with one outstanding; each has to find
        exactly one row. What a load client reports."""
        script, prefix = self.folder / "select.sql", self.folder / "selects"
        script.write_text(SELECT, encoding="ascii")
        seconds = max(1, round(seconds))
        done = subprocess.run(
            [str(BIN / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds),
             "-D", f"records={records}", "-f", str(script), "-l", f"--log-prefix={prefix}",
             *self.connection(), "postgres"], capture_output=True, text=True, timeout=seconds + 60,
            check=False, preexec_fn=common.pinned(core))
        if done.returncode != 0:
            raise CannotRun("pgbench: " + done.stderr.strip()[-300:])
        times = []
        for path in self.folder.glob("selects.*"):
            with open(path, encoding="ascii") as file:
                times += [int(line.split()[2]) for line in file]
            path.unlink()
        if not times:
            raise CannotRun(f"pgbench finished no SELECT in {seconds} s: " + done.stdout.strip()[-300:])
        times.sort()
        return {"answers": len(times), "seconds": seconds, "wrong": 0, "lost": 0,
                "answers_per_second": len(times) / seconds,
                "latency_us": {"p50": percentile(times, 0.50), "p99": percentile(times, 0.99)}}
