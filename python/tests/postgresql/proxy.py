# SPDX-License-Identifier: MIT
"""Stands between a store and its server, and counts, cuts, stalls or crumbles what passes.

A rule is about one direction and a number of bytes, counted from when it is set, over all
connections: exactly so many pass before it strikes. It strikes once, so that the next connection
finds all well, unless it is to last.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

Direction = Literal["to server", "to client"]
Action = Literal["cut", "reset", "vanish", "stall", "crumble"]
"""How a rule strikes: the connection ends for both sides, for the client in order or by a reset; or
for the client alone, and the server still believes in it; or nothing passes any more, though it
stays open; or bytes pass one by one."""

DIRECTIONS: tuple[Direction, Direction] = ("to server", "to client")


@dataclass
class Rule:
    """What happens after so many bytes."""

    direction: Direction
    left: int
    action: Action
    lasts: bool = False


class Proxy:
    """Listens on a port of loopback; closes all that it has open when the block ends."""

    def __init__(self, server: Path | tuple[str, int]) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._rule: Rule | None = None
        self._refuses = False
        self._open: set[socket.socket] = set()
        self._vanished: list[socket.socket] = []
        self.passed: dict[str, int] = dict.fromkeys(DIRECTIONS, 0)
        self.round_trips = 0
        self._last: Direction = "to client"
        self.struck = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def count(self) -> None:
        """Begins to count again, without a rule."""
        with self._lock:
            self._rule = None
            self.passed = dict.fromkeys(DIRECTIONS, 0)
            self.round_trips = 0
            self._last = "to client"
            self.struck = 0

    def after(
        self, bytes_passed: int, direction: Direction, action: Action = "cut", lasts: bool = False
    ) -> None:
        """Sets the rule, in the place of the one before."""
        with self._lock:
            self._rule = Rule(direction, bytes_passed, action, lasts)
            self.struck = 0

    def leads_to(self, server: Path | tuple[str, int]) -> None:
        """Takes further connections to this server, as an address does that has moved."""
        self._server = server

    def refuse(self, refuses: bool = True) -> None:
        """Takes no further connections, or takes them again."""
        self._refuses = refuses

    def cut_all(self) -> None:
        """Ends every connection."""
        with self._lock:
            ends, self._open = list(self._open), set()
        for end in ends:
            end_it(end, abruptly=False)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                end_it(client, abruptly=True)
                continue
            self.connections += 1
            try:
                server = self._reach()
            except OSError:
                end_it(client, abruptly=True)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            ways: list[tuple[socket.socket, socket.socket, Direction]] = [
                (client, server, "to server"), (server, client, "to client"),
            ]  # fmt: skip
            for source, sink, direction in ways:
                threading.Thread(
                    target=self._pass, args=(source, sink, direction), daemon=True
                ).start()

    def _reach(self) -> socket.socket:
        if isinstance(self._server, tuple):
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._server))
        return server

    def _pass(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        try:
            while data := source.recv(65536):
                for piece, action in self._judged(data, direction):
                    if piece:
                        sink.sendall(piece)
                    if action == "vanish":
                        client = source if direction == "to server" else sink
                        with self._lock:
                            self._open.discard(client)
                            self._vanished.append(sink if client is source else source)
                        end_it(client, abruptly=True)
                        return
                    if action in ("cut", "reset"):
                        self._end(source, sink, abruptly=action == "reset")
                        return
                    if action == "stall":
                        # Until either side gives up, which a byte or an end tells.
                        while source.recv(65536):
                            pass
                        return
        except OSError:
            pass
        finally:
            if source not in self._vanished and sink not in self._vanished:
                self._end(source, sink, abruptly=False)

    def _judged(self, data: bytes, direction: Direction) -> Iterator[tuple[bytes, Action | None]]:
        """What of the data may pass, piece by piece, with what happens after each."""
        with self._lock:
            # Whatever one side sends in pieces: the client has waited where it speaks again.
            if direction == "to server" and self._last == "to client":
                self.round_trips += 1
            self._last = direction
            rule = self._rule
            if rule is None or rule.direction != direction:
                self.passed[direction] += len(data)
                yield data, None
                return
            may_pass = min(rule.left, len(data))
            strikes = rule.left < len(data)
            rule.left -= may_pass
            self.passed[direction] += may_pass
            if strikes:
                self.struck += 1
                if not rule.lasts and rule.action != "crumble":
                    self._rule = None
        if not strikes:
            yield data, None
        elif rule.action == "crumble":
            yield data[:may_pass], None
            for position in range(may_pass, len(data)):
                yield data[position : position + 1], None
        else:
            yield data[:may_pass], rule.action

    def _end(self, *ends: socket.socket, abruptly: bool) -> None:
        with self._lock:
            mine = [end for end in ends if end in self._open]
            self._open -= set(mine)
        for end in mine:
            end_it(end, abruptly)


def end_it(end: socket.socket, abruptly: bool) -> None:
    """Closes one end: in order, or with a reset, as a host does that was restarted."""
    with contextlib.suppress(OSError):
        if abruptly and end.family == socket.AF_INET:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # wakes the thread that reads
        else:
            end.shutdown(socket.SHUT_RDWR)
    end.close()
