"""One exchange through the circuit breaker of its endpoint: what counts as a sign of life."""

from __future__ import annotations

from collections.abc import Callable

from drill.errors import ProviderUnavailable
from drill.provider.breaker import Breaker
from drill.provider.rds.faults import kind_of
from drill.provider.rds.transport import Answer, AnswerTooLarge, ExchangeFailed


def send_through(
    breaker: Breaker, send: Callable[[], Answer], *, write: bool, asked: str
) -> Answer:
    """Send, and tell the breaker what became of it.

    No answer and a status of 500 or more are failures; every other answer, throttling and refusals
    too, shows that the endpoint lives, and so does a code that says what is wrong with an instance.
    Raise CircuitOpen before anything is sent, and whatever ``send`` raises.
    """
    call = breaker.enter(write=write, asked=asked)
    try:
        answer = send()
    except AnswerTooLarge:
        call.answered()
        raise
    except ExchangeFailed as error:
        call.failed(error.message)
        raise
    except BaseException as error:
        call.failed(type(error).__name__)
        raise
    if answer.status >= 500 and issubclass(kind_of(answer), ProviderUnavailable):
        call.failed(f"HTTP {answer.status}")
    else:
        call.answered()
    return answer
