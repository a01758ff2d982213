"""Leave out packages that a library loads only because they are installed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(*packages: str) -> Iterator[None]:
    """Let what is imported in this block find that there are no such packages.

    For libraries that do without, and for packages that are needed by nothing else in it. Python
    itself says that None among its modules means that. What is loaded already stays. A library
    that warns of what it misses is not heard: it is left out on purpose.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is allowed there
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in hidden:
            del sys.modules[name]
