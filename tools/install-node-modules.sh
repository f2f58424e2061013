#!/bin/sh
# Installs exactly what package-lock.json names, and makes sure that the pinned Bun really runs: with install scripts
# blocked, npm leaves a stub in its place.
set -eu
cd "$(dirname "$0")/.."

bun_runs() { node_modules/.bin/bun --version >/dev/null 2>&1; }

if ! [ node_modules/.package-lock.json -nt package-lock.json ] || ! [ -e node_modules/.bin/bun ]; then
	npm ci --no-audit --no-fund
fi
bun_runs || (cd node_modules/bun && node install.js)
bun_runs || {
	echo 'install-node-modules.sh: node_modules/.bin/bun does not run on this machine' >&2
	exit 1
}
touch node_modules/.package-lock.json
