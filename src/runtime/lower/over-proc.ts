import { Fault } from '#base/fault.ts';
import { normalize } from 'node:path/posix';
import type { Mount } from '#runtime/spec/spec.ts';

/** What may be covered below /proc: files that only tell about the machine, as lxcfs covers them, and two settings. */
const COVERABLE: ReadonlySet<string> = new Set([
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/loadavg',
  '/proc/meminfo',
  '/proc/slabinfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/sys/crypto/fips_enabled',
  '/proc/sys/kernel/ns_last_pid',
]);

/**
 * A container must see the kernel's own procfs: a mount over a part of it could feign settings and labels, or catch
 * what is written there (CVE-2019-19921, CVE-2025-52881). Throws `invalid` for such a destination.
 */
export function refuseOverProc(mount: Mount, isBind: boolean, origin: string): void {
  const destination = normalize(`/${mount.destination}`).replace(/\/$/, '');
  if (destination !== '/proc' && !destination.startsWith('/proc/')) return;
  const isProcfs = isBind ? normalize(mount.source ?? '').replace(/\/$/, '') === '/proc' : mount.type === 'proc';
  if (destination === '/proc' ? isProcfs : COVERABLE.has(destination)) return;
  const field = `${origin}.destination`;
  const why = destination === '/proc' ? 'nothing but a procfs may be mounted there' : 'it is inside /proc';
  throw new Fault('invalid', `${field}: cannot mount over ${destination}: ${why}`, { field });
}
