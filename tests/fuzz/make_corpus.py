#!/usr/bin/env python3
"""Writes the seed corpora of the wire codec from proto/vectors: message, value, hs, frame.

    python3 tests/fuzz/make_corpus.py

Files are named for the vector they come from; run it again after the vectors change. Inputs found
by fuzzing are added by hand under other names and are left alone.
"""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "proto" / "vectors" / "handle-wire.jsonl"
SEED_MAX = 1200  # bytes; longer ones teach a fuzzer little
KINDS = {"HS_ADMIN": 0, "HS_SITE": 1, "HS_VLIST": 2, "HS_PUBKEY": 3, "key": 3}


def write(target, name, data):
    if len(data) > SEED_MAX:
        return
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    clean = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
    (folder / f"vector-{clean}").write_bytes(data)


def packet(step, sender, data):
    """One packet as fuzz_frame.c reads it."""
    return bytes([step, sender]) + len(data).to_bytes(2, "big") + data


def fragment(request, sequence):
    """Fragment 0 or 1 of a request of 493 bytes."""
    head = bytes.fromhex("020b220b00000000") + request.to_bytes(4, "big")
    body = bytes([request]) * (492 if sequence == 0 else 1)
    return head + sequence.to_bytes(4, "big") + (493).to_bytes(4, "big") + body


def main():
    with open(VECTORS, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    groups = {}
    seen = set()
    for record in records:
        kind, name = record["kind"], record["name"]
        data = bytes.fromhex(record.get("hex", ""))
        if kind == "message":
            write("message", name, data)
        elif kind == "captured-message":
            # one of each shape is enough: client, direction, opcode, response code
            shape = (record["client"], record["direction"], record["opCode"],
                     record["responseCode"])
            if shape not in seen:
                seen.add(shape)
                write("message", name, data)
        elif kind == "value":
            write("value", name, data)
        elif kind in KINDS:
            write("hs", name, bytes([KINDS[kind]]) + data)
        elif kind == "udp-packet" and record["truncatedFlag"]:
            groups.setdefault(record["group"], []).append(data)
        elif kind == "captured-exchange" and "request_hex" in record:
            write("frame", name, b"\0" + bytes.fromhex(record["request_hex"]) + data)
    for name, packets in groups.items():
        packets.reverse()
        for i, data in enumerate(packets):
            write("frame", f"{name}-{i}", b"\1" + packet(0, 1, data))
        flat = b"\1" + b"".join(packet(0, 1, data) for data in packets[:2])
        write("frame", f"{name}-all", flat)
    # two senders with one request id, a repeated fragment, and one that comes too late
    write("frame", "mixed", b"\1" + packet(0, 1, fragment(7, 1)) + packet(1, 2, fragment(7, 1))
          + packet(0, 1, fragment(7, 1)) + packet(4, 1, fragment(7, 0)))
    write("frame", "late", b"\1" + packet(0, 1, fragment(9, 1)) + packet(20, 1, fragment(9, 0)))


if __name__ == "__main__":
    main()
