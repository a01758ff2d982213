"""The pages for managers and auditors as PDF, with WeasyPrint: the optional extra ``pdf``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from drill.errors import DrillError

PAGES = ("exec", "compliance")
"""Pages that are written as PDF."""


class NoPdfWriter(DrillError):
    """there is nothing here that writes PDF"""


def ensure_writer() -> None:
    """Raise NoPdfWriter unless the extra is installed and finds its libraries."""
    if find_spec("weasyprint") is None:
        raise NoPdfWriter(
            "--pdf needs WeasyPrint, which is not installed",
            hint="Install it: pip install 'drill[pdf]'. Or open the page in a browser and print "
            "it: exec.html is made to be one sheet of A4.",
        )
    try:
        import weasyprint  # noqa: F401 - it loads libraries of the system right here
    except OSError as error:
        raise NoPdfWriter(
            f"WeasyPrint cannot find a library of the system: {error}",
            hint="Install Pango (libpango-1.0-0, libpangoft2-1.0-0), or print from a browser.",
        ) from error


def pdf_of(page: bytes) -> bytes:
    """Return a page as PDF. It fetches nothing: whatever a page would ask for is refused."""
    from weasyprint import HTML

    document: Any = HTML(string=page.decode("utf-8"), url_fetcher=_nothing, base_url=None)
    return bytes(document.write_pdf())


def _nothing(url: str, *_args: object, **_options: object) -> dict[str, Any]:
    if url == "data:,":
        return {"string": b"", "mime_type": "text/plain"}
    raise NoPdfWriter(f"a page asked for {url[:80]!r}")
