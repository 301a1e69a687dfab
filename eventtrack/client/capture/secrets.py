"""What looks like a secret is never captured: by its name, or by its value."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

# A word stands alone between underscores, dashes and capitals: `hf_token` has it, `tokenizer`
# and `max_tokens` have not.
_NAMES = re.compile(
    r"(?:^|_)(?:token|secret|secrets|password|passwd|passphrase|pwd|credential|credentials|auth|"
    r"authorization|bearer|cookie|(?:api|access|private|secret|account|signing|encryption|ssh)_?keys?|"
    r"key_?id|apikey|sas|dsn|connection_?string)(?:_|$)"
)
_HARMLESS = re.compile(
    r"(?:^|_)(?:max|min|num|n|total|per|pad|eos|bos|sep|cls|mask|unk|special|image|start|end)_token"
    r"|token_(?:count|len|length|type|ids?|dropout|limit|level)"
)
_VALUES = re.compile(
    r"""
    \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                        # AWS
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,}  # GitHub
    | \bglpat-[\w-]{16,}                                 # GitLab
    | \bhf_[A-Za-z0-9]{20,}                              # Hugging Face
    | \bsk-[\w-]{16,}                                    # OpenAI, Anthropic and others
    | \bxox[abprs]-[\w-]{10,}                            # Slack
    | \bAIza[\w-]{30,}                                   # Google
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}               # JSON web tokens
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    | \b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@          # a password in a URL
    """,
    re.VERBOSE,
)
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable, option or param should not be recorded."""
    plain = _CAPITALS.sub("_", name).lower().replace("-", "_").replace(".", "_").replace("/", "_")
    plain = plain.strip("_")
    if _NAMES.search(plain) and not _HARMLESS.search(plain):
        return True
    return bool(value) and _VALUES.search(value) is not None


def redacted_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line with `--token abc` and `--token=abc` masked, and whatever looks secret."""
    shown: list[str] = []
    secret_follows = False
    for argument in arguments:
        if secret_follows and not argument.startswith("-"):
            shown.append(MASK)
            secret_follows = False
            continue
        secret_follows = False
        name, equals, value = argument.partition("=")
        if equals and looks_secret(name.lstrip("-"), value):
            shown.append(f"{name}={MASK}")
        elif looks_secret("", argument):
            shown.append(MASK)
        else:
            shown.append(argument)
            secret_follows = argument.startswith("-") and looks_secret(argument.lstrip("-"))
    return shown


def redacted_url(url: str) -> str:
    """A URL without its user name and password; other texts as they are."""
    parts = urlsplit(url)
    if not parts.scheme or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
