# SPDX-License-Identifier: MIT
"""The command line as a program: on a terminal, in pipes, under Ctrl-C, without typer."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import data_store
from data_store import BusyError, DataStore, StorageError
from data_store.cli.app import run

PACKAGE = str(Path(data_store.__file__).parents[1])
SERIES = ("--symbol", "X", "--timeframe", "1m")
BLOCK = 2 << 20
FIRST = 1_600_000_000


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "data_store", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**plain, "PYTHONPATH": PACKAGE, "TERM": "xterm-256color", **more}


def ended(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(*arguments), capture_output=True, text=True, env=environment(**more), check=False
    )


def lines(first: int, count: int) -> str:
    return "".join(f"{FIRST + 60 * row},{row}.5\n" for row in range(first, first + count))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "some.csv"
    made.write_text("timestamp,close\n" + lines(0, 40_000))
    return made


class Terminal:
    """What a program wrote to its terminal, read as it comes."""

    def __init__(self) -> None:
        self.side, self.program_side = pty.openpty()
        fcntl.ioctl(self.program_side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self.side, 65_536)
            except OSError:  # the program has closed its side
                return
            if not part:
                return
            self._parts.append(part)

    def text(self) -> str:
        """All of it, after the program has ended."""
        os.close(self.program_side)
        self._reader.join()
        os.close(self.side)
        return b"".join(self._parts).decode()


@contextmanager
def on_terminal(*arguments: object, out_too: bool = True) -> Iterator[tuple[int, str, str]]:
    """Runs a command on a terminal: its status, what was shown, what came by the pipe."""
    terminal = Terminal()
    done = subprocess.run(
        program(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=terminal.program_side if out_too else subprocess.PIPE,
        stderr=terminal.program_side,
        env=environment(),
        check=False,
    )
    yield done.returncode, terminal.text(), (done.stdout or b"").decode()


def test_progress_is_shown_on_a_terminal_and_not_in_a_pipe(path: Path, file: Path) -> None:
    with on_terminal("import", path, file, *SERIES) as (status, shown, _):
        assert status == 0, shown
        assert "━" in shown
        assert "40,000 bars inserted" in shown
    piped = ended("import", path, file, *SERIES)
    assert piped.returncode == 0
    assert "━" not in piped.stderr + piped.stdout
    assert "\x1b" not in piped.stderr + piped.stdout
    with on_terminal("import", path, file, *SERIES, out_too=False) as (_, shown, out):
        assert "━" in shown
        assert "━" not in out
        assert out.startswith("file\tkind\tseries")


def test_a_backup_and_a_check_show_how_far_they_are_on_a_terminal_alone(
    path: Path, file: Path
) -> None:
    assert ended("import", path, file, *SERIES).returncode == 0
    for call in (["check", path], ["backup", path, f"{path}.copy", "--overwrite"]):
        with on_terminal(*call) as (status, shown, _):
            assert status == 0, shown
            assert "━" in shown
        piped = ended(*call)
        assert piped.returncode == 0
        assert "━" not in piped.stderr + piped.stdout
        assert "\x1b" not in piped.stderr + piped.stdout


def test_rows_are_a_table_on_a_terminal_and_plain_in_a_pipe(path: Path, file: Path) -> None:
    assert ended("import", path, file, *SERIES).returncode == 0
    with on_terminal("read", path, "X", "1m") as (status, shown, _):
        assert status == 0
        assert "───" in shown
        assert "39,940 rows are not shown; --csv and --json write all of them" in shown
    piped = ended("read", path, "X", "1m").stdout
    assert piped.count("\n") == 40_001
    assert piped.splitlines()[1].split("\t")[4] == "0.5"
    with on_terminal("series", path, "--csv") as (_, shown, _):
        assert "symbol,timeframe,first,last,bars,gaps\r\n" in shown
    with on_terminal("plot", path, "X", "1m") as (_, shown, _):
        assert "volume" in shown


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose rows do not fit into a pipe."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "some.csv").write_text("timestamp,close\n" + lines(0, 40_000))
    assert run(["import", str(folder / "market.db"), str(folder / "some.csv"), *SERIES]) == 0
    return folder / "market.db"


@pytest.mark.parametrize(
    "arguments",
    [
        ("read", "STORE", "X", "1m"),
        ("read", "STORE", "X", "1m", "--json"),
        ("export", "STORE", "-"),
        ("sql", "STORE", "SELECT * FROM market_data", "--csv"),
    ],
    ids=" ".join,
)
def test_a_pipe_that_is_closed_early_ends_it_quietly(
    large: Path, arguments: tuple[str, ...]
) -> None:
    arguments = tuple(str(large) if word == "STORE" else word for word in arguments)
    with subprocess.Popen(
        program(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 0


def test_ctrl_c_in_an_import_leaves_whole_chunks_and_130(path: Path) -> None:
    text = "timestamp,close\n" + lines(0, 300_000)
    assert len(text) > 2 * BLOCK
    with subprocess.Popen(
        program("import", path, "-", *SERIES),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as running:
        assert running.stdin is not None
        running.stdin.write(text.encode())
        running.stdin.flush()
        # It waits for more now. Once the first blocks are there, it is in the midst of its work.
        while stored(path) < BLOCK // 20:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    assert running.returncode == 130, err
    assert err.decode() == (
        "data-store: interrupted: whole chunks are stored; run the same command again to go on\n"
    )
    assert out == b""
    with DataStore(path) as store:
        assert store.check() == []
        query = "SELECT count(*), max(close) FROM market_data"
        count, last = store.sql(query).iloc[0]
    # What is stored is the file's beginning, without a hole.
    assert last == count - 0.5
    assert 0 < count < 300_000
    again = path.with_name("all.csv")
    again.write_text(text)
    assert ended("import", path, again, *SERIES).returncode == 0
    assert stored(path) == 300_000


def stored(path: Path) -> int:
    try:
        with DataStore(path, read_only=True) as store:
            return store.info()["rows"]["market_data"]
    except (StorageError, BusyError, data_store.SchemaError):
        return 0


def test_without_typer_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('No module named typer')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import data_store.cli as c; c.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'data_store[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_libraries_for_tables_and_pictures_are_not_loaded_for_text(path: Path, file: Path) -> None:
    code = (
        "import sys; from data_store.cli.app import run; status = run(sys.argv[1:]);"
        " tables = {'numpy', 'pandas', 'pyarrow', 'polars', 'matplotlib'};"
        " print(sorted(tables & set(sys.modules))); sys.exit(status)"
    )
    arguments = ["import", str(path), str(file), *SERIES]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True,
        env=environment(), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stderr


def test_names_that_the_terminal_cannot_show_are_written_all_the_same(path: Path) -> None:
    with DataStore(path) as store:
        store.state.set("ñ📈", 1)
    done = ended("state", "list", path, PYTHONIOENCODING="ascii")
    assert (done.returncode, "\\xf1\\U0001f4c8\t1\t" in done.stdout) == (0, True)


def test_an_interrupt_while_the_program_begins_prints_no_traceback(tmp_path: Path) -> None:
    # What Ctrl-C does while typer and rich are loaded, at the same place each time.
    (tmp_path / "rich.py").write_text("raise KeyboardInterrupt\n")
    done = ended("info", "no.db", PYTHONPATH=os.pathsep.join([str(tmp_path), PACKAGE]))
    assert (done.returncode, done.stderr) == (130, "data-store: interrupted\n")
