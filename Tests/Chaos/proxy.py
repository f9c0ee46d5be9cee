"""A TCP proxy on 127.0.0.1 that fails in the ways that networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading

_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, daemon=True).start()


class Proxy:
    """In front of a port, which may change. Its methods are called by any thread, and return when they are in force."""

    def __init__(self, port: int):
        self.upstream = port
        self._pairs: set[_Pair] = set()
        self._refuses = self._loses = False
        self._open = asyncio.Event()
        self._open.set()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), _loop).result()

    def black_hole(self) -> None:
        """Nothing is read or forwarded, in both directions; new connections are accepted and hang."""
        self._run(self._open.clear)

    def swallow(self) -> None:
        """What is open now never moves again and never ends; new connections are served."""
        self._run(lambda: [pair.swallow() for pair in self._pairs])

    def cut(self) -> None:
        """Resets all connections."""
        self._run(self._cut)

    def refuse(self) -> None:
        """Resets all connections, and each new one."""

        def refuse():
            self._refuses = True
            self._cut()

        self._run(refuse)

    def lose_answers(self) -> None:
        """Requests arrive; instead of the answer the connection is reset."""

        def lose():
            self._loses = True

        self._run(lose)

    def heal(self) -> None:
        """Forwards and accepts again, held-up bytes included."""

        def heal():
            self._refuses = self._loses = False
            self._open.set()

        self._run(heal)

    def _cut(self):
        for pair in list(self._pairs):
            pair.reset()

    @staticmethod
    def _run(action) -> None:
        async def act():
            action()

        asyncio.run_coroutine_threadsafe(act(), _loop).result()

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            if not self._refuses:
                await self._open.wait()
                upstream, pair.upstream = await asyncio.open_connection("127.0.0.1", self.upstream)
                await asyncio.gather(self._pump(pair, reader, pair.upstream, False), self._pump(pair, upstream, writer, True))
        except OSError:
            pass
        finally:
            pair.reset()
            self._pairs.discard(pair)

    async def _pump(self, pair, source, target, answers: bool):
        while data := await source.read(65536):
            await self._open.wait()
            await pair.moves.wait()
            if answers and self._loses:
                pair.reset()
            target.write(data)
            await target.drain()
        # An end passes on as one: nothing here is half open on purpose.
        await self._open.wait()
        await pair.moves.wait()
        target.close()


class _Pair:
    def __init__(self, client):
        self.client, self.upstream = client, None
        self.moves = asyncio.Event()
        self.moves.set()

    def swallow(self):
        self.moves.clear()

    def reset(self):
        for writer in filter(None, (self.client, self.upstream)):
            if (connection := writer.get_extra_info("socket")) is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
