"""Every refusal eventtrack can give: one class per kind, with its MLflow error code and status.

The message given at the raise site names the field, the limit and what to do.  The door turns any
of these into bytes (`server/mlflow/errors.py`); causes stay in the server's log.
Source of codes and statuses: MLflow's ERROR_CODE_TO_HTTP_STATUS (3.17).
"""


class EventtrackError(Exception):
    """Base of all refusals; `error_code` and `status` are MLflow's."""

    error_code = "INTERNAL_ERROR"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidParameter(EventtrackError):
    """A field is missing, malformed or over its limit."""

    error_code = "INVALID_PARAMETER_VALUE"
    status = 400


class InvalidFilterText(InvalidParameter):
    """A filter cannot be understood; `at`: from which character on, counted from 0, if known."""

    def __init__(self, message: str, at: int | None) -> None:
        super().__init__(message)
        self.at = at


class BadRequest(EventtrackError):
    """The request is understood but MLflow answers it with the code BAD_REQUEST."""

    error_code = "BAD_REQUEST"
    status = 400


class AlreadyExists(EventtrackError):
    """A name that must be unique is taken.  MLflow answers 400, not 409."""

    error_code = "RESOURCE_ALREADY_EXISTS"
    status = 400


class DoesNotExist(EventtrackError):
    """The run, experiment, model, tag or artifact named is not there."""

    error_code = "RESOURCE_DOES_NOT_EXIST"
    status = 404


class EndpointNotFound(EventtrackError):
    """No route has this path; the client reads the code to fall back to older endpoints."""

    error_code = "ENDPOINT_NOT_FOUND"
    status = 404


class MethodNotAllowed(EventtrackError):
    """The path exists, with other methods: `allowed`, separated by commas."""

    error_code = "BAD_REQUEST"
    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not allowed here; allowed: {allowed}.")
        self.allowed = allowed


class RequestTooLarge(EventtrackError):
    """The body is over the server's size limit."""

    error_code = "BAD_REQUEST"
    status = 413


class NotSupported(EventtrackError):
    """This deployment cannot do what is asked (for example presigned URLs on a local disk)."""

    error_code = "NOT_IMPLEMENTED"
    status = 501


class Unavailable(EventtrackError):
    """A passing fault (disk full, shutting down): nothing was stored; try again."""

    error_code = "TEMPORARILY_UNAVAILABLE"
    status = 503


class Forbidden(EventtrackError):
    """The request comes from a host or origin the operator has not allowed."""

    error_code = "PERMISSION_DENIED"
    status = 403


class Conflict(EventtrackError):
    """Another writer changed the same stream, again and again, while this command was decided."""

    error_code = "ABORTED"
    status = 409


class OutOfSequence(EventtrackError):
    """A native producer's request does not begin where its last one ended: see `expected`."""

    error_code = "ABORTED"
    status = 409

    def __init__(self, producer: str, sequence: int, expected: int) -> None:
        super().__init__(
            f"Producer {producer!r} sent a request that begins at {sequence}, but what it sent "
            f"next must begin at {expected}: send from there, one request at a time."
        )
        self.expected = expected


class TooBusy(EventtrackError):
    """More waits to be stored than memory should hold: nothing was stored; try again later."""

    error_code = "REQUEST_LIMIT_EXCEEDED"
    status = 429
    retry_after_seconds = 1
