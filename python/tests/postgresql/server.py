# SPDX-License-Identifier: MIT
"""Servers of PostgreSQL for tests: in a scratch folder, as an ordinary user, then thrown away.

Needs the programs of PostgreSQL (Debian: postgresql-15) and nothing that is not in Python.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

ROLE, DATABASE, ADMINISTRATOR = "data_store", "market", "postgres"

QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "deadlock_timeout": "100ms",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
}
"""What a test needs of a server: nothing survives it, so nothing has to reach the disk."""
DURABLE = {"fsync": "on", "full_page_writes": "on"}

PATIENCE = 60
"""Seconds after which a server that does not answer has failed."""


class NoServerError(Exception):
    """PostgreSQL is not installed, or does not start; the message says what to do."""


def programs() -> Path:
    """The folder of `postgres`, `initdb` and the others, of the newest version that there is."""
    named = os.environ.get("DATA_STORE_POSTGRESQL_BIN")
    folders = [Path(named)] if named else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda folder: -float(folder.parent.name))
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres", "psql", "pg_isready")):
            return folder
    raise NoServerError("PostgreSQL is not installed. On Debian: apt-get install postgresql-15")


def as_user() -> list[str]:
    """What to put before a command that PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    user = owner()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def owner() -> pwd.struct_passwd:
    """Whom the server runs as: the caller, or, where that is root, a user without rights."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServerError("PostgreSQL refuses to run as root, and the user 'nobody' is missing.")


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One server with one database; stopped, and its folder removed, when the block ends.

    Over its Unix socket, in a folder that others cannot enter, it trusts every role; over loopback
    it asks for the password. `copy_of` makes it a standby of another.
    """

    def __init__(
        self,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        data: Path | None = None,
        copy_of: Server | None = None,
    ) -> None:
        self.bin = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=os.environ.get("TMPDIR") or "/tmp"))
        self.data = data or self.folder / "data"
        self.sockets = self.folder / "s"
        self.log = self.folder / "log"
        self.password = copy_of.password if copy_of else secrets.token_hex(8)
        self.port = free_port()
        self.settings = {**QUICK, **(DURABLE if durable else {}), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._make(copy_of)
            self.start()
            if copy_of is None:
                secret = f"PASSWORD '{self.password}'"
                self.sql(f"CREATE ROLE {ROLE} LOGIN {secret}", database="postgres")
                self.sql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}", database="postgres")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make(self, copy_of: Server | None) -> None:
        self.folder.chmod(0o711)
        self.sockets.mkdir(mode=0o700)
        self.data.mkdir(mode=0o700, exist_ok=True)
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        self.log.touch(mode=0o600)
        user = owner()
        for made in (self.sockets, self.data, secret, self.log):
            os.chown(made, user.pw_uid, user.pw_gid)
        if copy_of is not None:
            self.run("pg_basebackup", "--pgdata", self.data, "--host", copy_of.sockets,
                     "--port", copy_of.port, "--username", ADMINISTRATOR, "--checkpoint=fast",
                     "--no-sync")  # fmt: skip
            signal_file = self.data / "standby.signal"
            signal_file.touch()
            os.chown(signal_file, user.pw_uid, user.pw_gid)
            self.settings["primary_conninfo"] = (
                f"host={copy_of.sockets} port={copy_of.port} user={ADMINISTRATOR}"
            )
            return
        self.run("initdb", "--pgdata", self.data, "--username", ADMINISTRATOR, "--pwfile", secret,
                 "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip

    def run(self, program: str, *arguments: object) -> str:
        """A program of PostgreSQL, as the server's user; what it printed."""
        command = [*as_user(), str(self.bin / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise NoServerError(
                f"{program}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def start(self, **settings: str) -> None:
        """Starts the server and waits until it answers."""
        self.settings.update(settings)
        chosen = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
            **self.settings,
        }
        chosen["log_line_prefix"] = chosen["log_line_prefix"].strip("'")
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        # Whatever ends the process that started it ends the server, too.
        command = [
            "setpriv",
            "--pdeathsig=INT",
            str(self.bin / "postgres"),
            "-D",
            str(self.data),
            *options,
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*as_user(), *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self.await_answer()

    def await_answer(self) -> None:
        """Returns when the server takes connections."""
        until = time.monotonic() + PATIENCE
        ask = [str(self.bin / "pg_isready"), "-q", "-h", str(self.sockets), "-p", str(self.port)]
        while subprocess.run(ask).returncode != 0:
            if (self._process and self._process.poll() is not None) or time.monotonic() > until:
                raise NoServerError(f"postgres does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The postmaster's number."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """To the postmaster: SIGINT ends sessions first, SIGQUIT does not, SIGKILL is a crash."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it; it may be started again."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self.send(how)
        self._process.wait(PATIENCE)
        self._process = None
        # After a crash its children may hold the shared memory for a moment.
        until = time.monotonic() + PATIENCE
        while how == signal.SIGKILL and self._has_children() and time.monotonic() < until:
            time.sleep(0.02)

    def _has_children(self) -> bool:
        mine = str(self.data)
        for found in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if os.readlink(found) == mine:
                    return True
        return False

    def close(self) -> None:
        """Stops it and removes its folder."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(
        self,
        role: str = ROLE,
        *,
        tcp: bool = False,
        password: str | None = None,
        database: str = DATABASE,
        schema: str | None = None,
        port: int | None = None,
        **parameters: str,
    ) -> str:
        """How a client opens it: over the Unix socket, or with the password over loopback."""
        if schema is not None:
            parameters["options"] = f"-c search_path={schema}"
        if not tcp:
            parameters = {"host": str(self.sockets), "port": str(port or self.port), **parameters}
        place = f"127.0.0.1:{port or self.port}" if tcp else ""
        secret = f":{quote(password or self.password, safe='')}" if tcp else ""
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return f"postgresql://{role}{secret}@{place}/{database}{query}"

    def sql(self, statements: str, *, database: str = DATABASE, role: str = ADMINISTRATOR) -> str:
        """Runs statements by psql; what it printed, a line a row."""
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                        "-h", self.sockets, "-p", self.port, "-U", role, "-d", database,
                        "-c", statements).strip()  # fmt: skip


def environment(server: Server) -> dict[str, str]:
    """The environment in which tests find this server."""
    return {
        "DATA_STORE_POSTGRESQL": server.url(),
        "DATA_STORE_POSTGRESQL_TCP": server.url(tcp=True),
        "DATA_STORE_POSTGRESQL_ADMIN": server.url(ADMINISTRATOR),
    }
