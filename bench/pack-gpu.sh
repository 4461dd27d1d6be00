#!/usr/bin/env bash
# Packs what `npm run bench:gpu` needs on a bare Linux machine without a network (Node, the packages with their native parts, the built command
# line) into pieces of at most MEGABYTES (default 60) in FOLDER: the repository's own files are not among them.
#
#   bench/pack-gpu.sh FOLDER [MEGABYTES]
#
# There, in a copy of the repository: cat FOLDER/pack.* | tar -xJ && PATH="$PWD/node/bin:$PATH" node --import tsx bench/gpu.ts
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
megabytes=${2:-60}
cd "$(dirname "$0")/.."
npm run build > /dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/node/bin" "$work/node_modules"
cp "$(node -p process.execPath)" "$work/node/bin/node"
strip "$work/node/bin/node" 2> /dev/null || true
cp -r dist "$work/dist"

# The packages of production, and tsx with what it needs, without what no Linux machine of this kind reads.
{ npm ls --omit=dev --all --parseable 2> /dev/null || true; printf '/node_modules/%s\n' tsx esbuild; } | sed 's|.*/node_modules/||' | sort -u |
  while read -r name; do
    [ -d "node_modules/$name" ] || continue
    mkdir -p "$work/node_modules/$name"
    cp -r "node_modules/$name/." "$work/node_modules/$name"
  done
mkdir -p "$work/node_modules/@esbuild"
cp -r node_modules/@esbuild/linux-* "$work/node_modules/@esbuild/"
this="linux/$(node -p process.arch)"
find "$work/node_modules/onnxruntime-node/bin" -type f ! -path "*/$this/*" -delete
for package in "$work"/node_modules/better-sqlite3*; do
  rm -rf "$package/deps" "$package/src" "$package/build/Release/obj" "$package/build/Release/obj.target"
  find "$package" -name '*.a' -delete
done
find "$work/node_modules" \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' -o -name '*.d.cts' \) -delete

tar -C "$work" -cJf - node node_modules dist | split -b "${megabytes}m" - "$folder/pack."
du -ch "$folder"/pack.* | tail -1
