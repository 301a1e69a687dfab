"""GET /preview-frame: the page in which the web UI shows what somebody logged as HTML.

It is empty and waits for one message from the page around it, which it becomes.  The policy puts it
on an origin of its own that nobody else has, so that scripts in it may run but reach neither our
pages, nor the API in a reader's name, nor any other server: a figure of plotly works, a thief has
nobody to tell.
"""

from aiohttp import hdrs, web

from eventtrack.server.dispatch import Handle

PATH = "/preview-frame"

POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""Everything has to be in the message: nothing is fetched, from here neither."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Preview</title>
<script>
addEventListener("message", function take(event) {
  if (event.source !== parent) return;
  removeEventListener("message", take);
  document.open();
  document.write(event.data);
  document.close();
});
parent.postMessage("ready", "*");
</script></head><body></body></html>
"""

_HEADERS = {
    hdrs.CACHE_CONTROL: "no-cache",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}


async def frame(request: web.BaseRequest) -> web.StreamResponse:
    """The empty page."""
    return web.Response(text=PAGE, content_type="text/html", headers=_HEADERS)


def routes() -> tuple[tuple[str, str, Handle], ...]:
    """(method, path, handler)."""
    return (("GET", PATH, frame),)
