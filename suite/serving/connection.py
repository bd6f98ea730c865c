"""A connection of a client, which has some seconds to begin a request."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BEGINNING = 10.0  # seconds in which the head of a request must have arrived


class Connection(H11Protocol):
    """Closes itself if the head of a request does not arrive in time: else silent clients would keep out all others.

    uvicorn itself waits for ever, for the first head and for one that comes byte by byte.
    """

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of a head, or for no more."""
        super().data_received(data)
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP, and answer nothing else on this connection.

        uvicorn lets what was asked before be answered too, as when its body turns out to be none: both would write.
        """
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        state = self.conn.our_state
        if state is h11.IDLE or (state is h11.SEND_RESPONSE and self.scope["method"] != "HEAD"):
            super().send_400_response(msg)
        else:  # the answer has begun, or has been given, or may have no body
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._rest()
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        """Whether to change to another protocol: never, and without uvicorn's advice to install one."""
        return False

    def _watch(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering:
            self._rest()
        elif self._end is None:
            self._end = self.loop.call_later(BEGINNING, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
