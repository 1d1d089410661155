#!/usr/bin/env python3
"""Right answers that come too late: a challenge and an unproven session are good for 60 seconds."""

import base64
import hashlib
import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import test_administration as wire  # noqa: E402
import web  # noqa: E402

LIFE_S = 60


class Expired(unittest.TestCase):
    def test_a_minute_is_over(self):
        it = web.Web(settings=["listen.handle_udp="])
        it.start()
        self.addCleanup(it._remove)
        self.addCleanup(it.stop)
        late, timely = wire.Session(it), wire.Session(it)
        self.addCleanup(late.close)
        self.addCleanup(timely.close)
        challenge = late.ask(101, wire.name(f"{web.PREFIX}/x"))
        session = it.ask("POST", "/api/sessions").json
        time.sleep(LIFE_S + 1)
        secret = web.SECRET.encode()
        self.assertIn(late.prove(challenge, web.USER, secret=secret).code, (405, 500))
        self.assertEqual(timely.do(101, wire.name(f"{web.PREFIX}/x"), user=web.USER,
                                   secret=secret).code, 100)
        cnonce = bytes(16)
        right = hashlib.sha256(secret + base64.b64decode(session["nonce"]) + cnonce + secret)
        header = (f'Handle sessionId="{session["sessionId"]}", id="301:{web.USER}", '
                  f'type="HS_SECKEY", alg="SHA-256", cnonce="{base64.b64encode(cnonce).decode()}", '
                  f'signature="{base64.b64encode(right.digest()).decode()}"')
        reply = it.ask("GET", f"/api/handles/{web.USER}", headers={"Authorization": header})
        self.assertEqual(reply.status, 401)


if __name__ == "__main__":
    unittest.main()
