"""The control of tests/crash/fault.c: which call of a program fails, and what happened."""

import errno
import mmap
import pathlib
import struct

from registrar import node

CALLS = ("memory", "write", "sync", "cut", "map", "accept", "open", "read")  # enum call
ERRORS = {  # what each is made to fail with
    "memory": (errno.ENOMEM,), "write": (errno.ENOSPC, errno.EIO), "sync": (errno.EIO,),
    "cut": (errno.EIO,), "map": (errno.ENOMEM,), "accept": (errno.EMFILE, errno.ECONNABORTED),
    "open": (errno.EMFILE,), "read": (errno.EIO,)}
ON = 0xFFFFFFFF  # every call from the k-th on
LAYOUT = struct.Struct("=6I8I")


class Control:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(LAYOUT.size))
        with self.path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), LAYOUT.size)

    def close(self):
        self.map.close()

    def environment(self):
        library = node.build_dir() / "tests" / "crash_fault.so"
        if not library.is_file():
            raise RuntimeError(f"{library} is not there; build it first")
        return {"LD_PRELOAD": str(library), "ONYM_FAULT_CONTROL": str(self.path)}

    def arm(self, call="memory", k=0, times=0, error=0):
        """The k-th call from now on fails, and so many after it; 0 fails none and counts."""
        self.map[:] = LAYOUT.pack(CALLS.index(call), k, times, error, 0, 0, *[0] * len(CALLS))
        self.map[16:20] = struct.pack("=I", 1)

    def disarm(self):
        self.map[16:20] = bytes(4)

    def failed(self):
        return struct.unpack("=I", self.map[20:24])[0]

    def seen(self):
        return dict(zip(CALLS, LAYOUT.unpack(self.map[:])[6:], strict=True))
