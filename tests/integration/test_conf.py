"""onymctl conf and onymd --check-config: exit codes, what they print, and that both agree."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node

SECONDS = 30

GOOD = """\
node: {id: "shiyan-1", workers: 2}
listen:
  handle_udp: ["127.0.0.1:2641", "[::1]:2641"]
  ops: []
storage: {dir: 'it''s "a" \\ path 零件'}
"""
BAD = """\
node:
  wrkers: 4
log: {level: debgu}
"""


def run(*arguments, environment=None, program="onymctl"):
    """Runs a program with nothing of ours in the environment but what is given."""
    return subprocess.run([node.program(program), *arguments], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", **(environment or {})}, timeout=SECONDS)


class Conf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-conf-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return str(path)

    def expect(self, result, code, stdout=None, stderr=None):
        self.assertEqual((result.returncode, result.stderr if stderr is not None else ""),
                         (code, stderr if stderr is not None else ""), result)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout)

    def test_check_of_a_valid_file_names_what_was_read(self):
        good = self.write("good.yaml", GOOD)
        more = self.write("conf.d/more.yaml", "log: {level: debug}\n")
        self.expect(run("conf", "check", good), 0, f"valid: {good}, {more}\n", "")
        self.expect(run("-c", good, "conf", "check"), 0, f"valid: {good}, {more}\n", "")
        self.expect(run("-q", "conf", "check", good), 0, "", "")
        self.expect(run("conf", "check"), 0,
                    "valid: defaults and environment; no file was named\n", "")
        self.assertEqual(json.loads(run("conf", "check", "--json", good).stdout),
                         {"valid": True, "files": [good, more], "error_count": 0, "errors": []})

    def test_check_of_a_faulty_file_says_all(self):
        bad = self.write("bad.yaml", BAD)
        lines = (f"{bad}:2:3: node.wrkers: unknown key; did you mean node.workers?\n"
                 f'{bad}:3:14: log.level: "debgu" is not one of the words; expected error, '
                 f"warning, notice, info or debug; did you mean debug?\n")
        self.expect(run("conf", "check", bad), 1, "", lines)
        self.expect(run("conf", "show", bad), 1, "", lines)
        self.expect(run("-c", bad, "--check-config", program="onymd"), 78, "", lines)
        self.expect(run("-c", bad, program="onymd"), 78, "", lines)
        answer = run("conf", "check", bad, "--json")
        self.expect(answer, 1, None, "")
        first = json.loads(answer.stdout)["errors"][0]
        self.assertEqual(first, {"source": "file", "file": bad, "line": 2, "column": 3,
                                 "key": "node.wrkers",
                                 "text": "unknown key; did you mean node.workers?"})

    def test_errors_beyond_a_hundred_are_counted(self):
        many = self.write("many.yaml", "".join(f"zz{i}: 1\n" for i in range(103)))
        answer = run("conf", "check", many)
        self.assertEqual(answer.returncode, 1)
        lines = answer.stderr.splitlines()
        self.assertEqual((len(lines), lines[-1]), (101, "and 3 more"))
        self.assertEqual(json.loads(run("conf", "check", "--json", many).stdout)["error_count"],
                         103)

    def test_missing_file_and_wrong_usage(self):
        gone = str(self.folder / "gone.yaml")
        self.expect(run("conf", "check", gone), 1, "",
                    f"{gone}: cannot be read: No such file or directory\n")
        self.expect(run("-c", gone, program="onymd"), 78, "",
                    f"{gone}: cannot be read: No such file or directory\n")
        self.assertEqual(run("conf", "check", "a", "b").returncode, 2)
        self.assertEqual(run("conf", "show", "--orign").returncode, 2)
        self.assertEqual(run("conf", "schema", "x").returncode, 2)

    def test_show_prints_what_loads_again(self):
        good = self.write("good.yaml", GOOD)
        self.assertEqual(
            run("conf", "show", good).stdout,
            'node:\n  id: "shiyan-1"\n  workers: 2\n'
            'listen:\n  handle_udp: ["127.0.0.1:2641", "[::1]:2641"]\n  ops: []\n'
            'storage:\n  dir: "it\'s \\"a\\" \\\\ path 零件"\n')
        effective = run("conf", "show", "--effective", good).stdout
        for options in (["--effective"], ["--effective", "--json"], []):
            again = self.write("again.yaml", run("conf", "show", *options, good).stdout)
            self.assertEqual(run("conf", "show", "--effective", again).stdout, effective)
        self.assertEqual(run("conf", "show").stdout,
                         "# nothing is set; --effective shows the defaults\n")

    def test_show_names_the_origin(self):
        good = self.write("good.yaml", GOOD)
        more = self.write("conf.d/more.yaml", "log:\n  level: debug\n")
        environment = {"ONYM_LOG__FORMAT": "json"}
        shown = run("conf", "show", "--effective", "--origin", good, environment=environment)
        for line in (f'  id: "shiyan-1" # {good}:1', "  map_size: 256GiB # default",
                     f"  level: debug # {more}:2",
                     "  format: json # environment ONYM_LOG__FORMAT"):
            self.assertIn(line + "\n", shown.stdout)
        values = json.loads(run("--json", "conf", "show", "--origin", good,
                                environment=environment).stdout)
        self.assertEqual(values["log"], {
            "level": {"value": "debug", "source": "file", "file": more, "line": 2, "column": 10},
            "format": {"value": "json", "source": "environment"}})
        self.assertNotIn("limits", values)

    def test_schema_agrees_with_show(self):
        schema = json.loads(run("conf", "schema").stdout)
        defaults = json.loads(run("conf", "show", "--effective", "--json").stdout)
        self.assertFalse(schema["additionalProperties"])
        self.assertEqual(list(schema["properties"]), list(defaults))
        for section, keys in defaults.items():
            properties = schema["properties"][section]["properties"]
            self.assertFalse(schema["properties"][section]["additionalProperties"])
            self.assertEqual(list(properties), list(keys))
            for key, value in keys.items():
                self.assertEqual(properties[key]["default"], value)
                self.check_scalar(properties[key], value)

    def check_scalar(self, schema, value):
        """The default fits the schema it is the default of."""
        if "anyOf" in schema:
            scalar, array = schema["anyOf"]
            self.assertEqual(array["items"], scalar)
            self.assertLessEqual(len(value), array["maxItems"])
            for item in value:
                self.check_scalar(scalar, item)
        elif schema["type"] == "integer":
            self.assertTrue(schema["minimum"] <= value <= schema["maximum"])
        else:
            self.assertRegex(value, re.compile(schema.get("pattern", ""), re.ASCII))
            self.assertIn(value, schema.get("enum", [value]))

    def test_the_example_is_valid_and_changes_nothing(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "conf" / "onymd.yaml"
        self.assertEqual(run("conf", "show", "--effective", example).stdout,
                         run("conf", "show", "--effective").stdout)
        self.assertEqual(run("-c", example, "--check-config", program="onymd").returncode, 0)


if __name__ == "__main__":
    unittest.main()
