import { Fault } from '#base/fault.ts';
import { textOf } from './text-of.ts';
import type { NetworkRecord } from './record.ts';

/** Number of the host's device below a macvlan or ipvlan. Throws `notFound` when there is none. */
export function parentNumber({ name, device }: NetworkRecord): number {
  const number = numberIn(textOf('/proc/net/igmp'), device) ?? Number(textOf(`/sys/class/net/${device}/ifindex`));
  if (number > 0) return number;
  throw new Fault('notFound', `network ${name}: this machine has no device ${device}`, {
    field: 'parent',
    hint: 'ip link shows the devices there are.',
  });
}

/**
 * By the table of multicast groups, which has every device of this network namespace that is up and speaks IPv4; /sys may
 * be that of another namespace.
 */
export function numberIn(igmp: string, device: string): number | undefined {
  const lines = igmp.split('\n').map((line) => /^(\d+)\t(\S+)\s*:/.exec(line));
  const number = lines.find((match) => match?.[2] === device)?.[1];
  return number === undefined ? undefined : Number(number);
}
