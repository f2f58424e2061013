import { execFileSync } from 'node:child_process';

/** What is run in the image, beside systemd's own programs. */
const PROGRAMS =
  'bash cat dash dbus-daemon grep journalctl ls sh sleep systemctl systemd-sysusers systemd-tmpfiles true';
const TREES =
  'etc usr/lib/systemd usr/lib/x86_64-linux-gnu/systemd usr/share/dbus-1 usr/lib/sysusers.d usr/lib/tmpfiles.d';
/** Between them they load every library that is needed; asking them all would take a minute in emulation. */
const LOADING =
  'usr/lib/systemd/systemd usr/lib/systemd/systemd-logind usr/bin/bash usr/bin/grep usr/bin/ls usr/bin/dbus-daemon';
/** The one would need CAP_NET_ADMIN, the other a terminal; and the machine's identity is its own. */
const WITHOUT =
  'usr/lib/systemd/system/nftables.service usr/lib/systemd/system/systemd-firstboot.service etc/machine-id';

/** The few files of this machine that systemd with a message bus needs, as a tar: the whole system would take minutes there. */
export function writeOwnImage(tar: string): void {
  const excluded = WITHOUT.split(' ').map((path) => `--exclude=${path}`);
  const script = `cd / && {
  printf '%s\\n' bin lib lib64 sbin usr/sbin/init ${TREES} $(printf 'usr/bin/%s ' ${PROGRAMS})
  ldd ${LOADING} usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-*.so | grep -v ':$' | grep -o '/lib[^ ]*' | sort -u |
    while read -r library; do readlink -f $library; echo "$library"; done | sed 's,^/lib/,/usr/lib/,; s,^/lib64/,/usr/lib64/,; s,^/,,'
} | sort -u | tar -C / ${excluded.join(' ')} -T - -cf '${tar}'`;
  execFileSync('bash', ['-ec', script]);
}
