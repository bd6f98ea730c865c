"""The body of a request: whole, in time, not too large, and no more of them at once than the memory holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from suite.serving.asked import RequestError

LARGEST = 32 * 2**20  # bytes of a request
DIGITS = 20  # of a size that a request declares, at most
PATIENCE = 30.0  # seconds in which a request must have arrived


class Bodies:
    """The bodies that are held at a time. They fill `room` bytes at most. Belongs to one event loop."""

    def __init__(self, room: int) -> None:
        self._room = room

    @asynccontextmanager
    async def of(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the body of a request, which is held until the block ends.

        Raises RequestError when it is too large, late, or compressed, or when there is no room now.
        """
        _check_head(request)
        content = bytearray()
        try:
            await self._fill(content, request)
            yield bytes(content)
        finally:
            self._room += len(content)

    async def _fill(self, content: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                async for chunk in request.stream():
                    self._room -= len(chunk)
                    content += chunk
                    if len(content) > LARGEST:
                        raise _too_large()
                    if self._room < 0:
                        raise RequestError("too many large requests at once: ask again later", 429)
        except TimeoutError as error:
            raise RequestError(f"the request did not arrive within {PATIENCE:g} s", 408) from error


def _check_head(request: Request) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RequestError("send the body uncompressed", 415)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > DIGITS or int(declared) > LARGEST):
        raise _too_large()


def _too_large() -> RequestError:
    return RequestError(f"a request may have up to {LARGEST // 2**20} MiB", 413)
