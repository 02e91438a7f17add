"""Sources of settings: environment variables, and files with the same variables."""

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from .annotations import is_list


class _ListsByComma(EnvSettingsSource):
    """Reads a list from `a,b` as well as from JSON; everything else as its base class does."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Decode the value of a variable that is not a scalar.

        Args:
            field_name: Name of the setting.
            field: The setting; None for a value in a `dict`.
            value: Text of the variable.

        Raises:
            ValueError: If it is neither JSON nor a list by commas.
        """
        if field is None or not is_list(field.annotation) or value.lstrip()[:1] in ("[", "{"):
            return super().decode_complex_value(field_name, field, value)
        try:
            decoded = super().decode_complex_value(field_name, field, value)
        except ValueError:
            decoded = None
        # Without decoding (`NoDecode`), a validator of the setting wants the text.
        return value if decoded is value else [item.strip() for item in value.split(",")]


class Variables(_ListsByComma):
    """Environment variables."""


class Files(_ListsByComma, DotEnvSettingsSource):
    """`.env` and files like it."""
