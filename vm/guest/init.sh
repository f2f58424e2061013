#!/bin/busybox sh
# Process 1 of the guest until its real root is there: modules, disks, then the script of the tree.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "init: $module does not load"; done </modules/order
tries=0
while [ ! -b /dev/vdb ] && [ $tries -lt 100 ]; do
	tries=$((tries + 1))
	usleep 50000
done
mount -t ext4 -o rw,noatime /dev/vda /root && mount -t ext4 -o rw,noatime /dev/vdb /root/work || {
	echo 'init: a disk is missing'
	reboot -f
}
cp /command /root/command
for name in proc sys dev; do mount --move "/$name" "/root/$name"; done
exec switch_root /root /bin/sh "/work/vm/guest/${boot:-script}.sh"
