"""What a validator of a plan raises: the sentence, the hint, and the key it is about."""

from __future__ import annotations

from collections.abc import Sequence


class Mistake(ValueError):
    """Something in a plan or in config.toml that its author can mend.

    ``at`` is the key it is about, relative to the table whose validator raised it. ``also`` holds
    further mistakes of the same table: a validator can raise once only, and a reader wants them
    all.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        at: tuple[str | int, ...] = (),
        also: Sequence[Mistake] = (),
    ) -> None:
        self.hint = hint
        self.at = at
        self.also = tuple(also)
        super().__init__(message)


def raise_all(mistakes: Sequence[Mistake]) -> None:
    """Raise the first mistake with all others in it; return if there is none."""
    if mistakes:
        first, *others = mistakes
        raise Mistake(str(first), hint=first.hint, at=first.at, also=others)
