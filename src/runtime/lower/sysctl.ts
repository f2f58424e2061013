import { Fault } from '#base/fault.ts';
import { RESOLVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';

/** Settings that belong to a namespace, by the namespace that keeps them from the host. */
const NAMESPACED: readonly { matches: (key: string) => boolean; needs: NamespaceType }[] = [
  {
    matches: (key) => /^kernel\/(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/.test(key),
    needs: 'ipc',
  },
  { matches: (key) => key.startsWith('fs/mqueue/'), needs: 'ipc' },
  { matches: (key) => key.startsWith('net/'), needs: 'network' },
  { matches: (key) => key === 'kernel/domainname', needs: 'uts' },
  { matches: (key) => key.startsWith('user/'), needs: 'user' },
];

/**
 * linux.sysctl, written through a procfs of our own that nothing in the image can cover. Throws `invalid` for
 * settings that would reach the host.
 */
export function lowerSysctl(spec: Spec, isOwn: (type: NamespaceType) => boolean): Step[] {
  const entries = Object.entries(spec.linux?.sysctl ?? {});
  if (entries.length === 0) return [];
  const steps: Step[] = [{ op: 'fsmount', fstype: 'proc', source: 'proc', out: 'procfs', origin: 'linux.sysctl' }];
  for (const [key, data] of entries) {
    const origin = `linux.sysctl.${key}`;
    steps.push({
      op: 'write',
      dir: 'procfs',
      path: `sys/${sysctlPath(key, origin, isOwn)}`,
      data,
      resolve: RESOLVE.beneath | RESOLVE.noXdev | RESOLVE.noMagicLinks,
      origin,
    });
  }
  steps.push({ op: 'close', slot: 'procfs', origin: 'linux.sysctl' });
  return steps;
}

/** `net.ipv4.ip_forward` and `net/ipv4/conf/eth0.1/forwarding` are both ways to write a key. */
function sysctlPath(key: string, field: string, isOwn: (type: NamespaceType) => boolean): string {
  const slash = key.indexOf('/');
  const dot = key.indexOf('.');
  const path = slash >= 0 && (dot < 0 || slash < dot) ? key : swapSeparators(key);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new Fault('invalid', `${field} is no name of a setting`, { field });
  }
  const rule = NAMESPACED.find(({ matches }) => matches(path));
  if (rule === undefined) throw new Fault('invalid', `${field} is not kept apart by any namespace`, { field });
  if (!isOwn(rule.needs)) {
    throw new Fault('invalid', `${field} needs a ${rule.needs} namespace of the container's own`, { field });
  }
  return path;
}

/** With dots as separators a slash stands for a dot inside a name. */
function swapSeparators(key: string): string {
  return key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}
