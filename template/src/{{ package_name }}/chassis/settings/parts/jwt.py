"""Settings of access tokens."""

from pydantic import Field, SecretStr, field_validator

from ..base import PartSettings
from ..distribution import DISTRIBUTION
from ..types import NotNegative, Positive

# The size of the signature's hash in bytes.
JWT_KEY_LENGTH = 32


class JwtSettings(PartSettings):
    """Keys, claims and lifetimes of tokens."""

    jwt_keys: SecretStr = Field(
        default=SecretStr("for-development-only-and-refused-in-production"),
        description="Keys of access tokens, comma-separated: the first signs, all verify.",
    )
    jwt_issuer: str = Field(
        default=DISTRIBUTION,
        description="Issuer of access tokens, their claim `iss`.",
    )
    jwt_audience: str = Field(
        default=DISTRIBUTION,
        description="Audience of access tokens, their claim `aud`.",
    )
    access_token_seconds: Positive = Field(
        default=300,
        description="Lifetime of an access token, in seconds.",
    )
    refresh_token_seconds: Positive = Field(
        default=2_592_000,
        description="Lifetime of a login, even if it is refreshed, in seconds.",
    )
    refresh_reuse_seconds: NotNegative = Field(
        default=30,
        description="How long a used refresh token gets the same response again, in seconds.",
    )

    @field_validator("jwt_keys")
    @classmethod
    def _refuse_short_keys(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < JWT_KEY_LENGTH for key in keys_of(value)):
            raise ValueError(
                f"Key of less than {JWT_KEY_LENGTH} characters: "
                "generate one with `openssl rand -hex 32`."
            )
        return value

    def production_problems(self) -> list[str]:
        """Report the default key, also among others."""
        problems = super().production_problems()
        default: SecretStr = type(self).model_fields["jwt_keys"].default
        # As the only key, it is reported with the other default secrets.
        if self.jwt_keys != default and default.get_secret_value() in keys_of(self.jwt_keys):
            problems.append("JWT_KEYS holds the default key, and production refuses it: remove it")
        return problems


def keys_of(value: SecretStr) -> list[str]:
    """Keys in a comma-separated setting."""
    return [key.strip() for key in value.get_secret_value().split(",")]
