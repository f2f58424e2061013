#!/bin/sh
# Runs a command in namespaces of its own, as its only guest: whatever engines it starts end with it, /run is empty and
# theirs alone, and the v2 tree of a hybrid layout, beside which crun and podman refuse to start, is out of sight.
set -eu
exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private sh -euc '
	! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir /run/engines
	ip link set lo up
	# Not exec: the shell stays as the first process, and reaps what the engines leave to it.
	"$@"
' sh "$@"
