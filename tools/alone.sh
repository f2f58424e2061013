#!/bin/sh
# alone.sh [--v1] COMMAND...: runs a command in namespaces of its own, as its only guest. Whatever it starts ends with
# it; /run is empty, and gone with it; nothing it mounts is seen outside. --v1 takes the v2 tree of a hybrid layout out
# of sight, beside which crun and podman refuse to start.
set -eu
v1=no
[ "$1" != --v1 ] || { v1=yes; shift; }
exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private sh -euc '
	[ "$1" = no ] || ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
	shift
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir /run/alone
	ip link set lo up
	# Not exec: the shell stays as the first process, and reaps what is left to it.
	"$@"
' sh "$v1" "$@"
