"""What looks like a secret is never captured: by its name, or by its value.

Names are judged word by word: `token` is a secret in `hf_token` and an everyday word of language
models in `max_tokens`.  In doubt a value is masked: a hidden one is an annoyance, a published one
is not.
"""

import re
from collections.abc import Iterator, Sequence

MASK = "***"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COMPOUND = re.compile(r"([a-z]+?)(tokens?|keys?)")

_STEMS = re.compile(
    r"password|passwd|passphrase|credential|secret(?!ary|ari)"
    r"|(?:api|private|access|account|signing|encryption|ssh)key|authtoken|connectionstring"
)
_SECRET_WORDS = _set(
    "auth authorization authentication bearer cookie cookies creds dsn jwt oauth pwd sas"
)
_KEY_OWNERS = _set(
    "access account admin anthropic api auth aws azure client cohere comet db deploy encryption"
    " gcp github gitlab google groq hf huggingface langsmith license master mistral neptune openai"
    " pinecone private replicate rsa service shared signing ssh ssl storage subscription tls"
    " wandb"
)
"""Words that make a `key` a secret one; a `key` by itself is a mapping's, or attention's."""

_TOKEN_OWNERS = _set(
    "access api app azure bearer bot csrf deploy github gitlab google hf huggingface hub login"
    " openai personal private refresh service sso wandb"
)
"""Words that make a `token` a secret one whatever else the name says."""

_TOKEN_TALK = _set(
    "avg batch begin bos budget class cls context count de dim drop dropout embedding embeddings"
    " end eos eot first id ids image last latency len length level limit loss mask max mean"
    " merging min mixer mixing n next num number pad padding patch per pooling position predicted"
    " prefix prompt pre prune pruning rate ratio sep sequence shift size special start stop sub"
    " throughput total train type types unk video visual vocab weight window"
)
"""Words that make a `token` one of a language model, as in `pad_token_id`."""

_SWITCHES = frozenset(("no", "disable", "without", "skip"))

_VALUES = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])                # AWS
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,}          # GitHub
    | glpat-[\w-]{16,}                                        # GitLab
    # Hugging Face, OpenAI and others: words of a model's name have no digits and are shorter.
    | hf_(?:(?=[A-Za-z]*[A-Z0-9])[A-Za-z0-9]{20,} | [A-Za-z]{30,})
    | sk-(?:admin|ant|lf|live|or|proj|svcacct)-[\w-]{16,}
    | sk-(?:(?=[A-Za-z]*[A-Z0-9])[A-Za-z0-9]{16,} | [A-Za-z]{30,})
    | sk-[\w-]{0,40}[-_](?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}
    | [rs]k_(?:live|test)_[A-Za-z0-9]{16,}                    # Stripe
    | xox[a-z]-[\w-]{10,}                                     # Slack
    | AIza[\w-]{30,}                                          # Google
    | npm_[A-Za-z0-9]{30,} | pypi-Ag[\w-]{16,} | nvapi-[\w-]{16,}
    | eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}                      # JSON web tokens
    | [Bb]earer\s+[\w.~+/-]{8,}
    ) | -----BEGIN\ [A-Z0-9 ]*PRIVATE\ KEY
    | ://[^/\s:@]*:[^/\s@]+@                                  # a password in a URL
    | (?<![A-Za-z0-9])https?://[^/\s?\#@]+@                   # a token in the place of a user
    """,
    re.VERBOSE,
)
_USER_OF_URL = re.compile(r"://[^\s/?#]*@")
_QUERY = re.compile(r"(?<=[?&;])([^\s=&;#?]+)=([^\s&;#]+)")
# A name in front of its value: `name=x`, `"name": "x"`, or `--name x` in a text.
_NAMED = re.compile(
    r"""
      (?<![\w.+-]) (?P<name>[\w.+-]+) (?:\\?["'])? \]? \s* [=:] \s* (?!//) (?:\\?["'])?
    | (?:^|(?<=\s)) --?(?P<option>[A-Za-z][\w.-]*) \s+
    """,
    re.VERBOSE,
)
_HEAD = re.compile(r"[\w.+/-]+=")


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable, option or param should not be recorded."""
    return _secret_name(name) or bool(value and _secret_value(value))


def redacted_url(url: str) -> str:
    """A URL without its user name and password, and with the secrets of its query masked.

    Other texts come back as they are; none is refused, however malformed.
    """
    bare = _USER_OF_URL.sub("://", url)
    return _QUERY.sub(
        lambda found: f"{found[1]}={MASK}" if _secret_in_query(found[1], found[2]) else found[0],
        bare,
    )


def redacted_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line with its secrets masked; as many arguments as there were.

    Masked are the values of options with a secret name (`--token abc`, `--token=abc`,
    `--api-keys a b`), what follows such a name inside of an argument, and whatever looks secret.
    """
    return list(_redacted(arguments))


def _redacted(arguments: Sequence[str]) -> Iterator[str]:
    # How many of the arguments that follow are secret: none, the next, all up to an option.
    one = several = False
    for argument in arguments:
        option = argument.startswith("-") and argument != "-"
        if (one or several) and not option:
            one = False
            yield MASK
            continue
        # What starts with one dash after `--token` may be the token; `-v` is an option.
        doubtful = (one or several) and not argument.startswith("--") and len(argument) > 2
        one = option and _awaits_secret(argument)
        several = one and argument.endswith("s")
        yield MASK if doubtful else _redacted_argument(argument)


def _awaits_secret(option: str) -> bool:
    # `--no-auth` is a switch: what follows is not its value.
    switch = not _SWITCHES.isdisjoint(_words(option)[:1])
    return "=" not in option and not switch and _secret_name(option)


def _redacted_argument(argument: str) -> str:
    for found in _NAMED.finditer(argument):
        if _secret_name(found["name"] or found["option"]) and found.end() < len(argument):
            return argument[: found.end()] + MASK
    if not _secret_value(argument):
        return argument
    head = _HEAD.match(argument)
    return (head[0] if head and not _secret_value(head[0]) else "") + MASK


def _secret_value(value: str) -> bool:
    if _VALUES.search(value):
        return True
    return any(_secret_in_query(found[1], found[2]) for found in _QUERY.finditer(value))


def _secret_in_query(name: str, value: str) -> bool:
    # Signed links to a bucket open it to whoever has them.
    signed = _words(name)[-1:] in (["sig"], ["signature"])
    return signed or _secret_name(name) or _VALUES.search(value) is not None


def _words(name: str) -> list[str]:
    """The words of a name in lower case, told apart by capitals and punctuation."""
    words: list[str] = []
    for found in _WORDS.findall(name):
        word = found.lower()
        compound = _COMPOUND.fullmatch(word)
        words += compound.groups() if compound else [word]
    return words


def _secret_name(name: str) -> bool:
    words = _words(name)
    known = set(words)
    if known & _SECRET_WORDS or _STEMS.search("".join(words)):
        return True
    if known & {"key", "keys"} and known & (_KEY_OWNERS | {"id"}):
        return True
    if not known & {"token", "tokens"}:
        return False
    # Several tokens are text; one is a secret, unless the name speaks of it as of text.
    return bool(known & _TOKEN_OWNERS) or ("token" in known and not known & _TOKEN_TALK)
