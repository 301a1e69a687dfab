"""What goes wrong behind a page is said on a page, in words for a person."""

from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from eventtrack.errors import Unavailable
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.pages.routes import faults_as_pages
from projections.views import ViewsStopped


@pytest.mark.parametrize("error", [ViewsStopped("no space left"), Unavailable("disk full")])
async def test_a_fault_behind_a_page_is_a_page(error: Exception) -> None:
    def make(door: Door) -> Handle:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            raise error

        return handle

    handle = faults_as_pages(make)(cast(Door, None))
    answer = await handle(make_mocked_request("GET", "/"))
    assert isinstance(answer, web.Response)
    assert (answer.status, answer.content_type) == (503, "text/html")
    assert str(error) in (answer.text or "")
