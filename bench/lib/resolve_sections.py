"""Sections of ./run bench resolve beside the rounds: idle connections, start, disk."""

import json
import os
import pathlib
import socket
import time

from lib import common
from lib.common import CannotRun, say

STARTS = 5


def first_name(names):
    with open(names, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


# --- idle connections -----------------------------------------------------------------------

def wait_for_descriptors(pid, count, seconds=60):
    deadline = time.monotonic() + seconds
    while len(os.listdir(f"/proc/{pid}/fd")) < count:
        if time.monotonic() > deadline:
            raise CannotRun(f"onymd holds {len(os.listdir(f'/proc/{pid}/fd'))} descriptors after "
                            f"{seconds} s, {count} expected: connections were refused")
        time.sleep(0.05)


def ask_once(connection, name, request_id):
    """One resolve over TCP on an open connection; the whole reply is read."""
    connection.sendall(common.resolve_request(name, request_id))
    reply = b""
    while len(reply) < 20 or len(reply) < 20 + int.from_bytes(reply[16:20], "big"):
        part = connection.recv(65536)
        if not part:
            raise CannotRun("onymd closed a connection instead of answering")
        reply += part
    if not common.is_answer(reply, name, request_id):
        raise CannotRun(f"wrong answer over TCP: {reply[:64].hex()}")


def connect_all(port, count):
    connections = []
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connections.append(connection)
        if number % 500 == 499:
            time.sleep(0.01)  # let the listen queue drain
    return connections


def idle(arguments, data, names):
    """Memory of one idle TCP connection: the difference of the node's resident memory. Buffers the
    kernel keeps per socket are not in it."""
    count = arguments.connections
    common.raise_file_limit(count + 256)
    name = first_name(names)
    connections = []
    with common.Node(arguments.build, data, files=count + 256) as node:
        try:
            # one connection and one answer first: what a node takes once is not a connection's
            connections.append(socket.create_connection(("127.0.0.1", node.port), timeout=30))
            ask_once(connections[0], name, 1)
            before = common.memory_kib(node.pid)
            descriptors = len(os.listdir(f"/proc/{node.pid}/fd"))
            connections += connect_all(node.port, count)
            wait_for_descriptors(node.pid, descriptors + count)
            opened = common.memory_kib(node.pid)
            for number, connection in enumerate(connections[1:]):
                ask_once(connection, name, number + 2)
            used = common.memory_kib(node.pid)
        finally:
            for connection in connections:
                connection.close()
    result = {"connections": count}
    for label, now in (("opened", opened), ("after_one_answer", used)):
        result[f"bytes_per_connection_{label}"] = (now["VmRSS"] - before["VmRSS"]) * 1024 / count
        result[f"own_bytes_per_connection_{label}"] = \
            (now["RssAnon"] - before["RssAnon"]) * 1024 / count
    say(f"{count} idle TCP connections: {result['bytes_per_connection_opened']:.0f} bytes each "
        f"after connecting, {result['bytes_per_connection_after_one_answer']:.0f} after one answer "
        "each (resident memory of onymd; the kernel's socket memory is not counted)")
    return result


# --- start ----------------------------------------------------------------------------------

def time_to_answer(node, name):
    """Seconds from just before the process is made to the first right answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", node.port))
        client.settimeout(0.001)
        start = time.monotonic()
        node.launch()
        request_id = 0
        while time.monotonic() - start < 60:
            request_id += 1
            try:
                client.send(common.resolve_request(name, request_id))
                packet = client.recv(2048)
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                if node.process.poll() is not None:
                    raise CannotRun("onymd ended at its start: " + node.last_words()) from None
                time.sleep(0.0002)  # nobody listens yet; leave the processor to the node
                continue
            if len(packet) >= 12 and \
                    common.is_answer(packet, name, int.from_bytes(packet[8:12], "big")):
                return time.monotonic() - start
    raise CannotRun("no answer within 60 s of the start")


def start(arguments, data, names):
    """Time from making the process to its first right answer over UDP."""
    name = first_name(names)
    times = []
    for _ in range(STARTS):
        node = common.Node(arguments.build, data)
        try:
            times.append(time_to_answer(node, name) * 1000)
        finally:
            node.__exit__()
    figure = common.spread(times)
    say(f"start to first right answer, {arguments.records} records, files in the page cache: "
        f"median {figure['median']:.1f} ms ({figure['min']:.1f}-{figure['max']:.1f}, "
        f"{STARTS} starts)")
    return {"milliseconds": figure, "page_cache": "warm"}


# --- disk -----------------------------------------------------------------------------------

def disk(arguments, data, names):
    """Bytes on disk for each record, against the bytes of the stored records."""
    del names
    data_file = pathlib.Path(data) / "data.mdb"
    on_disk = data_file.stat().st_blocks * 512  # what it takes, not its sparse length
    report = json.loads(common.run_tool(
        [common.program(arguments.build, "onymctl"), "check", "--json", "--no-progress", "--data",
         data], "onymctl check"))
    records = report["handles"] + report["prefixes_homed"]
    result = {"records": records, "disk_bytes": on_disk, "stored_bytes": report["bytes"],
              "disk_bytes_per_record": on_disk / records,
              "stored_bytes_per_record": report["bytes"] / records,
              "disk_to_stored": on_disk / report["bytes"]}
    say(f"{records} records: {result['disk_bytes_per_record']:.0f} bytes each on disk, "
        f"{result['stored_bytes_per_record']:.0f} bytes each as key and stored record with its "
        f"metadata: {result['disk_to_stored']:.3f} times")
    return result
