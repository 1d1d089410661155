"""Where the bytes of a table lie in an LMDB 0.9 file, read without LMDB: tests that damage a store
need to know what they hit. Only what such a test needs: 4096-byte pages, 64-bit machines, no
duplicate keys."""

import struct

PAGE = 4096
BRANCH, LEAF, OVERFLOW, META = 0x01, 0x02, 0x04, 0x08
BIG, SUB = 0x01, 0x02
NONE = 0xFFFFFFFFFFFFFFFF
HEADER = 16
NODE = 8
META_DATABASE = struct.Struct("<IHHQQQQQ")  # pad, flags, depth, branch, leaf, overflow, entries, root


def page_at(data, number):
    return data[number * PAGE:(number + 1) * PAGE]


def flags_of(page):
    return struct.unpack_from("<H", page, 10)[0]


def nodes(page):
    """(offset in the page, flags, low, high, key) of every node."""
    (lower,) = struct.unpack_from("<H", page, 12)
    for i in range((lower - HEADER) // 2):
        (at,) = struct.unpack_from("<H", page, HEADER + 2 * i)
        low, high, flags, size = struct.unpack_from("<HHHH", page, at)
        yield at, flags, low, high, page[at + NODE:at + NODE + size]


def leaves(data, root):
    """Numbers of the leaf pages below root."""
    waiting = [] if root == NONE else [root]
    while waiting:
        number = waiting.pop()
        page = page_at(data, number)
        if flags_of(page) & LEAF:
            yield number
        else:
            waiting += [low | high << 16 | flags << 32 for _, flags, low, high, _ in nodes(page)]


def entries(data, root):
    """(key, offset of its value in the file, length of the value)."""
    for number in leaves(data, root):
        page = page_at(data, number)
        for at, flags, low, high, key in nodes(page):
            length = low | high << 16
            where = number * PAGE + at + NODE + len(key)
            if flags & BIG:
                (first,) = struct.unpack_from("<Q", data, where)
                where = first * PAGE + HEADER
            yield key, where, length


def table(data, name):
    """{key: (offset, length)} of a named table as the last commit left it."""
    metas = []
    for number in (0, 1):
        page = page_at(data, number)
        assert flags_of(page) & META, "no LMDB file"
        # header, magic, version, address, map size, the free list's database, the main one
        main = HEADER + 8 + 16 + META_DATABASE.size
        root = META_DATABASE.unpack_from(page, main)[-1]
        (txn,) = struct.unpack_from("<Q", page, main + META_DATABASE.size + 8)
        metas.append((txn, root))
    for key, where, _ in entries(data, max(metas)[1]):
        if key == name.encode():
            root = META_DATABASE.unpack_from(data, where)[-1]
            return {key: (at, length) for key, at, length in entries(data, root)}
    raise KeyError(name)
