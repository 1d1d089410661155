"""Programs of other people, run as they are packaged: each in a temporary folder with a
configuration of its own, on a free port of loopback, pinned like the node, and ended again."""

import pathlib
import shutil
import subprocess
import tempfile
import time

from lib import common
from lib.common import CannotRun

READY_SECONDS = 600  # a zone of ten million names takes a while


class Absent(Exception):
    """The peer is not installed; the text says which package has it."""


def find(program, package):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        raise Absent(f"{program} is not installed: apt-get install {package}")
    return path


class Server:
    """A context manager: the server runs inside. command(folder) gives its arguments, asked(port)
    tells whether it answers."""

    name = "server"

    def __init__(self, core):
        self.core, self.port = core, common.free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"onym-bench-{self.name}-"))
        self.process = None
        self.seconds_to_answer = None

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def last_words(self):
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        return " | ".join(text.strip().splitlines()[-3:])

    def __enter__(self):
        try:
            command = [str(word) for word in self.command()]
            start = time.monotonic()
            with open(self.folder / "log", "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log, cwd=self.folder,
                                                preexec_fn=common.pinned(self.core))
            while not self.answers():
                if self.process.poll() is not None:
                    raise CannotRun(f"{self.name} ended at its start: {self.last_words()}")
                if time.monotonic() - start > READY_SECONDS:
                    raise CannotRun(f"{self.name} does not answer: {self.last_words()}")
                time.sleep(0.005)
            self.seconds_to_answer = time.monotonic() - start
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def pid(self):
        return self.process.pid

    def memory_kib(self):
        """Of all its processes, pages they share counted in each."""
        return sum(common.memory_kib(pid).get("VmRSS", 0) for pid in common.processes(self.pid))

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Echo(Server):
    """The floor: bench/echo.c."""

    name = "echo"

    def __init__(self, build, core, answer_bytes, *options):
        super().__init__(core)
        self.options = [common.program(build, "echo"), "--listen", f"127.0.0.1:{self.port}",
                        "--answer-bytes", answer_bytes, *options]
        self.started = False

    def command(self):
        return self.options

    def answers(self):
        """It has nothing to load: when it has not ended after a moment it answers."""
        if not self.started:
            self.started = True
            time.sleep(0.1)
            return False
        return self.process.poll() is None


def enter_all(stack, makers):
    """Starts those peers that are installed. Returns (running, what is said of those that are not)."""
    running, absent = [], []
    for maker in makers:
        try:
            running.append(stack.enter_context(maker()))
        except Absent as error:
            absent.append(str(error))
    return running, absent
