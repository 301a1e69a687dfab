"""Every page and view: axe finds nothing serious in light and dark, and a phone has room for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.servers import eventtrack_server
from tests.ui.conftest import Site
from tests.ui.rich import log_logged_model, log_rich, print_run

AXE = (
    Path(__file__).parent.parent.parent / "eventtrack" / "ui" / "node_modules" / "axe-core"
) / "axe.min.js"

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
SCREENS = {"laptop": (1280, 800), "phone": (390, 844)}


def _look(page: Page) -> None:
    pass


def _press(key: str) -> Callable[[Page], None]:
    return lambda page: page.keyboard.press(key)


def _choose(page: Page) -> None:
    for index in (2, 3):
        page.locator(f"[role=row][aria-rowindex='{index}']").get_by_role("checkbox").check()


def _click(place: str) -> Callable[[Page], None]:
    return lambda page: page.locator(place).first.click()


def _complete(page: Page) -> None:
    page.get_by_role("combobox", name="Filter").press_sequentially("params.")


def _tag(page: Page) -> None:
    _choose(page)
    page.get_by_role("button", name="Tag").click()


class View(NamedTuple):
    """What an address shows, once `shown` is there and, if anything has to be, it was opened."""

    name: str
    address: str
    shown: str
    opening: Callable[[Page], None] = _look
    opened: str | None = None


FILES = {
    "report.html": "iframe.frame",
    "notes/readme.md": ".preview >> text=Findings",
    "notes/explore.ipynb": "iframe.frame",
    "plots/black.png": ".preview img",
    "tables/scores.csv": ".preview tbody td",
    "tables/eval.json": ".preview tbody td",
    "config.json": ".source",
    "sounds/silence.wav": ".preview audio",
}
"""What shows a file."""

TABS = {
    "params": "text=optimizer",
    "metrics": "tbody th:has-text('loss')",
    "charts": "canvas",
    "system": "canvas",
    "artifacts": "text=report.html",
    "links": "text=digits",
    "history": ".event",
}
"""What a tab of the run is not there without."""

ROW = "[role=grid] a"
DIALOG = "dialog[open]"
POPOVER = ".popover"
TABLE = "experiments/{e}?charts=0"

VIEWS = [
    View("runs", "", ROW),
    View("runs-mistake", "experiments/{e}?q=params.lr%20%3D%3D%3D", ".filter-problem mark"),
    View("runs-groups", "experiments/{e}?group=p.seed", "[role=row][aria-rowindex='2']"),
    View("runs-charts", "experiments/{e}", "canvas"),
    View("runs-none", "experiments/{e}?charts=0&q='nobody'", "text=No run is like that"),
    View("runs-chosen", TABLE, ROW, _choose, "button:has-text('Compare')"),
    View("palette", TABLE, ROW, _press("Control+k"), DIALOG),
    View("help", TABLE, ROW, _press("?"), DIALOG),
    View("time", TABLE, ROW, _press("t"), "input[type=range], [role=slider]"),
    View("experiments", TABLE, ROW, _click("button.picker"), POPOVER),
    View("columns", TABLE, ROW, _click("button[title='Choose columns']"), POPOVER),
    View("column", TABLE, ROW, _click("button.head-menu"), POPOVER),
    View("group", TABLE, ROW, _click("button[title='Group runs']"), POPOVER),
    View("views", TABLE, ROW, _click("button[title='Saved views']"), POPOVER),
    View("completions", TABLE, ROW, _complete, "[role=listbox] [role=option]"),
    View("tag", TABLE, ROW, _tag, DIALOG),
    View(
        "chart",
        "experiments/{e}",
        "canvas",
        _click("button[aria-label='Full screen']"),
        f"{DIALOG} canvas",
    ),
    View("run", "runs/{rich}", "text=Findings"),
    *(View(f"run-{tab}", f"runs/{{rich}}/{tab}", shown) for tab, shown in TABS.items()),
    *(
        View(f"file-{path.replace('/', '-')}", f"runs/{{rich}}/artifacts/{path}", shown)
        for path, shown in FILES.items()
    ),
    View("console", "runs/{printed}/console", "text=epoch 29 of 30"),
    View("models", "models", "table a"),
    View("model", "models/seen net", "text=@champion"),
    View("version", "models/seen net/versions/1", "text=@champion"),
    View(
        "promote",
        "models/seen net/versions/1",
        "text=@champion",
        _click("button:has-text('Promote')"),
        DIALOG,
    ),
    View("logged-model", "experiments/{d}/models/{logged}", "h1"),
    View("compare", "compare?runs={many}", "tbody th"),
    View("compare-parallel", "compare?runs={many}&view=parallel", "canvas"),
    View("compare-scatter", "compare?runs={many}&view=scatter", "canvas"),
    View("compare-charts", "compare?runs={many}&view=charts", "canvas"),
    View("not-found", "nowhere", "text=There is no such page"),
    View("no-such-run", "runs/0123456789abcdef0123456789abcdef", "[role=alert]"),
]


@pytest.fixture(scope="module")
def ids(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the addresses name: a run that has everything, one that printed, a model."""
    url = site.server.url
    details = site.rest.post("experiments/create", name="looked at")["experiment_id"]
    rich = log_rich(url, details, tmp_path_factory.mktemp("rich"))
    logged = log_logged_model(url, rich)
    client = MlflowClient(url)
    client.create_registered_model("seen net", {"team": "vision"}, "Reads **digits**.")
    client.create_model_version("seen net", f"models:/{logged}", run_id=rich, model_id=logged)
    client.set_registered_model_alias("seen net", "champion", "1")
    return {
        "e": site.experiment_id,
        "d": details,
        "rich": rich,
        "printed": print_run(url, tmp_path_factory.mktemp("printed")),
        "logged": logged,
        "many": ",".join(site.run_ids[:4]),
    }


