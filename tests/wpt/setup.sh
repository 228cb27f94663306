#!/usr/bin/env bash
# Fetches what run.js needs of WPT, at one commit, into target/wpt (about 60 MB), and its test harness.
set -euo pipefail
cd "$(dirname "$0")/../.."
commit=7ff58c031fbe41f5691a9f45672cd7cf9ed7daae
if [ "$(git -C target/wpt rev-parse HEAD 2>/dev/null)" != "$commit" ]; then
    mkdir -p target/wpt
    git -C target/wpt init --quiet
    git -C target/wpt remote add origin https://github.com/web-platform-tests/wpt 2>/dev/null || true
    git -C target/wpt sparse-checkout set --cone common fetch images interfaces resources tools xhr
    git -C target/wpt fetch --quiet --depth 1 --filter=blob:none origin "$commit"
    git -C target/wpt checkout --quiet "$commit"
fi
