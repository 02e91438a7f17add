"""Secrets in files, one each, as Docker and Kubernetes mount them."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from pydantic_settings import SecretsSettingsSource

from .source import SecretsSource, SecretsUnavailable


class Source(SecretsSource):
    """Reads SECRETS_DIR, where a file is called as its variable; without a folder there is none."""

    def read(self, settings: SimpleNamespace) -> Mapping[str, str]:
        """Read the files of this service's settings."""
        folder = Path(settings.secrets_dir)
        try:
            if not folder.exists():
                return {}
            if not folder.is_dir():
                raise NotADirectoryError
            with warnings.catch_warnings():
                # What it only warns about, such as a link to elsewhere, is a missing secret.
                warnings.simplefilter("error")
                return SecretsSettingsSource(self.settings_cls, secrets_dir=folder)()
        except (OSError, ValueError, UserWarning) as error:
            cause = type(error.__cause__ or error).__name__
            # Their messages may hold a byte of the secret.
            raise SecretsUnavailable(
                f"The secrets in the files of SECRETS_DIR cannot be read ({cause}): see that it is "
                "a folder of text files that this process may read, and that no link leads out."
            ) from None
