import type { Linux } from '#runtime/spec/spec.ts';
import type { ContainerOptions } from './options.ts';

const MASKED = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What of /proc and /sys a container does not see, and what it does not change. */
export function hiddenPaths({
  privileged,
  security = {},
}: Pick<ContainerOptions, 'privileged' | 'security'>): Required<Pick<Linux, 'maskedPaths' | 'readonlyPaths'>> {
  const { bareSystemPaths = false, masked = [], unmasked = [] } = security;
  const bare = privileged || bareSystemPaths;
  const bared = unmasked.map(pattern);
  const left = (path: string): boolean => !bared.some((one) => one.test(path));
  return {
    maskedPaths: [...(bare ? [] : MASKED.filter(left)), ...masked],
    readonlyPaths: bare ? [] : READ_ONLY.filter(left),
  };
}

/** A path, in which * stands for anything within a name. */
function pattern(path: string): RegExp {
  const parts = path.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]*')}$`);
}
