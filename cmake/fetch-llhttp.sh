#!/usr/bin/env bash
# Put llhttp's C sources into DIR (default: build/third_party/llhttp beside the sources).
#
# Debian 12 ships them inside node-llhttp. Installing that package would pull in Node itself, so it
# is only downloaded and unpacked. Nothing outside DIR changes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:-$root/build/third_party/llhttp}
files=(usr/share/include/llhttp/llhttp.h usr/share/llhttp/api.c usr/share/llhttp/http.c
       usr/share/llhttp/llhttp.c usr/share/doc/node-llhttp/copyright)

complete=yes
for file in "${files[@]}"; do
    [[ -s $dir/$file ]] || complete=no
done
if [[ $complete == yes ]]; then
    exit 0
fi
for tool in apt-get dpkg-deb; do
    if ! command -v "$tool" >/dev/null; then
        echo "fetch-llhttp: $tool is missing; unpack Debian 12's node-llhttp into $dir by hand" >&2
        exit 1
    fi
done

mkdir -p "$(dirname "$dir")"
work=$(mktemp -d "$(dirname "$dir")/.llhttp.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/deb" "$work/tree"
sandbox=()
if [[ $(id -u) == 0 ]]; then
    # apt drops to its own user for downloads, which may not write here
    sandbox=(-o APT::Sandbox::User=root)
fi
if ! (cd "$work/deb" && apt-get -qq "${sandbox[@]}" download node-llhttp >/dev/null); then
    echo "fetch-llhttp: cannot download Debian package node-llhttp;" \
         "run 'apt-get update' as root and see that the network is there" >&2
    exit 1
fi
dpkg-deb -x "$work"/deb/node-llhttp_*.deb "$work/tree"
for file in "${files[@]}"; do
    if [[ ! -s $work/tree/$file ]]; then
        echo "fetch-llhttp: node-llhttp holds no $file; Debian 12's version does" >&2
        exit 1
    fi
done
rm -rf "$dir"
mv "$work/tree" "$dir"
