"""Measurements that came to nothing because the machine stood still, and can be taken again: long
runs do not end for one such second."""

from .common import CannotRun, say

ATTEMPTS = 3


class Disturbed(CannotRun):
    """Nothing could be measured; the text says why."""


def again(measure):
    """The figures that `measure(attempt)` returns, a dictionary, asked with 0, and with 1 and 2 when
    that was disturbed, which is said and stands with the figures. Disturbed when all were."""
    for attempt in range(ATTEMPTS):
        try:
            found = measure(attempt)
            return {**found, "measured_again": attempt} if attempt else found
        except Disturbed as failure:
            if attempt + 1 == ATTEMPTS:
                raise
            say(f"measured again: {failure}")
    raise AssertionError("ATTEMPTS is positive")
