"""Settings of object storage."""

import re

from pydantic import Field, SecretStr, field_validator

from ..base import PartSettings


class StorageSettings(PartSettings):
    """Address and credentials of the object storage."""

    storage_url: str = Field(
        default=".dev/storage",
        description="Object storage, as s3://bucket[/prefix]; a folder in development.",
    )
    s3_endpoint: str = Field(
        default="",
        description="Address of an S3-compatible storage; empty for AWS.",
    )
    s3_region: str = Field(
        default="us-east-1",
        description="Region of the bucket.",
    )
    s3_access_key_id: SecretStr = Field(
        default=SecretStr(""),
        description="S3 access key ID; empty uses the machine's role.",
    )
    s3_secret_access_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secret access key of S3_ACCESS_KEY_ID.",
    )

    @field_validator("storage_url")
    @classmethod
    def _refuse_invalid_storage(cls, value: str) -> str:
        scheme, found, rest = value.partition("://")
        if found and not (
            (scheme == "s3" and re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", rest))
            or (scheme == "file" and rest.startswith("/"))
        ):
            raise ValueError(
                "Invalid storage: expected s3://bucket, s3://bucket/prefix, file:///folder or a "
                "folder."
            )
        return value
