#!/bin/sh
# Scans an image for known vulnerabilities, and fails if one of high severity has a fix:
#
#   docker build --tag scanned . && scripts/scan_image.sh scanned
#
# The scanner is Grype, with exceptions from .grype.yaml. It gets a copy of the image, because Docker's socket would
# give it the whole machine.
set -eu
cd "$(dirname "$0")/.."

[ $# -eq 1 ] || { echo "Name the image to scan, such as: $0 scanned" >&2; exit 2; }
scanner=${SCANNER:-anchore/grype:v0.120.1@sha256:e4a44ef45d285b829ce6efe2642980329661bd2d18eab5fc539138d4adaebbbe}
mkdir -p build
trap 'rm -f build/image.tar' EXIT
docker save --output build/image.tar "$1"
# The scanner may run as another user.
chmod a+r build/image.tar
set -- "$scanner" docker-archive:/image.tar --only-fixed --fail-on high
[ ! -f .grype.yaml ] || set -- --volume "$PWD/.grype.yaml:/.grype.yaml:ro" "$@" --config /.grype.yaml
docker run --rm --tmpfs /tmp --volume "$PWD/build/image.tar:/image.tar:ro" "$@"
