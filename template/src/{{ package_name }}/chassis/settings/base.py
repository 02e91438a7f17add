"""Base class of all settings."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .sources import Files, Variables


class PartSettings(BaseSettings):
    """Base class of the settings of a part."""

    model_config = SettingsConfigDict(
        # `dev` writes the first file while it runs; the second one is yours, and wins.
        env_file=(".dev/env", ".env"),
        # MAIL__HOST is the field `host` of the setting `mail`.
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        # Error messages must not show the values of other variables, which may be secrets.
        hide_input_in_errors=True,
        # An empty variable counts as not set.
        env_ignore_empty=True,
        # Build a validator only for the class that is loaded.
        defer_build=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read lists by commas from environment variables and files."""
        files = getattr(dotenv_settings, "env_file", None)
        encoding = getattr(dotenv_settings, "env_file_encoding", None)
        return (
            init_settings,
            Variables(settings_cls),
            Files(settings_cls, env_file=files, env_file_encoding=encoding),
            file_secret_settings,
        )

    def production_problems(self) -> list[str]:
        """Values that are not allowed in production; parts extend the list of `super()`.

        Returns:
            A sentence for each problem, with the variable's name and without its value.
        """
        return []
