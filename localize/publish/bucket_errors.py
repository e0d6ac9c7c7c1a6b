"""What goes wrong on the way to a bucket, as this project's errors: which object, what the store said, and the way out.

Nothing of a key, a token or a signature is in them: of what a store says, the code always, its sentence only where the code is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localize.errors import CrossreelError, NotReady, Transient, UserError
from localize.publish.wire import retry_after

RIGHTS = "s3:PutObject, GetObject, DeleteObject, AbortMultipartUpload, ListMultipartUploadParts on its objects and s3:ListBucket"

ABSENT = ("404", "NoSuchKey", "NotFound")
REFUSED = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey")  # a condition that did not hold

_GONE = ("NoSuchUpload", "InvalidPart", "InvalidPartOrder")
_DAMAGED = ("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody")
_BUSY = ("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "OperationAborted")

_NO_KEY = "The access key is not accepted there: give the right one (docs/publishing.md, A bucket), or sign in again if it has run out."
_NO_RIGHT = f"The account may not do that there: give it {RIGHTS}."
_ELSEWHERE = "The bucket is in another region: write its `region` into the channel's options."
_REASONS: dict[str, tuple[type[CrossreelError], str]] = {
    "NoSuchBucket": (UserError, "There is no such bucket: create it, or correct `bucket`, `endpoint` and `region` of the channel."),
    "InvalidBucketName": (UserError, "No bucket can have that name: correct `bucket` of the channel."),
    "PermanentRedirect": (UserError, _ELSEWHERE),
    "TemporaryRedirect": (UserError, _ELSEWHERE),
    "301": (UserError, _ELSEWHERE),
    "AuthorizationHeaderMalformed": (UserError, _ELSEWHERE),
    "AccessDenied": (NotReady, _NO_RIGHT),
    "403": (NotReady, _NO_RIGHT),
    "AllAccessDisabled": (NotReady, "The bucket is shut by its owner or for an unpaid bill: see the provider's console."),
    "InvalidAccessKeyId": (NotReady, _NO_KEY),
    "SignatureDoesNotMatch": (NotReady, _NO_KEY),
    "InvalidToken": (NotReady, _NO_KEY),
    "ExpiredToken": (NotReady, _NO_KEY),
    "TokenRefreshRequired": (NotReady, _NO_KEY),
    "RequestTimeTooSkewed": (UserError, "This machine's clock is wrong: set it (timedatectl set-ntp true)."),
    "EntityTooLarge": (UserError, "The store takes no file of that size: lower `max_size` and the clip's bitrate, or `part_size`."),
    "AccessControlListNotSupported": (UserError, "The bucket takes no ACLs: leave out `acl` and open it by its policy."),
    "InvalidStorageClass": (UserError, "The store has no such class: correct `storage_class` of the channel."),
}


class UploadGone(Transient):
    """The store no longer knows an upload in parts, or one of its parts: it must begin anew."""


@contextmanager
def reaching(where: str) -> Iterator[None]:
    """Raise what boto3 raises as an error of this project. `where` names the object."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as e:
        raise _told(where, e) from e
    except (BotoCoreError, ValueError) as e:  # a ValueError is botocore's word for an address or a name that is none
        raise _untold(where, e) from e


def code(e: Any) -> str:
    """What the store calls its refusal (of a botocore ClientError)."""
    return str(e.response.get("Error", {}).get("Code", ""))


def maybe_unheard_of(e: Any) -> bool:
    """Whether a store that does not know conditions may have stumbled over one: told only by trying without."""
    return _status(e) == 501 or (_status(e) == 400 and code(e) in ("InvalidArgument", "InvalidRequest", "NotImplemented", "400"))


def _status(e: Any) -> int:
    return int(e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _told(where: str, e: Any) -> CrossreelError:
    said, status = code(e), _status(e)
    if said in _GONE:
        return UploadGone(f"{where}: the upload begun before is gone ({said}). It begins anew.")
    if said in _DAMAGED:
        return Transient(f"{where}: what arrived is not what was sent ({said}). It is sent again.")
    if said in _BUSY or status == 429 or (status >= 500 and status != 501):
        headers = e.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return Transient(f"{where}: the store is too busy ({said or status}).", retry_after=retry_after(headers))
    if said.startswith("KMS"):
        return UserError(f"{where}: {said}. Correct `kms_key`, and let the account use it (kms:GenerateDataKey, kms:Decrypt).")
    message = str(e.response.get("Error", {}).get("Message", ""))[:200]
    kind, way_out = _REASONS.get(said, (UserError, f"{message} Correct the channel's options."))
    return kind(f"{where}: {said}. {way_out}")


def _untold(where: str, e: Exception) -> CrossreelError:
    """What botocore itself stumbled over."""
    name = type(e).__name__
    if name == "ProfileNotFound":
        return NotReady(f"{where}: {e}.", missing=("AWS profile",), how="Add it with `aws configure --profile NAME`, or correct `profile`.")
    if "Credential" in name or "Token" in name or name.startswith(("SSO", "Login")):
        how = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or CROSSREEL_S3_<ACCOUNT>_… for the channel's account, or its `profile`."
        return NotReady(f"{where} needs credentials ({name}).", missing=("S3 credentials",), how=how)
    if isinstance(e, ValueError) or "Validation" in name or "Invalid" in name or "Region" in name or "Unsupported" in name:
        return UserError(f"{where}: {e} Correct the channel's options.")
    return Transient(f"{where} can't be reached ({name}). Check `endpoint` and `region` of the channel if it stays so.")
