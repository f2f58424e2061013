import type { OnError, Step } from '#kernel/plan.ts';
import type { BusAddress } from './bus.ts';
import { encodeCall, type Call } from './dbus-call.ts';
import { PID_HOLE } from './dbus-value.ts';
import type { Property } from './properties.ts';

const BUS = 'systemd';
const ORIGIN = 'linux.cgroupsPath';

const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
} as const;
const MESSAGE_BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;
const JOBS = "type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

type Manager = Pick<Call, 'member' | 'signature' | 'body'>;
interface More {
  pidfd?: string;
  job?: 1;
  onError?: OnError;
}

/** Has systemd make the scope with the process behind `pidfd` in it; done when that is so. A failed unit of before is forgotten. */
export function startScope(bus: BusAddress, unit: string, properties: readonly Property[], pidfd: string): Step[] {
  const all: Property[] = [['PIDs', { signature: 'au', value: [PID_HOLE] }], ...properties];
  return talk(bus, [
    [{ member: 'ResetFailedUnit', signature: 's', body: [unit] }, { onError: 'ignore' }],
    [
      { member: 'StartTransientUnit', signature: 'ssa(sv)a(sa(sv))', body: [unit, 'replace', all, []] },
      { pidfd, job: 1 },
    ],
  ]);
}

/** Ends what is left of the scope. One that is gone already, as an empty one is, is fine. */
export function stopScope(bus: BusAddress, unit: string): Step[] {
  return talk(bus, [
    [
      { member: 'StopUnit', signature: 'ss', body: [unit, 'replace'] },
      { job: 1, onError: 'ignore' },
    ],
    [{ member: 'ResetFailedUnit', signature: 's', body: [unit] }, { onError: 'ignore' }],
  ]);
}

/** Changes limits of a scope until it ends. */
export function changeScope(bus: BusAddress, unit: string, properties: readonly Property[]): Step[] {
  if (properties.length === 0) return [];
  return talk(bus, [[{ member: 'SetUnitProperties', signature: 'sba(sv)', body: [unit, true, properties] }, {}]]);
}

/** Has systemd move one more process there, which the user who asks may not move themselves. */
export function attachToScope(bus: BusAddress, unit: string, pidfd: string): Step[] {
  const body = [unit, '', [PID_HOLE]];
  return talk(bus, [[{ member: 'AttachProcessesToUnit', signature: 'ssau', body }, { pidfd }]]);
}

/** A message bus passes jobs' signals on to who asks for them, and systemd sends none until then; its own socket needs neither. */
function talk({ path, isPrivate }: BusAddress, calls: readonly (readonly [Manager, More])[]): Step[] {
  const steps: Step[] = [{ op: 'busConnect', path, out: BUS, origin: ORIGIN }];
  let serial = 0;
  const add = (call: Omit<Call, 'serial'>, { pidfd, job, onError }: More = {}): void => {
    const { message, pidAt } = encodeCall({ ...call, serial: ++serial });
    steps.push({
      op: 'busCall',
      bus: BUS,
      message,
      ...(pidfd === undefined || pidAt === undefined ? {} : { pidfd, pidAt }),
      ...(job === undefined ? {} : { job }),
      ...(onError === undefined ? {} : { onError }),
      origin: ORIGIN,
    });
  };
  if (!isPrivate) {
    add({ ...MESSAGE_BUS, member: 'Hello' });
    add({ ...MESSAGE_BUS, member: 'AddMatch', signature: 's', body: [JOBS] });
    add({ ...MANAGER, member: 'Subscribe' });
  }
  for (const [call, more] of calls) add({ ...MANAGER, ...call }, more);
  steps.push({ op: 'close', slot: BUS, origin: ORIGIN });
  return steps;
}
