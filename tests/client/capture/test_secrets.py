"""What looks like a secret is masked, and what only sounds like one is kept."""

import pytest

from eventtrack.client.capture.secrets import looks_secret, redacted_arguments, redacted_url


@pytest.mark.parametrize(
    "name",
    ["token", "HF_TOKEN", "wandb-api-key", "apiKey", "AWS_SECRET_ACCESS_KEY", "db.password",
     "privateKey", "auth", "user/credentials", "SSH_KEY", "accessToken"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["tokenizer", "max_tokens", "num_tokens", "tokens_per_second", "author", "key", "keys",
     "eos_token", "pad_token_id", "monkey", "keyboard", "lr", "secretary", "authors"],
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
    ("url", "shown"),
    [
        ("https://ada:pw@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://github.com/a/b.git", "https://github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/repo", "/srv/repo"),
    ],
)
def test_a_remote_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted_url(url) == shown
