"""Secrets in files, one file each, as Docker and Kubernetes mount them."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from pydantic_settings import SecretsSettingsSource

from .source import SecretsSource, SecretsUnavailable


class Source(SecretsSource):
    """Reads the files of SECRETS_DIR, if it exists; each is named after its variable."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the files of this service's settings."""
        folder = Path(settings.secrets_dir)
        try:
            if not folder.exists():
                return {}
            if not folder.is_dir():
                raise NotADirectoryError
            with warnings.catch_warnings():
                # A warning, such as about a link out of the folder, means a missing secret.
                warnings.simplefilter("error")
                return SecretsSettingsSource(self.settings_cls, secrets_dir=folder)()
        except (OSError, ValueError, UserWarning) as error:
            cause = type(error.__cause__ or error).__name__
            # The original message may contain a part of the secret.
            raise SecretsUnavailable(
                f"Cannot read the secrets from SECRETS_DIR ({cause}): check that it is a folder of "
                "readable text files, without links out of it."
            ) from None
