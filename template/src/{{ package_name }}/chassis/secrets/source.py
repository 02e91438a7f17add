"""What every store of secrets has in common: its values are those of the secret settings alone."""

from abc import abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

# How long the store's answer is waited for.
ANSWER_SECONDS = 3


class SecretsUnavailable(Exception):
    """The store of secrets cannot be read.

    Args:
        message: One sentence that names the store and what to do, without any value.
    """


class SecretsSource(PydanticBaseSettingsSource):
    """Source of those settings that are secret; a variable of the environment wins over it.

    Args:
        settings_cls: The settings class.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._values: Mapping[str, str] = {}

    @abstractmethod
    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read all that the store has for this service.

        Args:
            settings: Settings that are not kept in the store, such as where it is.

        Returns:
            Values by the names of their settings, in small letters.

        Raises:
            SecretsUnavailable: When there is a store, and it cannot be read.
        """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Find the value of one setting."""
        value = self._values.get(field_name) if field.annotation is SecretStr else None
        return value or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Find the values of all secret settings that the store has."""
        self._values = self.read(self._settings())
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found

    def _settings(self) -> SimpleNamespace:
        """What is known so far, as plain values."""
        known = {}
        for name, field in self.settings_cls.model_fields.items():
            value = self.current_state.get(name, field.default)
            known[name] = value.get_secret_value() if isinstance(value, SecretStr) else value
        return SimpleNamespace(**known)


def texts(document: object) -> dict[str, str]:
    """Find the texts in a JSON object.

    Args:
        document: What JSON was read as.

    Returns:
        The texts by their names, in small letters.

    Raises:
        ValueError: When it is no object.
    """
    if not isinstance(document, dict):
        raise ValueError
    return {name.lower(): value for name, value in document.items() if isinstance(value, str)}
