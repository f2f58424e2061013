#!/bin/sh
# Installs the Debian packages of the named groups that are missing: install-packages.sh build test bench conformance engines
set -eu

# System call tables of other machines are read from these.
kernel_headers() {
	for machine in armhf hppa m68k mips powerpc riscv64 s390x sh4; do echo "linux-libc-dev-$machine-cross"; done
}

packages_of() {
	case $1 in
	build) echo gcc make musl-tools libc6-dev libsqlite3-dev linux-libc-dev xz-utils ;;
	test) echo apache2-utils attr busybox-static clang cpio docker-registry e2fsprogs file gcc-aarch64-linux-gnu iproute2 \
		libc6-dev-arm64-cross libseccomp-dev kmod libclang-rt-14-dev mmdebstrap mount nftables passt procps python3-minimal qemu-system-x86 skopeo strace systemd uidmap umoci util-linux \
		xz-utils zstd $(kernel_headers) ;;
	bench) echo conmon containerd crun docker.io golang-github-containers-common podman runc ;;
	conformance) echo golang-go golang-github-opencontainers-runtime-tools-dev ;;
	engines) echo buildah catatonit conmon containerd containernetworking-plugins docker.io golang-github-containers-common \
		iproute2 podman runc ;;
	*)
		echo "install-packages.sh: no such group: $1" >&2
		exit 2
		;;
	esac
}

wanted=
for group in "$@"; do wanted="$wanted $(packages_of "$group")"; done

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
	case $status in ii*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

echo "installing Debian packages:$missing"
[ "$(id -u)" = 0 ] || {
	echo "install-packages.sh: run it as root to install:$missing" >&2
	exit 1
}
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
