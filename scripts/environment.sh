# Sourced by the other scripts: makes the virtual environment .venv of this checkout.
#
#   make_environment EXTRAS    install eventtrack with these extras, editable
#
# It is made anew when the Python or pyproject.toml changed; set EVENTTRACK_VENV to put it elsewhere.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

VENV="${EVENTTRACK_VENV:-.venv}"

find_python() {
    local each
    for each in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
        [ -n "$each" ] || continue
        if "$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$each"
            return
        fi
    done
    echo "eventtrack needs Python 3.11 or newer with the venv module; set PYTHON to name it" >&2
    return 1
}

make_environment() {
    local extras="$1" stamp python
    python="$(find_python)" || exit 1
    stamp="$VENV/.eventtrack-$extras"
    if [ -x "$VENV/bin/python" ] && [ "$stamp" -nt pyproject.toml ]; then
        return
    fi
    [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV"
    echo "setting up $VENV ($extras) ..." >&2
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
    touch "$stamp"
}
