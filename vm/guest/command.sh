#!/bin/sh
# Runs the command of this boot in the tree, brings its status and report to the second serial port, and switches off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=linux
cd /work || exit 1
if [ -n "$interactive" ]; then
	setsid -c sh /command </dev/ttyS0 >/dev/ttyS0 2>&1
else
	sh /command </dev/null
fi
status=$?
stty -F /dev/ttyS1 raw
{ echo "status $status" && { [ ! -f /run/report ] || cat /run/report; } && echo '-- end of report --'; } >/dev/ttyS1
sync
busybox reboot -f
