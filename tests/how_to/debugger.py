"""A client of the debug adapter, which starts launch configurations like VS Code does."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

# The debug adapter, which the editor's Python extension contains.
ADAPTER = ("uv", "run", "--no-project", "--with", "debugpy==1.8.22", "python", "-m")
STOP_SECONDS = 30


class Debugger:
    """Debugs a process and the processes that it starts, with one breakpoint in all of them.

    Args:
        breakpoint: File and line.
    """

    def __init__(self, breakpoint: tuple[Path, int]) -> None:
        self._breakpoint = breakpoint
        self._stopped: queue.Queue[tuple[_Session, int]] = queue.Queue()
        self._opened: list[tuple[threading.Thread, BinaryIO, BinaryIO]] = []
        self.process = 0

    def begin(self, reader: BinaryIO, writer: BinaryIO, how: str, what: Mapping[str, Any]) -> None:
        """Open a session with the adapter, and handle its events in a thread.

        Args:
            reader: Output of the adapter.
            writer: Input of the adapter.
            how: The first request: `launch` or `attach`.
            what: Arguments of the request.
        """
        session = _Session(reader, writer)
        session.send("initialize", adapterID="debugpy", pathFormat="path")
        session.send(how, **what)
        thread = threading.Thread(target=self._listen, args=(session,))
        self._opened.append((thread, reader, writer))
        thread.start()

    def close(self) -> None:
        """Close the streams of the adapter, which has ended."""
        for thread, reader, writer in self._opened:
            thread.join()
            for stream in (reader, writer):
                # Unsent data cannot be delivered any more.
                with suppress(OSError):
                    stream.close()

    def go_on_after_breakpoint(self, seconds: float) -> None:
        """Wait until a process stops at the breakpoint, and let it continue.

        Args:
            seconds: Time limit.

        Raises:
            queue.Empty: When none has stopped.
        """
        session, thread = self._stopped.get(timeout=seconds)
        session.send("continue", threadId=thread)

    def _listen(self, session: _Session) -> None:
        file, line = self._breakpoint
        for message in session.messages():
            body = message.get("body", {})
            match message.get("event"):
                case "initialized":
                    points = [{"line": line}]
                    session.send("setBreakpoints", source={"path": str(file)}, breakpoints=points)
                    session.send("configurationDone")
                case "process":
                    self.process = self.process or body["systemProcessId"]
                case "debugpyAttach":
                    address = body["connect"]["host"], body["connect"]["port"]
                    with socket.create_connection(address) as connection:
                        stream = cast("BinaryIO", connection.makefile("rwb"))
                    self.begin(stream, stream, "attach", body)
                case "stopped":
                    self._stopped.put((session, body["threadId"]))


class _Session:
    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0

    def send(self, command: str, **arguments: Any) -> None:
        self._number += 1
        request = {"seq": self._number, "type": "request", "command": command}
        content = json.dumps({**request, "arguments": arguments}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._writer.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        # A session ends when the adapter or the process does.
        with suppress(OSError, ValueError):
            while header := self._reader.readline():
                length = int(header.partition(b":")[2])
                self._reader.readline()
                yield json.loads(self._reader.read(length))


@contextmanager
def debugging(
    configuration: Mapping[str, Any],
    project: Path,
    environment: Mapping[str, str],
    breakpoint: tuple[Path, int],
    opened: Path | None = None,
) -> Iterator[Debugger]:
    """Run a configuration of `launch.json` for the duration of the context.

    Args:
        configuration: The configuration.
        project: Folder that is open in the editor.
        environment: All environment variables.
        breakpoint: File and line to stop at.
        opened: File that is open in the editor.
    """
    text = json.dumps(configuration)
    for variable, value in {"workspaceFolder": project, "file": opened}.items():
        text = text.replace(f"${{{variable}}}", str(value))
    # There is no terminal here.
    launched = {**json.loads(text), "console": "internalConsole"}
    adapter = subprocess.Popen(
        [*ADAPTER, "debugpy.adapter"],
        cwd=project,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    debugger = Debugger(breakpoint)
    try:
        streams = cast("BinaryIO", adapter.stdout), cast("BinaryIO", adapter.stdin)
        debugger.begin(*streams, "launch", launched)
        yield debugger
    finally:
        if debugger.process:
            children = _descendants(debugger.process)
            with suppress(ProcessLookupError):
                os.kill(debugger.process, signal.SIGINT)
            _wait_for_end(debugger.process)
            # The debugger may hold them, so that they outlive their parent.
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(adapter.pid, signal.SIGKILL)
        adapter.wait()
        debugger.close()


def _wait_for_end(process: int) -> None:
    ended = threading.Event()
    for _ in range(int(STOP_SECONDS / 0.1)):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        ended.wait(0.1)
    os.kill(process, signal.SIGKILL)


def _descendants(process: int) -> list[int]:
    printed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(pid): int(parent) for pid, parent in map(str.split, printed.splitlines())}
    found = [process]
    for each in found:
        found += [pid for pid, parent in parents.items() if parent == each]
    return found[1:]
