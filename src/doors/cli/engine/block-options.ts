import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import { blockDevice } from '#engine/container/asked-devices.ts';
import type { BlockIO } from '#runtime/spec/spec.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

const number = (text: string, field: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read ${field}: "${text}" is not a whole number`, { field });
};

/** Limits of one device by flag: the list of the specification, and how the number is read. */
const THROTTLES = {
  'device-read-bps': ['throttleReadBpsDevice', parseBytes, 'Limit of bytes read from a device a second'],
  'device-write-bps': ['throttleWriteBpsDevice', parseBytes, 'Limit of bytes written to a device a second'],
  'device-read-iops': ['throttleReadIOPSDevice', number, 'Limit of reads from a device a second'],
  'device-write-iops': ['throttleWriteIOPSDevice', number, 'Limit of writes to a device a second'],
} as const;

export const BLOCK_FLAGS: FlagTable = {
  'blkio-weight-device': { kind: 'list', value: 'DEVICE:WEIGHT', does: 'Weight of block I/O on a device, 10 to 1000' },
  ...Object.fromEntries(
    Object.entries(THROTTLES).map(([name, [, , does]]) => [
      name,
      { kind: 'list' as const, value: 'DEVICE:RATE', does },
    ]),
  ),
};

/** Undefined when none of the flags was given. */
export function blockIo(flags: Flags): BlockIO | undefined {
  const limits: BlockIO = {};
  for (const [name, [list, read]] of Object.entries(THROTTLES)) {
    const devices = flags.list(name).map((text) => {
      const { device, value } = split(text, `--${name}`);
      return { ...device, rate: read(value, `--${name}`) };
    });
    if (devices.length > 0) limits[list] = devices;
  }
  const field = '--blkio-weight-device';
  const weights = flags.list('blkio-weight-device').map((text) => {
    const { device, value } = split(text, field);
    const weight = number(value, field);
    if (weight < 10 || weight > 1000) throw new Fault('invalid', `read ${field}: it goes from 10 to 1000`, { field });
    return { ...device, weight };
  });
  if (weights.length > 0) limits.weightDevice = weights;
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function split(text: string, field: string): { device: { major: number; minor: number }; value: string } {
  const colon = text.lastIndexOf(':');
  if (colon > 0) return { device: blockDevice(text.slice(0, colon), field), value: text.slice(colon + 1) };
  throw new Fault('invalid', `read ${field}: "${text}" is not DEVICE:NUMBER`, { field });
}
