#!/usr/bin/env python3
"""Every #include goes down the table src/LAYERS, never up.

A file of src/LAYER may include its own folder, the folders its line names, the third-party
headers its line names, public headers that belong to one of those folders, and the C and POSIX
library. A public header includes public headers and the C library only. NAME_priv.h is for its
own folder alone.
"""

import re

import tree

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.M)
SYSTEM = re.compile(
    r"(?:assert|ctype|errno|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg"
    r"|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|threads|time|uchar"
    r"|wchar|wctype|dirent|fcntl|fnmatch|getopt|grp|ifaddrs|langinfo|libgen|malloc|netdb|poll"
    r"|pthread|pwd|sched|semaphore|spawn|syslog|termios|unistd|execinfo|ucontext|[a-z]mmintrin)\.h"
    r"|(?:sys|netinet|net|arpa|linux)/[\w/]+\.h")
GENERATED = "version.h"


def public_layer(header):
    """The layer a public header belongs to, or None when there is no such public header."""
    if header.startswith("onym/model/"):
        return "model"
    return {"onym/client.h": "client", "onym/span.h": "base", "onym/status.h": "base"}.get(header)


def table_problems(table):
    seen = []
    for layer in table.values():
        for name in layer.below:
            if name not in seen:
                yield f"src/LAYERS: {layer.name} names {name}, which does not stand above it"
        seen.append(layer.name)


def judge(table, layer, header):
    """None when a file of `layer` may include `header`, else why not."""
    allowed = (layer.name, *layer.below)
    if header == GENERATED or SYSTEM.fullmatch(header):
        return None
    if any(header == name or (name.endswith("/") and header.startswith(name))
           for name in layer.third_party):
        return None
    if header.startswith("onym/"):
        owner = public_layer(header)
        if owner is None:
            return "is no public header of the floor plan"
        return None if owner in allowed else f"belongs to {owner}, which {layer.name} may not see"
    folder, slash, rest = header.partition("/")
    if not slash:
        return "names no folder, is no C library header and no third-party header of the line"
    if folder not in table:
        return f"{folder} is no folder of src/LAYERS"
    if folder not in allowed:
        return f"{layer.name} may not look into {folder}"
    if rest.endswith("_priv.h") and folder != layer.name:
        return f"is private to {folder}"
    return None


def includes(path):
    text = tree.code_only(path.read_text("utf-8"), keep_strings=True)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[2]


def problems(project):
    table = project.layers()
    yield from table_problems(table)
    for path in project.files(".c", ".h", under=("src",)):
        name = project.name(path)
        folder = path.relative_to(project.source / "src").parts[0]
        if folder not in table:
            yield f"{name}: folder {folder} is not in src/LAYERS; add a line for it"
            continue
        for line, header in includes(path):
            why = judge(table, table[folder], header)
            if why:
                yield f"{name}:{line}: \"{header}\" {why}; see src/LAYERS"
    for path in project.files(".h", under=("include",)):
        for line, header in includes(path):
            if public_layer(header) is None and not SYSTEM.fullmatch(header):
                yield (f"{project.name(path)}:{line}: a public header may include only public "
                       f"headers and the C library, not {header}")


if __name__ == "__main__":
    tree.run(problems)
