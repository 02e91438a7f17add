"""A Python prompt in a thread, whose input runs in the event loop."""

import ast
import asyncio
import code
import inspect
import sys
from types import CodeType, FunctionType
from typing import Any


class _Console(code.InteractiveConsole):
    def __init__(self, names: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(names)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._loop = loop
        self.has_failed = self.has_ended = False

    def interact(self, banner: str | None = None, exitmsg: str | None = None) -> None:
        super().interact(banner, exitmsg)
        if not sys.stdin.isatty() and (self.has_failed or self.buffer):
            raise SystemExit(1)

    def raw_input(self, prompt: str = "") -> str:
        try:
            return super().raw_input(prompt)
        except EOFError:
            if not self.buffer or self.has_ended:
                raise
            # An empty line ends a block; without it, the block would not run.
            self.has_ended = True
            return ""

    def showsyntaxerror(self, *arguments: Any, **options: Any) -> None:
        self.has_failed = True
        super().showsyntaxerror(*arguments, **options)

    def runcode(self, code: CodeType) -> None:
        async def evaluate() -> None:
            result = FunctionType(code, self.locals)()
            if inspect.iscoroutine(result):
                await result

        try:
            asyncio.run_coroutine_threadsafe(evaluate(), self._loop).result()
        except SystemExit:
            raise
        except BaseException:
            self.has_failed = True
            self.showtraceback()


async def interact(names: dict[str, Any], banner: str) -> None:
    """Run an interactive prompt on stdin until the end of the input.

    Args:
        names: Names that are defined at the prompt.
        banner: First line of the output.

    Raises:
        SystemExit: With status 1 if the input is not typed, and a statement failed.
    """
    if not sys.stdin.isatty():
        # Another program reads the output, so print no prompts.
        sys.ps1 = sys.ps2 = ""
    names = {"__name__": "__console__", "__doc__": None, **names}
    console = _Console(names, asyncio.get_running_loop())
    await asyncio.to_thread(console.interact, banner, "")
