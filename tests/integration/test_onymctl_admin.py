"""onymctl registers, changes, lists and homes against the real node; keys, files and words that
are not fit to ask with."""

import json
import pathlib
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import libonym  # noqa: E402
import node  # noqa: E402
from admin_keys import PREFIX, USER, WithKeys, admin_value, run  # noqa: E402

LISTED = 120


class RealNode(WithKeys):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        records = [
            {"handle": USER, "values": [admin_value(100, 300), admin_value(101, 301),
                                        admin_value(102, 302), admin_value(103, 303),
                                        *cls.values]},
            {"handle": f"{PREFIX}/private", "values": [
                {"index": 1, "type": "URL", "data": "open"},
                {"index": 2, "type": "COST", "permissions": "1100", "data": "forty-two"},
                admin_value(100, 300)]},
            {"handle": f"{PREFIX}/stranger", "values": [cls.values[0]]},
            *({"handle": f"{PREFIX}/LIST.{i:04d}", "values": []} for i in range(LISTED)),
        ]
        cls.node = node.Node(records=records, settings=[f"auth.server_admins=300:{USER}"])
        cls.node.start()
        cls.addClassCleanup(cls.node.__exit__, None, None, None)

    def ctl(self, *words, who=None, **more):
        where = node.endpoint(self.node.address, self.node.port)
        return run("-s", where, *words, *(self.owner if who is None else who), **more)

    def ok(self, *words, **more):
        got = self.ctl(*words, **more)
        self.assertEqual((got.returncode, got.stderr), (0, ""), words)
        return got.stdout

    def fails(self, code, part, *words, **more):
        got = self.ctl(*words, **more)
        self.assertEqual(got.returncode, code, got)
        self.assertIn(part, got.stderr, words)
        self.assertEqual(got.stdout, "")
        return got.stderr

    def found(self, handle):
        got = self.ctl("--json", "resolve", handle, who=())
        values = json.loads(got.stdout).get("values", [])
        return {v["index"]: v["data"]["value"] for v in values}

    def test_the_life_of_an_identifier(self):
        handle = f"{PREFIX}/life"
        self.assertEqual(self.ok("id", "create", handle, "--value", "1:URL=https://a=b:c",
                                 "--value", "2:DESC=制动盘"), f"created {handle}\n")
        self.assertEqual(self.found(handle), {1: "https://a=b:c", 2: "制动盘"})
        self.fails(1, "(101)\n  next: --overwrite", "id", "create", handle)
        self.assertEqual(self.ok("id", "create", handle, "--overwrite", "--value", "1:URL=x",
                                 "--value", "2:DESC=y"), f"replaced {handle}\n")
        self.ok("id", "add-value", handle, "--value", "3:NOTE=c")
        self.fails(1, "(201)", "id", "add-value", handle, "--value", "3:NOTE=d")
        self.ok("id", "add-value", handle, "--value", "3:NOTE=d", "--overwrite")
        self.ok("id", "set", handle, "--value", "1:URL=new")
        self.fails(1, "(200)", "id", "set", handle, "--value", "9:URL=new")
        self.assertEqual(self.found(handle), {1: "new", 2: "y", 3: "d"})
        self.assertEqual(self.ok("id", "rm-value", handle, "2", "3"), f"removed from {handle}\n")
        self.fails(1, "(200)", "id", "rm-value", handle, "1", "2")
        self.assertEqual(self.found(handle), {1: "new"})
        self.assertEqual(self.ok("id", "delete", handle), f"deleted {handle}\n")
        self.fails(1, "nothing to delete", "id", "delete", handle)
        self.fails(1, "register it first", "id", "set", handle, "--value", "1:URL=new")
        self.fails(1, "register it first", "id", "add-value", handle, "--value", "1:URL=new")

    def test_every_verb_speaks_json(self):
        handle = f"{PREFIX}/spoken"
        for words in (("id", "create", handle, "--value", "1:URL=x", "--value", "2:DESC=y"),
                      ("id", "set", handle, "--value", "1:URL=z"),
                      ("id", "add-value", handle, "--value", "3:NOTE=c"),
                      ("id", "rm-value", handle, "3"), ("id", "list", PREFIX),
                      ("id", "delete", handle), ("prefix", "home", "88.7.9"), ("prefix", "list"),
                      ("prefix", "unhome", "88.7.9")):
            with self.subTest(words):
                got = json.loads(self.ok("--json", *words))
                self.assertEqual((got["outcome"], got["responseCode"]), ("done", 1), got)
        got = self.ctl("--json", "id", "delete", handle)
        self.assertEqual((got.returncode, json.loads(got.stdout)["responseCode"]), (1, 100))

    def test_values_from_json_in_every_shape(self):
        url = {"index": 1, "type": "URL", "data": "x"}
        admin = admin_value(100, 300)
        for i, text in enumerate((url, [url, admin], {"values": [url, admin]},
                                  {"handle": f"{PREFIX.upper()}/json2", "values": [url]})):
            handle = f"{PREFIX}/json{min(i, 2)}"
            more = ("--overwrite",) if i == 3 else ()
            self.ok("id", "create", handle, "--values", "-", *more, stdin=json.dumps(text))
            self.assertEqual(self.found(handle)[1], "x")
        file = self.folder / "values.json"
        file.write_text(json.dumps([url]))
        self.ok("id", "create", f"{PREFIX}/json9", "--values", file, "--value", "2:DESC=y",
                "--ttl", "60", "--permissions", "1010")
        got = json.loads(self.ctl("--json", "resolve", f"{PREFIX}/json9", who=()).stdout)
        self.assertEqual({v["index"]: (v["ttl"], v.get("permissions", "1110"))
                          for v in got["values"]}, {1: (86400, "1110"), 2: (60, "1010")})

    def test_a_minted_name_is_told(self):
        made = self.ok("id", "create", f"{PREFIX}/EN.", "--mint", "--value", "1:URL=x", "-q")
        self.assertRegex(made, rf"^{PREFIX}/EN\.[0-9a-f-]{{36}}\n$")
        self.assertEqual(self.found(made.strip()), {1: "x"})

    def test_lists_of_many_parts(self):
        names = self.ok("id", "list", PREFIX).splitlines()
        listed = [name for name in names if "/LIST." in name]
        self.assertEqual(len(listed), LISTED)
        self.assertEqual(len(set(names)), len(names))
        got = json.loads(self.ok("--json", "id", "list", f"0.na/{PREFIX}"))
        self.assertEqual([n for n in got["handles"] if "/LIST." in n], listed)
        self.assertEqual((got["outcome"], got["responseCode"]), ("done", 1))
        self.assertNotIn("more", got)
        self.fails(1, "(301)", "id", "list", "99.9")
        self.fails(4, "(400)", "id", "list", PREFIX,
                   who=("--as", f"300:{PREFIX}/stranger", "--key", self.folder / "rsa.pem"))

    def test_lists_end_at_a_limit(self):
        names = self.ok("id", "list", PREFIX).splitlines()
        for limit in (1, 2, len(names) - 1, len(names), len(names) + 1):
            more = limit < len(names)
            done = self.ctl("id", "list", PREFIX, "--limit", str(limit))
            self.assertEqual((done.returncode, done.stdout.splitlines()), (0, names[:limit]))
            names_of = "name" if limit == 1 else "names"
            self.assertEqual(f"ended after {limit} {names_of}, there are more" in done.stderr, more)
            got = json.loads(self.ok("--json", "id", "list", PREFIX, "-n", str(limit)))
            self.assertEqual((got["handles"], got.get("more", False)), (names[:limit], more))
        for wrong in ("0", "-1", "x", "", "2147483648"):
            self.fails(2, "--limit", "id", "list", PREFIX, "--limit", wrong)
        self.fails(2, "unknown option", "prefix", "home", "88.7.7", "--limit", "1")

    def test_prefixes_come_and_go(self):
        self.assertEqual(self.ok("prefix", "home", "88.7.7"), "homed 0.NA/88.7.7\n")
        self.assertIn("0.NA/88.7.7\n", self.ok("prefix", "list"))
        got = json.loads(self.ok("--json", "prefix", "list"))
        self.assertEqual(sorted(got["prefixes"]), ["0.NA/88.1.2", "0.NA/88.7.7"])
        self.assertEqual(self.ok("prefix", "unhome", "0.na/88.7.7"), "unhomed 0.NA/88.7.7\n")
        self.assertNotIn("88.7.7", self.ok("prefix", "list"))
        for verb in (("home", "88.7.8"), ("unhome", PREFIX), ("list",)):
            self.fails(4, "auth.server_admins", "prefix", *verb, who=self.by_secret)

    def test_every_kind_of_key_proves(self):
        for index, option, file in ((300, "--key", "rsa.pem"), (302, "--key", "ec.pem"),
                                    (303, "--key", "sm2.pem"), (301, "--secret-file", "secret")):
            who = ("--as", f"{index}:{USER}", option, self.folder / file)
            self.assertIn("verdict    accepted\n", self.ok("auth", "challenge", who=who))
            self.ok("id", "create", f"{PREFIX}/by{index}", "--value", "1:URL=x", who=who)
        got = json.loads(self.ok("--json", "auth", "challenge", who=()))
        self.assertEqual((got["answered"], len(got["nonce"]), got["digestAlgorithm"]),
                         (False, 32, "SHA-256"))

    def test_the_environment_names_the_identity(self):
        secret = {"ONYM_AS": f"301:{USER}", "ONYM_SECRET_FILE": str(self.folder / "secret")}
        self.ok("id", "create", f"{PREFIX}/env", who=(), **secret)
        # what stands on the command line is stronger
        self.ok("id", "delete", f"{PREFIX}/env", who=self.owner, **secret)

    def test_who_may_not_is_told_why(self):
        handle = f"{PREFIX}/denied"
        create = ("id", "create", handle, "--value", "1:URL=x")
        ec = self.folder / "ec.pem"
        self.fails(4, "(402)\n  next: say who you are", *create, who=())
        self.fails(4, "(403)", *create, who=("--as", f"300:{USER}", "--key", ec))
        wrong = self.folder / "wrong"
        wrong.write_text("not the secret")
        wrong.chmod(0o600)
        self.fails(4, "(403)", *create, who=("--as", f"301:{USER}", "--secret-file", wrong))
        self.fails(4, "(404)", *create, who=("--as", f"399:{USER}", "--key", ec))
        self.fails(4, "(404)", *create, who=("--as", f"300:{PREFIX}/nobody", "--key", ec))
        self.fails(4, "(406)", *create, who=("--as", "300:99.9/foreign", "--key", ec))
        self.fails(4, "(400)", *create, who=("--as", f"300:{PREFIX}/stranger", "--key",
                                             self.folder / "rsa.pem"))
        self.assertEqual(self.found(handle), {})
        self.fails(1, "(301)", "id", "create", "99.9/x", "--value", "1:URL=x")
        self.fails(1, "(102)", "id", "create", f"{PREFIX}/a b", "--value", "1:URL=x")
        got = json.loads(self.ctl("--json", *create, who=()).stdout)
        self.assertEqual((got["handle"], got["outcome"], got["responseCode"], got["status"]),
                         (handle, "done", 402, "AUTH_NEEDED"))

    def test_private_values_are_for_those_who_may_read_them(self):
        ask = ("resolve", "--private", f"{PREFIX}/private")
        self.assertIn("forty-two", self.ok(*ask))
        got = self.ctl(*ask, who=())
        self.assertNotIn("forty-two", got.stdout)
        self.assertIn("nobody is named with --as", got.stderr)
        got = self.ctl("resolve", "--private", "--type", "COST", f"{PREFIX}/private",
                       who=("--as", f"302:{USER}", "--key", self.folder / "rsa.pem"))
        self.assertEqual(got.returncode, 4)
        self.assertIn("403 AUTH_FAILED", got.stdout)
        got = self.ctl("resolve", f"{PREFIX}/private")
        self.assertEqual(got.returncode, 2)
        self.assertIn("add --private", got.stderr)

    def test_an_administrator_stands_on_the_command_line(self):
        handle = f"{PREFIX}/changeable"
        self.ok("id", "create", handle, "--value", "1:URL=a", "--value",
                f"100:HS_ADMIN=302:111111111111:{USER}")
        self.ok("id", "set", handle, "--value", "1:URL=b")
        self.assertIn("302:" + USER + " may everything", self.ok("resolve", handle, who=()))
        self.fails(2, "INDEX:PERMISSIONS:HANDLE with 12 digits", "id", "create", handle,
                   "--value", f"100:HS_ADMIN=302:{USER}")

    def test_the_example_of_the_library_registers(self):
        program = libonym.compile_program(self.folder, libonym.SOURCE / "docs" / "examples" /
                                          "register.c")
        handle = f"{PREFIX}/example"

        def register(key, *where):
            got = subprocess.run([program, *(where or (f"127.0.0.1:{self.node.port}",)), "302",
                                  USER, self.folder / key, handle, "URL", "https://x"],
                                 capture_output=True, text=True, timeout=60)
            return got.returncode, got.stdout

        self.assertEqual(register("rsa.pem"), (1, "not registered: authentication failed\n"))
        self.assertEqual(register("ec.pem"), (0, f"registered {handle}\n"))
        self.assertEqual(self.found(handle), {1: "https://x"})
        self.assertEqual(register("ec.pem"), (1, "not registered: identifier exists\n"))
        code, said = register("ec.pem", f"127.0.0.1:{node.free_port()}")
        self.assertEqual(code, 1)
        self.assertIn("refuses the port", said)


