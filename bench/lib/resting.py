"""Memory that rests stays where it is while something is measured.

Some kernels are set to page out what was not touched for a minute (DAMON's scheme "pageout"): pages
of a store that few ask for are then read from the disk again, and that disk is what is measured
(docs/decisions/0216-what-rests-is-not-paged-out-while-measured.md). Needs root and Linux; elsewhere
nothing is changed.
"""

import contextlib
import pathlib

from lib.common import say

KDAMONDS = pathlib.Path("/sys/kernel/mm/damon/admin/kdamonds")


def pages_out(kdamond):
    """Whether a DAMON thread is at work that pages out."""
    actions = kdamond.glob("contexts/*/schemes/*/action")
    return (kdamond / "state").read_text("ascii").strip() == "on" and \
        any(action.read_text("ascii").strip() == "pageout" for action in actions)


@contextlib.contextmanager
def memory_kept(folder=KDAMONDS):
    """While it lasts nothing is paged out for resting, as far as that can be set here; then what was
    stopped is at work again. Yields how many threads were stopped."""
    stopped = []
    try:
        try:
            for kdamond in sorted(folder.glob("[0-9]*")):
                if pages_out(kdamond):
                    (kdamond / "state").write_text("off", "ascii")
                    stopped.append(kdamond / "state")
        except OSError as error:
            say(f"memory that rests may be paged out: {error}")
        yield len(stopped)
    finally:
        for state in stopped:
            state.write_text("on", "ascii")
