"""A node with a key of its site, and the records that tests of sessions and signatures share."""

import pathlib
import tempfile
import unittest

import handle_crypto
import node
from handle_talk import CT, Secret, Session, name, numbers

PREFIX = "88.1.2"
USER = f"0.NA/{PREFIX}"
SECRET = b"s3cret-pass"
KEY = handle_crypto.Rsa()
OWNER = Secret(USER, 301, SECRET)
OTHER = Secret(USER, 302, b"another")


def admin(index, key_index, permissions="111111111111"):
    return {"index": index, "type": "HS_ADMIN", "data": {"format": "admin", "value": {
        "handle": USER, "index": key_index, "permissions": permissions}}}


RECORDS = [
    {"handle": USER, "values": [
        admin(100, 301),
        {"index": 301, "type": "HS_SECKEY", "permissions": "1100", "data": SECRET.decode()},
        {"index": 302, "type": "HS_SECKEY", "permissions": "1100", "data": "another"}]},
    {"handle": f"{PREFIX}/private", "values": [
        {"index": 1, "type": "URL", "data": "open"},
        {"index": 2, "type": "COST", "permissions": "1100", "data": "forty-two"},
        admin(100, 301)]},
    {"handle": f"{PREFIX}/big", "values": [
        {"index": i, "type": "D", "data": "x" * 1000} for i in range(1, 41)]},
] + [{"handle": f"{PREFIX}/L.{i:03d}", "values": []} for i in range(110)]

PUBLIC = name(f"{PREFIX}/private") + bytes(8)
CHOSEN = name(f"{PREFIX}/private") + numbers(2) + bytes(4)


class WithNode(unittest.TestCase):
    settings = ()
    workers = 2
    records = RECORDS
    admins = f"301:{USER}"
    kind = node.Node

    @classmethod
    def setUpClass(cls):
        cls.make_key()
        cls.node = cls.make_node()
        cls.addClassCleanup(lambda: cls.node.__exit__(None, None, None))
        cls.node.start()

    @classmethod
    def make_key(cls):
        handle_crypto.check()
        cls.folder = tempfile.TemporaryDirectory(prefix="onym-key-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.key_file = pathlib.Path(cls.folder.name) / "site.pem"
        cls.key_file.write_text(KEY.pem(), "ascii")
        cls.key_file.chmod(0o600)

    @classmethod
    def make_node(cls):
        """Not started."""
        return cls.kind(records=cls.records, workers=cls.workers, settings=[
            f"auth.server_admins={cls.admins}", f"site.key_file={cls.key_file}", *cls.settings])

    def open(self, who=OWNER, **how):
        session = Session(self.node, who, **how)
        self.assertEqual(session.reply.code, 1, session.reply.body)
        return session

    def is_signed(self, reply):
        """Signed with the node's key: H-12.2, H-12.4."""
        counter, kind, hash_name, signature = reply.proof()
        new = reply.version >= (2, 7)
        self.assertEqual((counter, kind, hash_name),
                         (0, b"HS_SIGNED", b"SHA-256" if new else b"SHA1"))
        self.assertTrue(reply.flags & CT)
        self.assertTrue(KEY.verifies(reply.covered(0), signature, "sha256" if new else "sha1"))
