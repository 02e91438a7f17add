"""Object storage with obstore: an S3 bucket, or a folder in development."""

from .errors import NoPresignedUrl, ObjectMissing, StorageUnavailable
from .keys import InvalidKey
from .objects import OpenObject, StoredObject
from .storage import Storage

__all__ = [
    "InvalidKey",
    "NoPresignedUrl",
    "ObjectMissing",
    "OpenObject",
    "Storage",
    "StorageUnavailable",
    "StoredObject",
]