def open_view(page: Page, view: View, ids: dict[str, str]) -> None:
    page.goto("/#/" + view.address.format(**ids))
    if view.opening is not _look:
        page.reload()
    expect(page.locator(view.shown).locator("visible=true").first).to_be_visible()
    view.opening(page)
    if view.opened is not None:
        expect(page.locator(view.opened).locator("visible=true").first).to_be_visible()
    page.evaluate("new Promise(requestAnimationFrame)")


def close_view(page: Page, view: View) -> None:
    if view.opening is not _look:
        page.goto("about:blank")


def serious(page: Page, rules: list[str] | None = None) -> list[tuple[str, str]]:
    """What axe calls serious or critical.  Frames hold what users logged."""
    found = page.evaluate(
        """async (rules) => (await axe.run({
          iframes: false, resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {})
        })).violations""",
        rules,
    )
    return [
        (each["id"], node["html"][:200])
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]


def faults(page: Page, view: View, shots: Path) -> list[Any]:
    """What is wrong with a view that is open: in light, in dark, on smaller screens."""
    found: list[Any] = []
    page.screenshot(path=shots / f"{view.name}-light.png")
    found += serious(page)
    # All that dark changes is colours.
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=shots / f"{view.name}-dark.png")
    found += serious(page, ["color-contrast"])
    page.emulate_media(color_scheme="light")
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=shots / f"{view.name}-{screen}.png")
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append((screen, needed))
    page.set_viewport_size(DESKTOP)
    return found


def test_every_view_is_accessible_and_fits_every_screen(
    browser: Browser, site: Site, ids: dict[str, str], shots: Path
) -> None:
    context = browser.new_context(
        base_url=site.server.url,
        color_scheme="light",
        bypass_csp=True,
        reduced_motion="reduce",
        viewport=DESKTOP,
    )
    context.add_init_script(path=AXE)
    page = context.new_page()
    found = {}
    for view in VIEWS:
        open_view(page, view, ids)
        found[view.name] = faults(page, view, shots)
        close_view(page, view)
    context.close()
    assert {name: each for name, each in found.items() if each} == {}


def test_an_empty_server_is_accessible(browser: Browser, tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        context = browser.new_context(base_url=server.url, bypass_csp=True)
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.goto("/#/")
        expect(page.get_by_text(f'mlflow.set_tracking_uri("{server.url}")')).to_be_visible()
        assert serious(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        context.close()


def test_on_a_phone_what_is_open_is_in_view(
    browser: Browser, site: Site, ids: dict[str, str]
) -> None:
    page = browser.new_page(base_url=site.server.url, viewport={"width": 390, "height": 844})
    open_tab = page.locator(".tabs [aria-current=page]")
    page.goto(f"/#/runs/{ids['rich']}/history")
    expect(open_tab).to_have_text("History")
    expect(open_tab).to_be_in_viewport(ratio=0.9)
    page.goto(f"/#/compare?runs={ids['many']}&view=charts")
    expect(open_tab).to_have_text("Charts")
    expect(open_tab).to_be_in_viewport(ratio=0.9)
    page.goto(f"/#/runs/{ids['rich']}/artifacts/tables/scores.csv")
    expect(page.locator("a.file[aria-current]")).to_be_in_viewport(ratio=0.9)
    page.close()


def test_on_a_phone_parallel_axes_keep_their_distance(
    browser: Browser, site: Site, ids: dict[str, str], shots: Path
) -> None:
    page = browser.new_page(base_url=site.server.url, viewport={"width": 390, "height": 844})
    page.goto(f"/#/compare?runs={ids['many']}&view=parallel&axes=p.lr,p.seed,p.width,m.val/acc")
    canvas = page.locator("figure canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate("(canvas) => canvas.clientWidth") > 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=shots / "parallel-phone.png")
    page.close()


def test_a_chart_without_points_stays_in_its_pane(browser: Browser, site: Site) -> None:
    page = browser.new_page(base_url=site.server.url, viewport={"width": 1440, "height": 900})
    experiment_id = site.rest.post("experiments/create", name="pointless")["experiment_id"]
    for number in range(13):
        run_id = site.rest.create_run(experiment_id, start_time=1000 + number)
        if number == 0:
            site.rest.post(
                "runs/log-metric", run_id=run_id, key="old", value=1, step=0, timestamp=1
            )
    page.goto(f"/#/experiments/{experiment_id}")
    chart = page.locator(".chart", has_text="No points here")
    expect(chart).to_be_visible()
    assert chart.evaluate("(chart) => getComputedStyle(chart).position") != "absolute"
    page.close()
