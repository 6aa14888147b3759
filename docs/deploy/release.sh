#!/bin/sh
# Makes everything of a release in a folder: a binary for each system, each in
# an archive with its manual pages and completions, a list of its parts as
# CycloneDX, and the sums of all. Two runs of it on one commit make the same bytes.
#
#	docs/deploy/release.sh 0.1.0 dist
set -eu
version=$1
dist=$2
export CGO_ENABLED=0 GOFLAGS=-mod=readonly TZ=UTC LC_ALL=C
cd "$(dirname "$0")/../.."
at=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

rm -rf "$dist"
mkdir -p "$dist/pages/man" "$dist/pages/completions"
go run -tags manual ./cmd/puskaradio manual --date "$at" --version-of "$version" "$dist/pages/man"
for shell in bash zsh fish powershell; do
	go run ./cmd/puskaradio completion "$shell" > "$dist/pages/completions/puskaradio.$shell"
done

systems=${SYSTEMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
for system in $systems; do
	os=${system%/*} arch=${system#*/}
	name=puskaradio-$version-$os-$arch
	mkdir "$dist/$name"
	binary=puskaradio
	[ "$os" = windows ] && binary=puskaradio.exe
	GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o "$dist/$name/$binary" ./cmd/puskaradio
	go run -tags manual ./cmd/puskaradio parts "$dist/$name/$binary" "$version" > "$dist/$name.cdx.json"
	cp -r "$dist/pages/man" "$dist/pages/completions" LICENSE README.md CHANGELOG.md "$dist/$name/"
	cp docs/deploy/puskaradio.service docs/deploy/Containerfile "$dist/$name/"
	tar --sort=name --mtime="@$at" --owner=0 --group=0 --numeric-owner --mode=go-w -C "$dist" -cf "$dist/$name.tar" "$name"
	gzip -n9 "$dist/$name.tar"
	rm -r "${dist:?}/$name"
done
rm -r "${dist:?}/pages"

(cd "$dist" && sha256sum -- * > SHA256SUMS)
