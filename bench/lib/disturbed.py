"""Measurements that came to nothing because the machine stood still, and can be taken again: long
runs do not end for one such second."""

from .common import CannotRun, say

ATTEMPTS = 3


class Disturbed(CannotRun):
    """Nothing could be measured; the text says why."""


def again(measure):
    """What `measure(attempt)` returns, asked with 0, and with 1 and 2 when that was disturbed; each
    such time is said. Disturbed when all were."""
    for attempt in range(ATTEMPTS):
        try:
            return measure(attempt)
        except Disturbed as failure:
            if attempt + 1 == ATTEMPTS:
                raise
            say(f"measured again: {failure}")
    raise AssertionError("ATTEMPTS is positive")
