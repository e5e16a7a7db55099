#!/bin/sh
# Builds .venv on a machine that has only Python, then runs what was asked for in it:
#   sh run.sh run [kembar up's arguments] | test [pytest's arguments] | soak | check | install | dev | lock
#   sh run.sh bench [--quick | --help]
# Fresh packages come from deploy/requirements/*.txt, every one checked against its hash.
set -eu
cd "$(dirname "$0")"

members="shared services/waste services/water services/air gateway client"
requirements=deploy/requirements
python=.venv/bin/python

die() {
    echo "kembar: $*" >&2
    exit 1
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            base=$(command -v "$candidate")
            return
        fi
    done
    die "Python 3.11 or newer is needed (Debian, Ubuntu: apt-get install python3 python3-venv)."
}

# The repository's place is part of the stamp: a moved .venv points to the old place.
stamp_of() {
    {
        pwd
        for list in "$@"; do cat "$requirements/$list.txt"; done
        for member in $members; do cat "$member/pyproject.toml"; done
    } | cksum
}

# uv_build looks for its program on the path, hence PATH below.
make_with_uv() {
    "$python" -c '' 2>/dev/null || uv venv --quiet --clear --python "$base" .venv &&
        uv pip install --quiet --python "$python" --require-hashes "$@" &&
        PATH="$PWD/.venv/bin:$PATH" uv pip install --quiet --python "$python" --no-deps --no-build-isolation $editable
}

make_with_pip() {
    "$python" -m pip --version >/dev/null 2>&1 || "$base" -m venv --clear .venv
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes "$@" &&
        PATH="$PWD/.venv/bin:$PATH" "$python" -m pip install --quiet --disable-pip-version-check \
            --no-deps --no-build-isolation $editable
}

# install_lists NAME LIST...: bring .venv to what deploy/requirements/LIST.txt say.
install_lists() {
    name=$1
    shift
    stamp=$(stamp_of "$@")
    if "$python" -c '' 2>/dev/null && [ "$(cat ".venv/stamp-$name" 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    editable=
    for member in $members; do editable="$editable --editable $member"; done
    arguments=
    for list in "$@"; do arguments="$arguments --requirement $requirements/$list.txt"; done
    find_python
    tool=pip
    if command -v uv >/dev/null 2>&1; then
        tool=uv
    elif ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        die "$base lacks the venv module: install the package python3-venv" \
            "(Debian, Ubuntu: apt-get install python3-venv) and try again."
    fi
    echo "kembar: building .venv with $tool; the first time takes a minute or two" >&2
    rm -f .venv/stamp-*
    # Lists of words, split on purpose: no name holds a blank.
    # shellcheck disable=SC2086
    "make_with_$tool" $arguments ||
        die "$tool could not install the packages (see above); is the package index reachable?"
    echo "$stamp" >".venv/stamp-$name"
}

install() {
    if [ -f .venv/stamp-dev ]; then install_dev; else install_lists run all build; fi
}
install_dev() { install_lists dev all dev build; }

# The types take as long as all else, so they are looked at meanwhile.
check() {
    "$python" -m mypy &
    types=$!
    "$python" -m ruff format --check .
    "$python" -m ruff check .
    .venv/bin/lint-imports
    scan
    wait "$types"
}

# Offline, both: what each distribution imports is what it declares, and no secret lies in a file.
# The words left out are those that tests and documents use for one; the files, lists of hashes.
scan() {
    for member in $members; do
        .venv/bin/deptry --no-ansi "$member" --config "$member/pyproject.toml" \
            --ignore DEP003 --per-rule-ignores DEP002=uvloop ||
            die "$member declares other packages than it imports (above)"
    done
    git ls-files -z --cached --others --exclude-standard |
        xargs -0 .venv/bin/detect-secrets-hook --no-verify --plugin deploy/ci/secret_forms.py \
            --exclude-files '^deploy/requirements/|^tests/contract/openapi/|/vendor\.toml$' \
            --exclude-secrets '^(hush|canary|password|kembar_|kembar_canary|kembar_x|Kembar secret)$|:hush@'
}

# Thousands of short-lived databases: where memory has room for 4 GiB of files, they lie there.
memory() {
    free_kib=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ "${free_kib:-0}" -gt 4194304 ] && [ -w /dev/shm ]; then
        PYTEST_DEBUG_TEMPROOT=$(mktemp -d /dev/shm/kembar-tests-XXXXXX)
        export PYTEST_DEBUG_TEMPROOT
        trap 'rm -rf "$PYTEST_DEBUG_TEMPROOT"' EXIT
        trap 'exit 130' INT TERM
    fi
}

export_lists() {
    uv=.venv/bin/uv
    export="$uv export --quiet --frozen --no-emit-workspace --no-header --no-annotate"
    "$uv" lock --quiet
    for member in waste water air gateway client; do
        $export --package "kembar-$member" --no-dev --output-file "$requirements/$member.txt"
    done
    $export --no-dev --output-file "$requirements/all.txt"
    $export --only-group dev --output-file "$requirements/dev.txt"
    $export --only-group build --output-file "$requirements/build.txt"
}

task=${1:-}
[ $# -eq 0 ] || shift
case $task in
run)
    install
    exec .venv/bin/kembar up "$@"
    ;;
install) install ;;
dev) install_dev ;;
check)
    install_dev
    check
    ;;
test)
    install_dev
    check
    memory
    # By file: what a module shares is made once.
    "$python" -m pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
    ;;
soak)
    install_dev
    exec env KEMBAR_SOAK=1 "$python" -m pytest -m "soak or not soak" tests/faults \
        tests/service/measurement/test_model.py tests/service/measurement/test_small.py \
        tests/service/test_schema.py "$@"
    ;;
pytest)
    install_dev
    exec "$python" -m pytest "$@"
    ;;
bench)
    install_dev
    exec "$python" -m tests.bench "$@"
    ;;
lock)
    install_dev
    export_lists
    ;;
*) die "usage: sh run.sh run|test|soak|check|install|dev|pytest|bench|lock" ;;
esac
