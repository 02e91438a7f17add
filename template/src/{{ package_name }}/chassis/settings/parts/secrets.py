"""Base class of settings with a secret store."""

from typing import ClassVar

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ...secrets.source import SecretsSource
from ..base import PartSettings


class SecretsSettings(PartSettings):
    """Settings whose secrets can come from a store.

    Attributes:
        secrets_source: Reads the store.
    """

    secrets_source: ClassVar[type[SecretsSource]]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the secret store, after environment variables."""
        sources = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return *sources[:-1], cls.secrets_source(settings_cls)
