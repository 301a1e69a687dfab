"""A headless Chromium that notes what a person would wait for."""

import contextlib
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
]

_WATCH = """
    window.bench = {long: [], frames: [], on: false};
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) window.bench.long.push(each.duration);
    }).observe({entryTypes: ["longtask"]});
    window.bench.watchFrames = () => {
        window.bench.frames = []; window.bench.long = []; window.bench.on = true;
        let last = performance.now();
        const frame = now => {
            window.bench.frames.push(now - last); last = now;
            if (window.bench.on) requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    };
    // How many pixels of a canvas are in a strong colour: lines of series, not axes.
    window.bench.coloured = () => {
        let most = 0;
        for (const canvas of document.querySelectorAll("canvas")) {
            if (!canvas.width || !canvas.height) continue;
            const context = canvas.getContext("2d");
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
            let count = 0;
            for (let at = 0; at < data.length; at += 16) {
                const high = Math.max(data[at], data[at + 1], data[at + 2]);
                const low = Math.min(data[at], data[at + 1], data[at + 2]);
                if (data[at + 3] > 40 && high - low > 60) count += 1;
            }
            most = Math.max(most, count);
        }
        return most;
    };
"""


@contextlib.contextmanager
def browser_page() -> Iterator[tuple[Page, CDPSession]]:
    """A page of a new browser with nothing cached."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.add_init_script(_WATCH)
        try:
            yield page, context.new_cdp_session(page)
        finally:
            browser.close()


def transferred(page: Page) -> dict[str, float]:
    """Kilobytes over the wire so far, as compressed: scripts, styles and page apart from data."""
    entries: list[dict[str, Any]] = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"),
                  ...performance.getEntriesByType("resource")]
            .map(each => ({size: each.encodedBodySize, kind: each.initiatorType}))"""
    )
    files = sum(each["size"] for each in entries if each["kind"] not in ("fetch", "xmlhttprequest"))
    data = sum(each["size"] for each in entries if each["kind"] in ("fetch", "xmlhttprequest"))
    return {"files": files / 1000, "data": data / 1000}


def answer_ms(page: Page, path: str) -> float | None:
    """Milliseconds from asking to the end of the last answer whose address holds this path."""
    found: float | None = page.evaluate(
        """path => {
            const all = performance.getEntriesByType("resource");
            const last = all.filter(each => each.name.includes(path)).pop();
            return last ? last.responseEnd - last.startTime : null;
        }""",
        path,
    )
    return found


def heap_megabytes(session: CDPSession) -> float:
    """What the page's objects hold, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def since_navigation(page: Page) -> float:
    """Milliseconds since the page was asked for."""
    now: float = page.evaluate("() => performance.now()")
    return now


def scrolled(page: Page, selector: str, seconds: float = 4.0) -> dict[str, float]:
    """Turn the wheel over an element; frames a second, the longest frame and long tasks."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + min(300, box["height"] / 2))
    page.evaluate("() => window.bench.watchFrames()")
    turns = int(seconds * 60)
    for turn in range(turns):
        page.mouse.wheel(0, 240 if turn < turns * 0.8 else -400)
        page.wait_for_timeout(12)
    page.evaluate("() => { window.bench.on = false; }")
    found = page.evaluate("() => ({frames: window.bench.frames, long: window.bench.long})")
    frames = sorted(found["frames"][1:])
    return {
        "fps": 1000 * len(frames) / sum(frames),
        "p99_ms": frames[int(len(frames) * 0.99)],
        "long": len([each for each in found["long"] if each > 50]),
        "longest_ms": max(found["long"], default=0.0),
    }
