#!/bin/sh
# Makes the virtual environment $1 and installs $2 into it, pinned by constraints.txt.
# Where Python's venv module is missing it is installed with apt as root, else the line to run is said.
set -eu
venv=$1
what=$2

say() { printf 'kysira: %s\n' "$*" >&2; }

python=
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$name" >/dev/null 2>&1 &&
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    say "needs Python 3.11 or newer; install it, or say where it is: make up PYTHON=/path/to/python3"
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        say "$python has no venv module; run: sudo apt-get install $package (then this command again)"
        exit 1
    fi
    say "installing $package with apt"
    log=$(mktemp)
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$package"; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        say "apt could not install $package; its log is $log"
        exit 1
    fi
    rm -f "$log"
fi

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi
say "installing $what"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable "$what"
say "installed"
