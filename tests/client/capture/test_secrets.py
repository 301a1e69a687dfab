"""What looks like a secret is masked, and what only sounds like one is kept."""

import time

import pytest

from eventtrack.client.capture.secrets import looks_secret, redacted_arguments, redacted_url


@pytest.mark.parametrize(
    "name",
    ["token", "HF_TOKEN", "wandb-api-key", "apiKey", "AWS_SECRET_ACCESS_KEY", "db.password",
     "privateKey", "auth", "user/credentials", "SSH_KEY", "accessToken", "hftoken", "mytoken",
     "dbpassword", "wandb_key", "openai-key", "hub_token", "apikeys", "APIkey", "HFToken",
     "sentry_dsn", "connectionString", "api_tokens", "key_id", "AWS_ACCESS_KEY_ID", "sshkey"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["tokenizer", "max_tokens", "num_tokens", "tokens_per_second", "author", "key", "keys",
     "eos_token", "pad_token_id", "monkey", "keyboard", "lr", "secretary", "authors", "tokens",
     "next_token_loss", "pretoken_dropout", "eostoken", "token_type_ids", "maxtokens",
     "token_dropout", "num_key_value_heads", "token_mixer", "total_tokens", "turkey", "key_idx"],
)  # fmt: skip
def test_names_that_only_sound_so(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "hf_" + "b" * 30,
        "sk-" + "c" * 30,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://ada:pass@db/x",
        "https://abcdef0123@host/x",
        "git+https://abcdef0123@github.com/a/b.git",
        "sk-proj-abcdefghijklmnopqrst",
        "sk-or-v1-0123456789abcdef0123",
        "Bearer abcdef01",
    ],
)
def test_values_of_secrets(value: str) -> None:
    assert looks_secret("x", value)
    assert redacted_arguments(["--x", value, f"--y={value}"]) == ["--x", "***", "--y=***"]


def test_a_command_line_is_shown_without_its_secrets() -> None:
    line = ["train.py", "--lr", "0.1", "--api-key", "abc", "--token=abc", "--max_tokens=5", "-v"]
    shown = ["train.py", "--lr", "0.1", "--api-key", "***", "--token=***", "--max_tokens=5", "-v"]
    assert redacted_arguments(line) == shown
    assert redacted_arguments(["--password", "--other", "x"]) == ["--password", "--other", "x"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (["--token", "-abc"], ["--token", "***"]),
        (["--token", "-v", "a"], ["--token", "-v", "a"]),
        (["--api-keys", "a", "b", "--lr", "1"], ["--api-keys", "***", "***", "--lr", "1"]),
        (["-H", "Authorization: Bearer x"], ["-H", "Authorization: ***"]),
        (['{"token": "x"}'], ['{"token": "***']),
        ([r"{\"lr\": 1, \"token\": \"x\"}"], [r"{\"lr\": 1, \"token\": \"***"]),
        (["TOKEN:x"], ["TOKEN:***"]),
        (["hftoken=abc"], ["hftoken=***"]),
        (["model.api_key=abc"], ["model.api_key=***"]),
        (["--mytoken", "abc"], ["--mytoken", "***"]),
        (["--dbpassword", "abc"], ["--dbpassword", "***"]),
        (["--wandb_key", "abc"], ["--wandb_key", "***"]),
        (["--openai-key=abc"], ["--openai-key=***"]),
        (["--no-auth-token=abc"], ["--no-auth-token=***"]),
        (["--extra", "--lr 1 --token abc"], ["--extra", "--lr 1 --token ***"]),
        (["--url=https://h/x?lr=1&access_token=abc"], ["--url=https://h/x?lr=1&access_token=***"]),
        (["https://b/x?a=1&X-Amz-Signature=ab"], ["***"]),
    ],
)
def test_secrets_are_masked_however_they_are_given(line: list[str], shown: list[str]) -> None:
    assert redacted_arguments(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        ["--model", "sk-learn-random-forest"],
        ["--model", "sk-learn-random-forest-2024", "sk-learn-RandomForestClassifier"],
        ["--prompt", "the bearer of news"],
        ["--checkpoint", "hf_transformerscheckpointdir"],
        ["--next_token_loss", "1"],
        ["--no-auth", "train.py"],
        ["--tokens", "5"],
        ["tokenizer=gpt2", "max_tokens=5", "author:ada", "C:/data", "10:30"],
        ["--data", "abfss://box@account.dfs.core.windows.net/x", "ssh://git@host/a", "s3://b/k"],
        ["--docs", "https://example.com/@scope/x?page=2#top", "http://127.0.0.1:5000"],
    ],
)
def test_what_only_looks_like_a_secret_is_shown(line: list[str]) -> None:
    assert redacted_arguments(line) == line


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:pw@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://github.com/a/b.git", "https://github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/repo", "/srv/repo"),
        ("https://h/x?access_token=abc", "https://h/x?access_token=***"),
        ("https://h/x?a=1&sig=abc&b=2#c", "https://h/x?a=1&sig=***&b=2#c"),
        ("http://[bad@x", "http://x"),
        ("http://a:b@[bad", "http://[bad"),
        ("ssh://git@host/a", "ssh://host/a"),
        ("", ""),
    ],
)
def test_a_remote_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted_url(url) == shown


@pytest.mark.parametrize("piece", ["a", "a.", "sk-", "://", "a=", "A", "--a ", "?a=", "Bearer "])
def test_a_long_argument_is_judged_quickly(piece: str) -> None:
    began = time.perf_counter()
    redacted_arguments([piece * 20_000])
    redacted_url(piece * 20_000)
    assert time.perf_counter() - began < 2
