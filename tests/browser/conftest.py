"""One Chromium for the session, and a fresh page that counts what it must not do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

SERIOUS = frozenset({"serious", "critical"})

Open = Callable[..., "Watched"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the browser on one worker."""
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass
class Watched:
    """A page that is open, and everything it said or asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    """Messages on the console, errors and violations of the content security policy."""
    asked: list[str] = field(default_factory=list)
    """Requests that leave the folder of the report."""

    def serious(self) -> list[str]:
        """Return what axe finds serious or critical, each with the first element it is about."""
        result: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{one['id']}: {one['help']} at {one['nodes'][0]['target']}"
            for one in result["violations"]
            if one["impact"] in SERIOUS
        ]

    def is_wider_than_its_window(self) -> bool:
        """Tell whether a reader has to scroll sideways."""
        width = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(width))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium, or skip where there is none."""
    program = next((found for one in PROGRAMS if (found := shutil.which(one))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine (scripts/chromium installs it)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Return what opens a file at a width, in light or dark, on a screen or on paper."""
    contexts = []

    def opened(
        file: Path, *, root: Path, width: int = 1280, dark: bool = False, printed: bool = False
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        watched = Watched(page)
        page.on("console", lambda message: watched.said.append(message.text))
        page.on("pageerror", lambda error: watched.said.append(str(error)))
        page.on("request", lambda request: _note(request.url, root, watched.asked))
        if printed:
            page.emulate_media(media="print")
        page.goto(file.as_uri())
        return watched

    yield opened
    for context in contexts:
        context.close()


def _note(url: str, root: Path, asked: list[str]) -> None:
    if not url.startswith((root.resolve().as_uri(), root.as_uri(), "data:")):
        asked.append(url)
