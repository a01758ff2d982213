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
    root: Path
    has_contrast_looked_at: bool = True
    said: list[str] = field(default_factory=list)
    """Messages on the console, errors and violations of the content security policy."""
    asked: list[str] = field(default_factory=list)
    """Requests that leave the folder of the report."""

    def note(self, url: str) -> None:
        """Note a request that leaves the folder."""
        if not url.startswith((self.root.resolve().as_uri(), self.root.as_uri(), "data:")):
            self.asked.append(url)

    def trouble(self) -> list[str]:
        """Return everything that no page may have."""
        found = [f"said: {text}" for text in self.said]
        found += [f"asked for {url}" for url in self.asked]
        found += self.serious()
        if self.is_wider_than_its_window():
            found.append("is wider than its window")
        return found

    def serious(self) -> list[str]:
        """Return what axe finds serious or critical, each with the first element it is about.

        Contrast takes most of the time, and is that of the palette: it is looked at once in light
        and once in dark.
        """
        options = {"resultTypes": ["violations"]}
        if not self.has_contrast_looked_at:
            options |= {"rules": {"color-contrast": {"enabled": False}}}  # type: ignore[dict-item]
        result: dict[str, Any] = Axe().run(self.page, options=options).response
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


@pytest.fixture(scope="session")
def open_page(browser: Browser) -> Iterator[Open]:
    """Return what opens a file at a width, in light or dark, on a screen or on paper.

    There is one context and one page for each size, used again and again: they are slow to make.
    """
    kept: dict[tuple[int, bool, bool], tuple[Page, list[Watched]]] = {}

    def opened(
        file: Path, *, root: Path, width: int = 1280, dark: bool = False, printed: bool = False
    ) -> Watched:
        size = (width, dark, printed)
        if size not in kept:
            kept[size] = _new_page(browser, *size)
        page, current = kept[size]
        is_usual = width == 1280 and not printed
        watched = Watched(page, root=root, has_contrast_looked_at=is_usual)
        current[:] = [watched]
        page.goto(file.as_uri())
        return watched

    yield opened
    for page, _current in kept.values():
        page.context.close()


def _new_page(
    browser: Browser, width: int, dark: bool, printed: bool
) -> tuple[Page, list[Watched]]:
    """Return a page of a size; what happens on it is told to whoever watches it then."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    current: list[Watched] = []
    page.on("console", lambda message: current[0].said.append(message.text))
    page.on("pageerror", lambda error: current[0].said.append(str(error)))
    page.on("request", lambda request: current[0].note(request.url))
    if printed:
        page.emulate_media(media="print")
    return page, current
