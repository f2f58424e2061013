import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deviceNumbers } from '#base/device-numbers.ts';
import { Fault } from '#base/fault.ts';
import type { Device, DeviceRule } from '#runtime/spec/spec.ts';
import type { DeviceWish } from './confinement.ts';

export interface AskedDevices {
  devices: Device[];
  rules: DeviceRule[];
}

/** The device nodes that `--device` names, of a directory all that are in it. Throws `invalid`. */
export function askedDevices(wishes: readonly DeviceWish[]): AskedDevices {
  const found: AskedDevices = { devices: [], rules: [] };
  for (const wish of wishes) {
    const devices = devicesAt(wish.source, wish.destination, 0);
    if (devices.length === 0) throw fault(wish.source, 'it is no device node and holds none');
    found.devices.push(...devices);
    for (const { type, major = 0, minor = 0 } of devices)
      found.rules.push({ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: wish.access });
  }
  return found;
}

function devicesAt(source: string, destination: string, depth: number): Device[] {
  let stat;
  try {
    stat = statSync(source);
  } catch (cause) {
    throw fault(source, 'it cannot be looked at', cause);
  }
  if (stat.isDirectory()) {
    if (depth > 4) return [];
    return readdirSync(source).flatMap((name) => devicesAt(join(source, name), join(destination, name), depth + 1));
  }
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return [];
  const { major, minor } = deviceNumbers(BigInt(stat.rdev));
  const type = stat.isBlockDevice() ? 'b' : 'c';
  return [{ path: destination, type, major, minor, fileMode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid }];
}

/** Major and minor number of a block device whose use is limited. */
export function blockDevice(path: string, field: string): { major: number; minor: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isBlockDevice() === true) return deviceNumbers(BigInt(stat.rdev));
  throw new Fault('invalid', `read ${field}: ${path} is no block device`, { field });
}

function fault(source: string, why: string, cause?: unknown): Fault {
  return new Fault('invalid', `find the device ${source}: ${why}`, {
    field: '--device',
    ...(cause === undefined ? {} : { cause }),
  });
}
