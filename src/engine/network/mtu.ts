import type { NetworkRecord } from './record.ts';
import { textOf } from './text-of.ts';

export const MTU_OPTION = 'com.docker.network.driver.mtu';
const USUAL = 1500;

/** What was asked for, else what fits through the device of the host's default route. */
export const networkMtu = ({ options }: NetworkRecord): number => Number(options[MTU_OPTION] ?? uplinkMtu());

function uplinkMtu(): number {
  const route = textOf('/proc/net/route')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination]) => destination === '00000000');
  return Number(textOf(`/sys/class/net/${route?.[0] ?? ''}/mtu`)) || USUAL;
}
