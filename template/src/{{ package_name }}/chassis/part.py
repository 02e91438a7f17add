"""Base class of the parts of the runtime."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import typing_extensions

from .checks import Check, CheckResult, CheckRunner
from .service import Service
from .settings import ChassisSettings

# Class of a service's settings; Any by default, for code from before 1.7.0.
S = typing_extensions.TypeVar("S", bound=ChassisSettings, default=Any)


class RuntimePart:
    """Base class of the runtime's parts; each opens a backing service and adds a readiness check.

    Attributes:
        settings: Settings of this process.
        service: The service.
        checks: Readiness checks by name.
        optional: Names of optional checks, whose failure leaves the process ready.
        resources: The service's own resources, by name.

    Args:
        settings: Settings of this process.
        service: The service.
    """

    settings: ChassisSettings

    def __init__(self, settings: Any, service: Service) -> None:
        self.settings = settings
        self.service = service
        self.checks: dict[str, Check] = {}
        self.optional: set[str] = set(service.optional_checks)
        self.resources: dict[str, Any] = {}
        self._check_runner = CheckRunner()

    async def attach(self, stack: AsyncExitStack) -> None:
        """Open this part, after the parts that it depends on.

        Args:
            stack: Exit stack that closes it.
        """

    async def check(self) -> Mapping[str, CheckResult]:
        """Run all readiness checks concurrently, each for at most a second.

        Returns:
            The results by name. Each outage is logged once when it begins and once when it ends.
        """
        return await self._check_runner.check(self.checks, self.optional)
