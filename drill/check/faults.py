"""The one exception of a checker: a copy did not answer, and what that means for the check."""

from __future__ import annotations

from drill.check.finding import Finding
from drill.check.port import CheckAnswer
from drill.errors import DrillError


class DatabaseFault(DrillError):
    """The server of a copy did not answer a question

    ``answer`` is what that means for the check: failed where the error itself is about the copy.
    ``sqlstate`` and ``number`` are the server's codes, where it sent them.
    """

    def __init__(
        self,
        message: str,
        *,
        answer: CheckAnswer = CheckAnswer.NO_DATA,
        sqlstate: str | None = None,
        number: int | None = None,
    ) -> None:
        super().__init__(message)
        self.answer = answer
        self.sqlstate = sqlstate
        self.number = number

    def finding(self) -> Finding:
        """Return what the check is to answer."""
        return Finding(answer=self.answer, reason=self.message)
