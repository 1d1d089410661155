"""libonym.a and its headers stand alone: complete, free of other libraries, tidy in its names."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import libonym  # noqa: E402

HEADERS = sorted((libonym.SOURCE / "include" / "onym").rglob("*.h"))


def symbols(*options):
    got = subprocess.run(["nm", "-g", *options, libonym.archive()], capture_output=True, text=True,
                         timeout=60, check=True)
    return {line.split()[-1] for line in got.stdout.splitlines() if len(line.split()) >= 2}


class Archive(unittest.TestCase):
    def test_links_as_a_whole_with_libcrypto_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "whole.c"
            source.write_text("int main(void) { return 0; }\n")
            program = libonym.compile_program(folder, source, "-Wl,--whole-archive", "libonym.a",
                                              "-Wl,--no-whole-archive", "-lcrypto")
            self.assertEqual(subprocess.run([program], timeout=30).returncode, 0)

    def test_defines_only_names_of_its_own(self):
        defined = symbols("--defined-only")
        self.assertGreater(len(defined), 50)
        foreign = {name for name in defined if not name.startswith(("onym_", "__", "asan.", "_"))}
        self.assertEqual(foreign, set())

    def test_holds_no_codec_of_another_protocol(self):
        needed = symbols("--undefined-only") | symbols("--defined-only")
        for stranger in ("llhttp", "json", "yaml", "mdb_", "uv_", "XXH"):
            self.assertEqual({name for name in needed if stranger in name}, set())

    def test_defines_everything_the_public_headers_declare(self):
        defined = symbols("--defined-only")
        for header in HEADERS:
            text = re.sub(r"/\*.*?\*/", "", header.read_text("utf-8"), flags=re.S)
            text = re.sub(r"^static inline.*?^}", "", text, flags=re.S | re.M)
            for name in re.findall(r"\b(onym_\w+)\(", text):
                self.assertIn(name, defined, header)


class Headers(unittest.TestCase):
    def test_each_compiles_alone_and_without_the_project(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, header in enumerate(HEADERS):
                name = header.relative_to(libonym.SOURCE / "include")
                source = pathlib.Path(folder) / f"alone_{number}.c"
                source.write_text(f'#include "{name}"\nint main(void) {{ return 0; }}\n')
                libonym.compile_program(folder, source, "-std=c17", "-pedantic")


if __name__ == "__main__":
    unittest.main()
