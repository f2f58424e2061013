import { execFileSync } from 'node:child_process';

/** What is run in the image, beside systemd's own programs. */
const PROGRAMS = 'bash cat dash dbus-daemon grep journalctl ls sh sleep systemctl true';
const TREES =
  'etc usr/lib/systemd usr/lib/x86_64-linux-gnu/systemd usr/share/dbus-1 usr/lib/sysusers.d usr/lib/tmpfiles.d';
/** The one would need CAP_NET_ADMIN, the other a terminal; and the machine's identity is its own. */
const WITHOUT =
  'usr/lib/systemd/system/nftables.service usr/lib/systemd/system/systemd-firstboot.service etc/machine-id';

/** The few files of this machine that systemd with a message bus needs, as a tar: in emulation a whole system would take minutes. */
export function writeOwnImage(tar: string): void {
  const script = `cd / && {
  programs="$(ls usr/bin/systemd-* usr/sbin/init $(printf 'usr/bin/%s ' ${PROGRAMS}))"
  libraries=$(ldd $programs usr/lib/systemd/systemd* 2>/dev/null | grep -v ':$' | grep -o '/lib[^ ]*' | sort -u)
  printf '%s\\n' bin lib lib64 sbin ${TREES} $programs
  for library in $libraries; do readlink -f $library; echo "$library"; done | sed 's,^/lib/,/usr/lib/,; s,^/lib64/,/usr/lib64/,; s,^/,,'
} | sort -u | tar -C / ${WITHOUT.split(' ')
    .map((path) => `--exclude=${path}`)
    .join(' ')} -T - -cf '${tar}'`;
  execFileSync('bash', ['-ec', script]);
}