class Files(WithKeys):
    """Nothing listens at the server named here: only exit 3 would have gone out."""

    def ctl(self, *words, **more):
        return run("-s", f"127.0.0.1:{node.free_port()}", *words, **more)

    def test_files_that_others_may_read_are_refused(self):
        for name, option in (("rsa.pem", "--key"), ("secret", "--secret-file")):
            path = self.folder / name
            self.addCleanup(path.chmod, 0o600)
            for mode in (0o640, 0o604, 0o620, 0o601):
                path.chmod(mode)
                got = self.ctl("id", "delete", "a/b", "--as", f"300:{USER}", option, path)
                self.assertEqual(got.returncode, 6, oct(mode))
                self.assertIn(f"chmod 600 {path}", got.stderr)
            for mode in (0o600, 0o400):
                path.chmod(mode)
                got = self.ctl("id", "delete", "a/b", "--as", f"300:{USER}", option, path)
                self.assertEqual(got.returncode, 3, got.stderr)

    def test_files_without_a_key_are_refused(self):
        bad = self.folder / "bad.pem"
        bad.write_text("no key")
        empty = self.folder / "empty"
        empty.write_text("\n")
        for path in (bad, empty):
            path.chmod(0o600)
        for option, path, part in (("--key", bad, str(bad)), ("--secret-file", empty, "is empty"),
                                   ("--key", self.folder / "none", "No such file"),
                                   ("--key", self.folder, "directory")):
            got = self.ctl("id", "delete", "a/b", "--as", f"300:{USER}", option, path)
            self.assertEqual(got.returncode, 2, got)
            self.assertIn(part, got.stderr)

    def test_half_an_identity_is_a_usage_error(self):
        key = self.folder / "rsa.pem"
        for words, part in ((("--key", key), "--as INDEX:HANDLE"),
                            (("--as", f"300:{USER}"), "add --key FILE"),
                            (("--as", USER, "--key", key), "INDEX:HANDLE"),
                            (("--as", "2147483648:a/b", "--key", key), "INDEX:HANDLE"),
                            (("--as", "300:", "--key", key), "INDEX:HANDLE"),
                            (("--as", f"300:{USER}", "--key", key, "--secret-file", key),
                             "exclude")):
            got = self.ctl("id", "delete", "a/b", *words)
            self.assertEqual(got.returncode, 2, words)
            self.assertIn(part, got.stderr)

    def test_words_that_make_no_sense_are_usage_errors(self):
        for words, part in (
                (("id", "create"), "name an identifier"),
                (("id", "create", "a/b", "c/d"), "too much"),
                (("id", "create", "a" * 2049), "1 to 2048"),
                (("id", "create", "a/b", "--value", "URL=x"), "INDEX:TYPE=DATA"),
                (("id", "create", "a/b", "--value", "1:=x"), "INDEX:TYPE=DATA"),
                (("id", "create", "a/b", "--value", "0:URL=x"), "index"),
                (("id", "create", "a/b", "--value", "2147483648:URL=x"), "index"),
                (("id", "create", "a/b", "--value", "1:URL=x", "--value", "1:URL=y"),
                 "two values have the index 1"),
                (("id", "create", "a/b", "--value", "9:HS_SECKEY=x"), "does not belong"),
                (("id", "create", "a/b", "--value", "9:hs_admin=x"), "12 digits"),
                (("id", "create", "a/b", "--permissions", "112"), "four digits"),
                (("id", "create", "a/b", "--ttl", "-1"), "seconds"),
                (("id", "set", "a/b"), "no values"),
                (("id", "set", "a/b", "--overwrite"), "unknown option --overwrite"),
                (("id", "delete", "a/b", "--value", "1:URL=x"), "unknown option"),
                (("id", "rm-value", "a/b"), "indexes"),
                (("id", "rm-value", "a/b", "x"), "number"),
                (("id", "rm-value", "a/b", *["1"] * 2049), "2048"),
                (("id", "create", "a/b", "--values", "/nowhere.json"), "No such file"),
                (("id", "list"), "one prefix"),
                (("prefix", "home", "88.1/x"), "one prefix"),
                (("prefix", "home", "0.NA/"), "one prefix"),
                (("prefix", "list", "88.1"), "id list 88.1"),
                (("auth", "key", "gen"), "--out FILE"),
                (("auth", "key", "--out", "x"), "say gen"),
                (("auth", "key", "gen", "--out", "x", "--type", "dsa"), "rsa, ec or sm2"),
                (("auth", "key", "gen", "--out", "x", "--bits", "1024"), "2048 to 8192")):
            got = self.ctl(*words)
            self.assertEqual(got.returncode, 2, (words, got.stderr))
            self.assertIn(part, got.stderr, words)
            self.assertEqual(got.stdout, "")
        got = self.ctl("id", "create", "a/b", *(w for i in range(1, 2049)
                                                for w in ("--value", f"{i}:U=x")))
        self.assertEqual(got.returncode, 3)
        got = self.ctl("id", "create", "a/b", *(w for i in range(1, 2050)
                                                for w in ("--value", f"{i}:U=x")))
        self.assertEqual(got.returncode, 2)

    def test_a_broken_json_file_is_named_with_the_place(self):
        got = self.ctl("id", "create", "a/b", "--values", "-",
                       stdin='[{"index": 1,\n "type": "URL", "data": 7}]')
        self.assertEqual(got.returncode, 2)
        self.assertRegex(got.stderr, r"\(standard input\):2:\d+: .*data")
        got = self.ctl("id", "create", "a/b", "--values", "-",
                       stdin='{"handle": "c/d", "values": []}')
        self.assertEqual(got.returncode, 2)
        self.assertIn("c/d", got.stderr)
        got = self.ctl("id", "create", "a/b", "--values", "-", stdin="[]" + " " * 2097150)
        self.assertEqual(got.returncode, 3, got.stderr)
        got = self.ctl("id", "create", "a/b", "--values", "-", stdin="[]" + " " * 2097151)
        self.assertIn("longer than 2097152 bytes", got.stderr)

    def test_keys_are_private_and_never_overwritten(self):
        for name in ("rsa.pem", "ec.pem", "sm2.pem", "secret"):
            path = self.folder / name
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            before = path.read_bytes()
            got = run("auth", "key" if name != "secret" else "secret", "gen", "--out", path)
            self.assertEqual((got.returncode, got.stdout), (6, ""))
            self.assertIn("not overwritten", got.stderr)
            self.assertEqual(path.read_bytes(), before)
        secret = (self.folder / "secret").read_text().strip()
        self.assertEqual(self.values[1], {"index": 301, "type": "HS_SECKEY", "ttl": 86400,
                                          "permissions": "1100",
                                          "data": {"format": "string", "value": secret}})
        self.assertEqual(len(secret), 64)
        got = run("auth", "key", "gen", "--out", self.folder / "no" / "such")
        self.assertEqual(got.returncode, 5)

    def test_an_unreachable_server_means_nothing_was_sent(self):
        got = self.ctl("id", "delete", "a/b", *self.owner)
        self.assertEqual(got.returncode, 3)
        self.assertIn("next: nothing was changed", got.stderr)
        got = self.ctl("--json", "id", "delete", "a/b", *self.owner)
        said = json.loads(got.stdout)
        self.assertEqual((said["outcome"], said["responseCode"], said["status"]),
                         ("failed", None, "UNREACHABLE"))


if __name__ == "__main__":
    unittest.main()
