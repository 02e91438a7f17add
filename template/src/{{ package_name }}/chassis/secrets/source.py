"""Base class of secret stores, which provide values for settings of type `SecretStr` only."""

from abc import abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

# Timeout of a response of the store.
RESPONSE_SECONDS = 3


class SecretsUnavailable(SettingsError):
    """The secret store cannot be read.

    Args:
        message: One sentence with the store and what to do, without any value.
    """


class SecretsSource(PydanticBaseSettingsSource):
    """Settings source for secret settings; environment variables win over it.

    Args:
        settings_cls: The settings class.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._values: Mapping[str, str] = {}

    @abstractmethod
    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read all values of the store.

        Args:
            settings: Settings from other sources, such as the address of the store.

        Returns:
            Values by the lower-case names of their settings.

        Raises:
            SecretsUnavailable: If a store is configured, and cannot be read.
        """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Value of one setting."""
        value = self._values.get(field_name) if field.annotation is SecretStr else None
        return value or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Values of all secret settings that the store has."""
        self._values = self.read(self._settings())
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found

    def _settings(self) -> SimpleNamespace:
        """Values from other sources, or defaults."""
        known = {}
        for name, field in self.settings_cls.model_fields.items():
            value = self.current_state.get(name, field.default)
            known[name] = value.get_secret_value() if isinstance(value, SecretStr) else value
        return SimpleNamespace(**known)


def texts(document: object) -> dict[str, str]:
    """Strings of a JSON object.

    Args:
        document: The parsed JSON document.

    Returns:
        The strings by their lower-case names.

    Raises:
        ValueError: If the document is not an object.
    """
    if not isinstance(document, dict):
        raise ValueError
    return {name.lower(): value for name, value in document.items() if isinstance(value, str)}
