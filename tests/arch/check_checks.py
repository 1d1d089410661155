#!/usr/bin/env python3
"""The checks can fail: each is given a small good tree, which must pass, and bad ones, which must
be named. A check that finds nothing in a bad tree would be worth nothing."""

import json
import pathlib
import shutil
import subprocess
import tempfile

import check_banned
import check_docs
import check_format
import check_globals
import check_headers
import check_layers
import check_registered
import check_shell
import check_size
import tree

LAYERS = "base  :            : xxhash.h\nmodel : base       :\nnet   : base       : uv.h openssl/\n"
GOOD = {
    "src/LAYERS": LAYERS,
    "src/base/a.h": "#ifndef A_H\n#define A_H\n#include <stdint.h>\nint a(void);\n#endif\n",
    "src/base/a.c": '#include "base/a.h"\n\n#include <xxhash.h>\n',
    "src/model/m.c": '#include "base/a.h"\n#include "onym/span.h"\n#include "version.h"\n'
                     '/* #include "net/n.h" */\n',
    "src/net/n.c": "#include <openssl/ssl.h>\n#include <sys/socket.h>\n#include <uv.h>\n",
    "include/onym/span.h": "#ifndef S_H\n#define S_H\n#include <stddef.h>\n#endif\n",
    "README.md": "See [the notes](docs/notes.md#second-part) and `[no](link.md)`.\n",
    "docs/notes.md": "# Notes\n\n## Second part\n",
    "docs/decisions/README.md": "[one](0001-one.md)\n",
    "docs/decisions/0001-one.md": "# One\n",
    "tests/unit/base/test_a.c": "int unused;\n",
}
REGISTERED = {"unit.base.test_a", "integration.test_x", "fuzz.fuzz_x"}

# check, file, its text, words the report must hold
BAD = [
    (check_layers, "src/LAYERS", "base : model : \nmodel : base :\n", "does not stand above"),
    (check_layers, "src/base/b.c", '#include "model/m.h"\n', "may not look into model"),
    (check_layers, "src/base/b.c", "#include <lmdb.h>\n", "no third-party header"),
    (check_layers, "src/base/b.c", '#include "a.h"\n', "names no folder"),
    (check_layers, "src/base/b.c", '#include "onym/client.h"\n', "belongs to client"),
    (check_layers, "src/base/b.c", '#include "onym/secret.h"\n', "no public header"),
    (check_layers, "src/model/b.c", '  #  include "base/x_priv.h"\n', "private to base"),
    (check_layers, "src/odd/b.c", "int x;\n", "not in src/LAYERS"),
    (check_layers, "include/onym/span.h", '#include "base/a.h"\n', "only public"),
    (check_size, "src/base/b.c", "int x;\n" * 501, "501 lines, at most 500"),
    (check_size, "src/base/b.c", "{\n" + "x;\n" * 71 + "}\n", "function of 71 lines"),
    (check_banned, "src/base/b.c", "void f(char *a) { strcpy(a, a); }\n", "strcpy() is banned"),
    (check_banned, "bench/b.c", "long t = time (NULL);\n", "time() is banned"),
    (check_banned, "src/base/b.c", "int t = clock_gettime(0, &x);\n", "only src/base/clock.c"),
    (check_banned, "src/model/b.c", "int t = getrandom(p, 1, 0);\n", "only src/base/rng.c"),
    (check_banned, "src/core/b.c", "__builtin_prefetch(a);\n", "only src/base/prefetch.h"),
    (check_docs, "README.md", "[gone](docs/gone.md)\n", "does not exist"),
    (check_docs, "README.md", "[gone](docs/notes.md#third)\n", "no such heading"),
    (check_docs, "docs/decisions/0002-two.md", "# Two\n", "not listed"),
    (check_docs, "docs/decisions/notes.md", "# Two\n", "is called NNNN"),
    (check_docs, "src/base/b.c", "/* TO" "DO later */\n", "unfinished"),
    (check_docs, "docs/notes.md", "## Second part\nIn /wo" "rk/main there is\n", "one machine"),
    (check_registered, "tests/unit/base/test_b.c", "int x;\n", "ctest knows no unit.base.test_b"),
    (check_registered, "tests/unit/base/helper.c", "int x;\n", "tests/support"),
    (check_registered, "tests/unit/odd/test_b.c", "int x;\n", "no folder of src/LAYERS"),
    (check_registered, "tests/integration/helper.py", "x = 1\n", "tests/support"),
    (check_registered, "tests/fuzz/fuzz_x.c", "int x;\n", "no seed corpus"),
    (check_registered, "tests/fuzz/fuzz_y.c", "int x;\n", "replays no corpus of fuzz_y"),
    (check_format, "src/base/b.c", "int  f( void ){return 1;}\n", "not formatted"),
    (check_shell, "run", "#!/usr/bin/env bash\nrm -rf $1/*\n", "Double quote"),
    (check_headers, "src/base/b.h", "uint32_t f(void);\n", "does not compile alone"),
    (check_headers, "src/base/b.h", "struct twice { int x; };\n", "does not compile alone"),
    (check_headers, "include/onym/span.h", '#include "base/a.h"\n', "does not compile alone"),
]
# What must be left alone: a comment, a string, a member, a longer name.
INNOCENT = ("/* strcpy(a, b) */\nconst char *s = \"time(x)\";\nint v = rng->random(x) + "
            "my_time(3) + a.rand(1);\n")


