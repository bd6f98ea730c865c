"""Why a depot cannot be reached, read or written, in words for a user; never with a password."""

from __future__ import annotations

import errno
import re

from suite.core.errors import first_line, without_password

HANGS = "its server does not answer"

_WORDS = (
    (r"NoCredentialsError|PartialCredentialsError",
     "no key for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    (r"InvalidAccessKeyId|Access Key Id you provided does not exist|SignatureDoesNotMatch|signature we calculated",
     "S3 does not know this key: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    (r"bucket does not exist|NoSuchBucket", "no such bucket: make it, or check its name and AWS_ENDPOINT_URL"),
    (r"EndpointConnectionError|ConnectTimeout|ConnectionClosed|Cannot connect",
     "its server cannot be reached (is it running, and AWS_ENDPOINT_URL right?)"),
    (r"ReadTimeout|TimeoutError", HANGS),
    (r"PermissionError: Forbidden|Access ?Denied", "access is refused to this key"),
    (r"Protocol not known", "no such kind of place: name a folder, s3://BUCKET/PREFIX, or a URL that fsspec knows"),
)  # fmt: skip


def reason(error: Exception) -> str:
    """Return on one line why a step failed, and what mends it where that is known."""
    text = f"{type(error).__name__}: {error}"
    for sign, words in _WORDS:
        if re.search(sign, text):
            return words
    if isinstance(error, OSError) and error.errno in errno.errorcode and error.strerror:
        return error.strerror
    return without_password(first_line(text))
