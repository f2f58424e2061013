#!/bin/sh
# Hands process 1 over to systemd, which runs the command as its only service of ours once it is up.
cat >/etc/systemd/system/sampan-command.service <<END
[Unit]
Description=The command of this boot
After=multi-user.target
[Service]
Type=oneshot
Environment=interactive=$interactive
ExecStart=/bin/sh /work/vm/guest/command.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
END

# What of Debian only takes time here, in emulation.
for unit in docker-registry systemd-timesyncd e2scrub_reap getty@tty1 serial-getty@ttyS0; do
	ln -sf /dev/null "/etc/systemd/system/$unit.service"
done
mkdir -p /etc/systemd/system/sampan.target.wants
cat >/etc/systemd/system/sampan.target <<END
[Unit]
Requires=multi-user.target sampan-command.service
END
hostname guest
exec /lib/systemd/systemd --unit=sampan.target
