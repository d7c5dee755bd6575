# SPDX-License-Identifier: MIT
"""Python objects that own objects of the library."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from types import TracebackType

from ..errors import InvalidTypeError
from .library import library
from .opening import ds_open_options, ds_store
from .status import check
from .tasks import AskedPointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["BarsHandle", "Handle", "OfThisProcess", "ResultHandle", "StoreHandle", "take_text"]


class OfThisProcess:
    """What an open store hands out: of no use in another process, and never there twice."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> Any:
        """Refuse `pickle`, `copy.copy` and `copy.deepcopy`, which all ask here."""
        raise InvalidTypeError(
            f"a {type(self).__name__} cannot be pickled or copied: it belongs to the process that "
            "opened it. Pass the path, and open it there with DataStore(path)"
        )


class Handle(OfThisProcess):
    """Owns one C object and frees it once, at the latest when it is collected.

    Passed to a library function, it stands for its pointer; the argument keeps it alive for the
    length of the call.

    Parameters
    ----------
    pointer : ctypes pointer
        What the library handed out. Not NULL.
    free : callable
        The `ds_*_free` function. Kept here, because at interpreter shutdown the module that
        holds it may be gone before this object is.
    """

    __slots__ = ("__weakref__", "_as_parameter_", "_free")

    def __init__(self, pointer: Any, free: Callable[[Any], None]) -> None:
        self._free = free
        self._as_parameter_ = pointer

    def __del__(self) -> None:
        pointer, self._as_parameter_ = getattr(self, "_as_parameter_", None), None
        if pointer is not None:
            self._free(pointer)


class ResultHandle(Handle):
    """A result or a scan; it may be freed before it is collected."""

    __slots__ = ()

    def close(self) -> None:
        """Free the object now. May be called any number of times."""
        pointer, self._as_parameter_ = self._as_parameter_, None
        if pointer is not None:
            self._free(pointer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class BarsHandle(ResultHandle):
    """Bars that were read, and of which symbols, where that is known: each once, in their order."""

    __slots__ = ("names",)

    def __init__(
        self, pointer: Any, free: Callable[[Any], None], names: tuple[str, ...] | None = None
    ) -> None:
        super().__init__(pointer, free)
        self.names = names


# Taken again by what the garbage collector ends meanwhile.
_asking_lock = threading.RLock()


def _renew_lock() -> None:
    global _asking_lock  # a thread that is not in the child may hold the old one
    _asking_lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


class StoreHandle(Handle):
    """A store. `close` closes the file, from any thread; the handle itself goes last.

    Only the finaliser frees it: a thread that is still in a call holds a reference to this
    object, so by then no thread can be in one.
    """

    __slots__ = ("_asked", "_asking", "_is_closed", "_pid", "_pointer")

    def __init__(self, path: bytes, options: ds_open_options) -> None:
        self._is_closed = False
        self._pid = os.getpid()
        pointer = ctypes.POINTER(ds_store)()
        # Before the call: what Ctrl-C stops right after it must be freed, too.
        super().__init__(pointer, library.ds_store_free)
        check(library.ds_store_open(path, ctypes.byref(options), ctypes.byref(pointer)))
        # What a call passes, made once: ctypes would turn a pointer into it at each.
        self._pointer = ctypes.byref(pointer.contents)
        self._asked: AskedPointer | None = None
        self._asking: set[object] = set()
        self._as_parameter_ = self._pointer

    @property
    def is_there(self) -> bool:
        """Whether it was not freed yet, as the garbage collector does in any order."""
        return self._as_parameter_ is not None

    def is_of(self, pid: int) -> bool:
        """Tell whether process `pid` has opened it."""
        return self._pid == pid

    def ask_tasks(self, mark: object) -> None:
        """Have each call tell which task makes it, for as long as a transaction `mark` lasts."""
        with _asking_lock:
            if self._asked is None:  # most stores that are opened for a value never need it
                self._asked = AskedPointer(self._pointer)
            self._asking.add(mark)
            if self.is_there:
                self._as_parameter_ = self._asked

    def ask_tasks_no_more(self, mark: object) -> None:
        """Undo `ask_tasks`: the transaction is over."""
        with _asking_lock:
            self._asking.discard(mark)
            if not self._asking and self.is_there:
                self._as_parameter_ = self._pointer

    @property
    def name(self) -> str:
        """How the reprs of what belongs to the store call it: by its path."""
        closed = " (closed)" if self.is_closed else ""
        return f"{os.fsdecode(library.ds_store_path(self))!r}{closed}"

    def close(self) -> None:
        """Close the store. Every later call on it raises `ClosedError`."""
        check(library.ds_store_close(self))
        self._is_closed = True

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called, or this is a fork's copy, which is as good as closed."""
        return self._is_closed or os.getpid() != self._pid

    def __del__(self, _getpid: Callable[[], int] = os.getpid) -> None:
        # The connections of a forked child are its parent's: not ours to end.
        # Where Ctrl-C came before all else, there is nothing yet.
        if _getpid() == getattr(self, "_pid", None):
            super().__del__()


def take_text(address: ctypes.c_void_p) -> bytes | None:
    """Copy a text that the library handed out, and give it back; None if there is none."""
    if address.value is None:
        return None
    try:
        return ctypes.string_at(address.value)
    finally:
        library.ds_text_free(address)
