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
# SQLite is built for the Node.js that came with it, whose headers are there, by
# the node-gyp that came with it too: Debian's links what it builds to another.
node=$(echo "$to"/node_modules/node-linux-*)
cd node_modules/better-sqlite3
PATH=$node/bin:$PATH "$node/bin/node" ../node-gyp/bin/node-gyp.js rebuild --release --nodedir="$node" --loglevel=error >build.log 2>&1 || { cat build.log; exit 1; }
"$node/bin/node" -e 'new (require("."))(":memory:").prepare("select 1").get()'
cp "$lock" "$to/ready"
