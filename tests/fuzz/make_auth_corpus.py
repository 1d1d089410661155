#!/usr/bin/env python3
"""Writes the seed corpus of fuzz_auth from proto/vectors, as make_corpus.py does for the codec.

    python3 tests/fuzz/make_auth_corpus.py

The first byte names the target (see fuzz_auth.c); answers and credentials have the minor version in
a second one.
"""

import base64
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "proto" / "vectors" / "handle-wire.jsonl"
PUBLIC, PRIVATE, PUBKEY_ANSWER, SECRET_ANSWER, CREDENTIAL, SESSION_HALF, CIPHER = range(7)
SM2 = ("MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAECfnfMR5UIaFQ3X0WHkvFxnIXn60Y\n"
       "M/wHa7CP81bzUCDM6kkM4md1pS3G6nGMwapgCu0F+/NeCEpmMvYHLamtEw==")


def write(name, target, data):
    folder = HERE / "corpus" / "auth"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name.replace("/", "-")).write_bytes(bytes([target]) + data)


def armour(kind, body):
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()


def string(data):
    return len(data).to_bytes(4, "big") + data


def main():
    with open(VECTORS, encoding="utf-8") as lines:
        records = {r["name"]: r for r in map(json.loads, lines)}
    write("sm2-pem", PUBLIC, armour("PUBLIC KEY", SM2))
    write("sm2-hs-pubkey", PUBLIC,
          string(b"SM2_PUB_KEY") + b"\0\0" + string(armour("PUBLIC KEY", SM2)))
    write("cipher-two-blocks", CIPHER, bytes(range(48)))
    for name, record in records.items():
        data = bytes.fromhex(record.get("hex", ""))
        if record["kind"] in ("key", "HS_PUBKEY"):
            write(name, PUBLIC, data)
        if "pkcs8_der_hex" in record:
            der = bytes.fromhex(record["pkcs8_der_hex"])
            write(name + "-private", PRIVATE,
                  armour("PRIVATE KEY", base64.encodebytes(der).decode().rstrip("\n")))
        if record["kind"] == "pubkey-answer":
            write(name, PUBKEY_ANSWER, data)
            write(name + "-key", PUBLIC, bytes.fromhex(record["publicKey"]))
        elif record["kind"] == "secret-answer":
            write(name, SECRET_ANSWER, b"\x0b" + data)
        elif record["kind"] == "session-key":
            write(name, SESSION_HALF, bytes.fromhex(record["client_public"]))
        elif name.startswith("credential/"):
            minor = int(record["version"].split(".")[1])
            write(name, CREDENTIAL, bytes([minor]) + bytes.fromhex(record["credential"]))
        elif name.endswith("3-answer-seckey"):
            minor = int(record["version"].split(".")[1])
            write(name, SECRET_ANSWER, bytes([minor]) + bytes.fromhex(record["signedResponse"]))
        elif name.endswith("4-answer-pubkey"):
            write(name, PUBKEY_ANSWER, bytes.fromhex(record["signedResponse"]))


if __name__ == "__main__":
    main()
