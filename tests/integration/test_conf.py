"""onymctl conf and onymd --check-config: exit codes, what they print, and that both agree."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import node
import secured

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


NOT_CHECKED = ("not checked: whether the addresses are free and storage.dir can be used "
               "(--here does)\n")


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
        self.expect(run("conf", "check", good), 0, f"valid: {good}, {more}\n" + NOT_CHECKED, "")
        self.expect(run("-c", good, "conf", "check"), 0, f"valid: {good}, {more}\n" + NOT_CHECKED, "")
        self.expect(run("-q", "conf", "check", good), 0, "", "")
        self.expect(run("conf", "check"), 0,
                    "valid: defaults and environment; no file was named\n" + NOT_CHECKED, "")
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


class Here(unittest.TestCase):
    def test_what_is_in_the_way_on_this_machine_is_said(self):
        with tempfile.TemporaryDirectory(prefix="onym-conf-here-") as folder, \
                socket.create_server(("127.0.0.1", 0)) as taken, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as also:
            also.bind(("127.0.0.1", 0))
            tcp, udp = taken.getsockname()[1], also.getsockname()[1]
            config = pathlib.Path(folder) / "onymd.yaml"
            config.write_text(
                f"listen: {{handle_udp: ['127.0.0.1:{udp}'], handle_tcp: ['127.0.0.1:{tcp}'], "
                f"ops: ['127.0.0.1:0'], control: ''}}\nstorage: {{dir: '{config}'}}\n")
            said = run("conf", "check", "--here", config)
            self.assertEqual(said.returncode, 1)
            self.assertEqual([line.split(": ")[0] for line in said.stderr.splitlines()],
                             ["storage.dir", "listen.handle_udp", "listen.handle_tcp"])
            self.assertIn(f"127.0.0.1:{tcp}", said.stderr)
            document = json.loads(run("conf", "check", "--here", "--json", config).stdout)
            self.assertEqual([(document["valid"], len(document["here"])), document["here"][0]["key"]],
                             [(True, 3), "storage.dir"])
            self.assertEqual(run("conf", "check", config).returncode, 0)

    def test_a_node_that_runs_is_not_in_its_own_way(self):
        with node.Node(records=[]) as it:
            said = run("conf", "check", "--here", it.config)
            self.assertEqual((said.returncode, said.stderr), (0, ""))
            self.assertIn("the node that runs", said.stdout)


class Files(unittest.TestCase):
    """Both checks read the certificates and keys that the configuration names, as a start does."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="onym-conf-files-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.certificate, self.key = secured.self_signed(self.folder, "a")
        self.tls = {"certificate_file": self.certificate, "key_file": self.key,
                    "client_ca_file": self.certificate}
        self.broken = self.folder / "broken.pem"
        self.broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.config = self.folder / "onymd.yaml"

    def check(self, tls, faults, site="", **run_as):
        """The faults, "LINE:tls.key_file" to their text, are what both checks and --json say."""
        self.config.write_text(
            "listen: {handle_udp: [], handle_tcp: ['127.0.0.1:0'], ops: [], control: ''}\n"
            f"storage: {{dir: '{self.folder / 'data'}', map_size: 64MiB}}\n"
            f"site: {{key_file: '{site}'}}\n"
            "tls:\n" + "".join(f"  {key}: '{path}'\n" for key, path in tls.items()), "utf-8")

        def do(program, *words):
            return subprocess.run([*run_as.get("front", ()), node.program(program), *words],
                                  capture_output=True, text=True, timeout=SECONDS, check=False,
                                  cwd=self.folder)
        answers = (do("onymctl", "conf", "check", self.config),
                   do("onymd", "-c", self.config, "--check-config"))
        for answer, code in zip(answers, (1, 78)):
            said = [re.sub(rf"^{re.escape(str(self.config))}:(\d+):\d+: ", r"\1:", line)
                    for line in answer.stderr.splitlines()]
            self.assertEqual(said, [f"{place}: {text}" for place, text in faults.items()])
            self.assertEqual(answer.returncode, code if faults else 0)
            self.assertEqual(answer.stdout == "", bool(faults))
        document = do("onymctl", "conf", "check", self.config, "--json")
        self.assertEqual(document.returncode, 1 if faults else 0)
        document = json.loads(document.stdout)
        self.assertEqual((document["valid"], document["error_count"]), (not faults, len(faults)))
        self.assertEqual({f"{e['line']}:{e['key']}": e["text"] for e in document["errors"]}, faults)
        if faults:
            started = do("onymd", "-c", self.config)
            place, text = next(iter(faults.items()))
            self.assertEqual(started.returncode, 1)
            self.assertIn(f"onymd: {place.split(':')[1]}: {text}\n", started.stderr)

    def test_good_files_are_valid_and_nothing_is_made(self):
        self.check(self.tls, {})
        self.check({key: path.name for key, path in self.tls.items()}, {})
        self.assertFalse((self.folder / "data").exists())

    def test_a_file_that_a_start_would_not_read_is_not_read(self):
        self.check({"client_ca_file": self.broken}, {})
        self.check({**self.tls, "client_ca_file": self.broken, "client_certificates": "off"}, {})

    def test_every_fault_is_reported_and_a_start_says_the_first(self):
        gone = self.folder / "gone.crt"
        self.broken.chmod(0o644)
        self.check({"certificate_file": gone, "key_file": self.folder,
                    "client_ca_file": self.certificate.name + "x"}, {
            "3:site.key_file": f"{self.broken} is open to other users (mode 0644); run chmod 600 "
                               "on it",
            "5:tls.certificate_file": f"{gone} cannot be read: No such file or directory",
            "6:tls.key_file": f"{self.folder} is not a file",
            "7:tls.client_ca_file": "a.crtx cannot be read: No such file or directory"},
            site=self.broken)

    def test_a_key_of_another_certificate_and_damaged_authorities(self):
        other = secured.self_signed(self.folder, "b")[1]
        self.check({**self.tls, "key_file": other, "client_ca_file": self.key}, {
            "6:tls.key_file": f"{other} is not the key of the first certificate of "
                              f"{self.certificate}; install the two together",
            "7:tls.client_ca_file": f"{self.key} holds no certificate; expected PEM with BEGIN "
                                    "CERTIFICATE"})

    def test_a_site_key_that_is_not_rsa(self):
        self.check({}, {"3:site.key_file": f"{self.key}: a key of type EC with 256 bits; clients of "
                                           "the Handle protocol need RSA with 2048 bits or more"},
                   site=self.key)

    def test_a_key_of_another_account_is_said_to_be_one(self):
        self.key.chmod(0)
        # root may read everything; without these two it is held to the rights of files
        front = () if os.geteuid() else ("setpriv", "--bounding-set",
                                         "-dac_override,-dac_read_search")
        self.check(self.tls, {
            "6:tls.key_file": f"{self.key} cannot be read: Permission denied for uid "
                              f"{os.geteuid()}; run this as the account that the file is for, or "
                              "change the file's owner"}, front=front)


if __name__ == "__main__":
    unittest.main()
