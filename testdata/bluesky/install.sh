#!/bin/sh
# Installs the Bluesky servers of the tests into the user's cache, once for
# each package-lock.json: npm, g++, make and python3 must be there.
set -e
cd "$(dirname "$0")"
lock=$PWD/package-lock.json
to=${XDG_CACHE_HOME:-$HOME/.cache}/puskaradio/bluesky
if cmp -s "$lock" "$to/ready"; then exit 0; fi
mkdir -p "$to"
rm -f "$to/ready"
cp package.json "$lock" "$to"
cd "$to"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
# SQLite is built for the Node.js that came with it, whose headers are there.
node=$(echo "$to"/node_modules/node-linux-*)
PATH=$node/bin:$PATH npm_config_nodedir=$node npm rebuild --loglevel=error better-sqlite3
cp "$lock" ready
