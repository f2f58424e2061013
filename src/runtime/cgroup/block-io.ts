import { Fault } from '#base/fault.ts';
import type { BlockIO, ThrottleDevice, WeightDevice } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

const ORIGIN = 'linux.resources.blockIO';

const THROTTLES = {
  throttleReadBpsDevice: { v1: 'blkio.throttle.read_bps_device', v2: 'rbps' },
  throttleWriteBpsDevice: { v1: 'blkio.throttle.write_bps_device', v2: 'wbps' },
  throttleReadIOPSDevice: { v1: 'blkio.throttle.read_iops_device', v2: 'riops' },
  throttleWriteIOPSDevice: { v1: 'blkio.throttle.write_iops_device', v2: 'wiops' },
} as const;

/** 10 to 1000 as io.weight of version 2 counts: 1 to 10000. */
export function weightOfBlockWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** The schedulers CFQ (gone since Linux 5.0) and BFQ name their files differently; the one that is there is written. */
export function blockLimitsV1(block: BlockIO): Limit[] {
  const limits: Limit[] = [];
  const add = (value: string, origin: string, file: string, other?: string): void => {
    limits.push({
      controller: 'blkio',
      file,
      value,
      origin,
      ...(other === undefined ? {} : { otherwise: { file: other, value } }),
    });
  };
  if (block.weight) add(String(block.weight), `${ORIGIN}.weight`, 'blkio.weight', 'blkio.bfq.weight');
  if (block.leafWeight) add(String(block.leafWeight), `${ORIGIN}.leafWeight`, 'blkio.leaf_weight');
  for (const [index, device] of (block.weightDevice ?? []).entries()) {
    const origin = `${ORIGIN}.weightDevice[${index}]`;
    const { weight, leafWeight } = device;
    if (weight) add(`${numbers(device)} ${weight}`, origin, 'blkio.weight_device', 'blkio.bfq.weight_device');
    if (leafWeight) add(`${numbers(device)} ${leafWeight}`, origin, 'blkio.leaf_weight_device');
  }
  eachThrottle(block, (device, names, origin) => add(`${numbers(device)} ${device.rate}`, origin, names.v1));
  return limits;
}

export function blockLimitsV2(block: BlockIO): Limit[] {
  const limits: Limit[] = [];
  const weigh = (prefix: string, weight: number, origin: string): void => {
    const otherwise = { file: 'io.weight', value: `${prefix}${weightOfBlockWeight(weight)}` };
    limits.push({ controller: 'io', file: 'io.bfq.weight', value: `${prefix}${weight}`, otherwise, origin });
  };
  if (block.weight) weigh('', block.weight, `${ORIGIN}.weight`);
  if (block.leafWeight) refuseLeaf(`${ORIGIN}.leafWeight`);
  for (const [index, device] of (block.weightDevice ?? []).entries()) {
    const origin = `${ORIGIN}.weightDevice[${index}]`;
    if (device.leafWeight) refuseLeaf(`${origin}.leafWeight`);
    if (device.weight) weigh(`${numbers(device)} `, device.weight, origin);
  }
  eachThrottle(block, (device, names, origin) => {
    limits.push({ controller: 'io', file: 'io.max', value: `${numbers(device)} ${names.v2}=${device.rate}`, origin });
  });
  return limits;
}

function eachThrottle(
  block: BlockIO,
  visit: (device: ThrottleDevice, names: { v1: string; v2: string }, origin: string) => void,
): void {
  for (const [field, names] of Object.entries(THROTTLES)) {
    const devices = block[field as keyof typeof THROTTLES] ?? [];
    for (const [index, device] of devices.entries()) visit(device, names, `${ORIGIN}.${field}[${index}]`);
  }
}

function numbers({ major, minor }: WeightDevice | ThrottleDevice): string {
  return `${major}:${minor}`;
}

function refuseLeaf(field: string): never {
  throw new Fault('unsupported', `${field}: cgroup version 2 has no weights for leaves`, { field });
}