def grow(folder, extra):
    for name, text in {**GOOD, **extra}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def report(check, folder, source):
    build = folder / "build"
    build.mkdir(exist_ok=True)
    command = f"cc -I{folder / 'src'} -I{folder / 'include'} -c x.c"
    (build / "compile_commands.json").write_text(json.dumps([{"command": command}]), "utf-8")
    shutil.copy(source / ".clang-format", folder)
    project = tree.Tree(folder, build)
    if check is check_registered:
        return list(check.problems(project, REGISTERED))
    return list(check.problems(project))


def in_new_tree(check, extra, source):
    with tempfile.TemporaryDirectory(prefix="onym-arch-") as folder:
        grow(pathlib.Path(folder), extra)
        return report(check, pathlib.Path(folder).resolve(), source)


def globals_problems():
    """check_globals looks at compiled objects, so its samples are compiled."""
    samples = {
        "const int fine = 1; static const char *const also[] = {\"a\"}; "
        "const char *const *f(void) { return also; }": None,
        "int counter;": "counter",
        "static int hidden = 3; int *f(void) { return &hidden; }": "hidden",
        "int *f(void) { static int inner; return &inner; }": "inner",
        "_Thread_local int per_thread;": "per_thread",
    }
    for text, name in samples.items():
        with tempfile.TemporaryDirectory(prefix="onym-arch-") as folder:
            build = pathlib.Path(folder)
            (build / "lib").mkdir()
            subprocess.run(["cc", "-fPIC", "-x", "c", "-c", "-", "-o", build / "b.c.o"],
                           input=text, text=True, check=True)
            subprocess.run(["ar", "rc", build / "lib" / "libonym_base.a", build / "b.c.o"],
                           check=True)
            found = list(check_globals.problems(tree.Tree(build, build), {}))
            if (name is None and found) or (name and not any(name in line for line in found)):
                yield f"check_globals: {text!r} gave {found}"
            if name and list(check_globals.problems(tree.Tree(build, build),
                                                    {f"b.c {name}": "allowed"})):
                yield f"check_globals: the allow-list does not allow {name}"
            if not list(check_globals.problems(tree.Tree(build, build), {"b.c gone": "stale"})):
                yield "check_globals: a stale line of the allow-list passes"


def problems(project):
    source = project.source
    tools = {check_format: check_format.PROGRAM, check_shell: "shellcheck"}
    skip = {check for check, tool in tools.items() if shutil.which(tool) is None}
    for check in dict.fromkeys(row[0] for row in BAD):
        if check not in skip:
            for line in in_new_tree(check, {}, source):
                yield f"{check.__name__}: complains about a good tree: {line}"
    for line in in_new_tree(check_banned, {"src/base/b.c": INNOCENT}, source):
        yield f"check_banned: complains about innocent code: {line}"
    for check, name, text, words in BAD:
        if check in skip:
            continue
        found = in_new_tree(check, {name: text}, source)
        if not any(words in line for line in found):
            yield f"{check.__name__}: {name} with {text[:40]!r} must give {words!r}, gave {found}"
    yield from globals_problems()


if __name__ == "__main__":
    tree.run(problems)
