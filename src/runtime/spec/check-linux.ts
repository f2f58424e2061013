import { Fault } from '#base/fault.ts';
import { absolutePath, id, integer, list, oneOf, record, shape, text, type Check } from './check.ts';
import { intelRdt } from './check-intel-rdt.ts';
import { checkNetDevices, netDevices } from './check-net-devices.ts';
import { memoryPolicy, personality } from './check-policy.ts';
import { resources } from './check-resources.ts';
import { seccomp } from './check-seccomp.ts';
import type { Linux, Spec } from './spec.ts';

const NAMESPACES = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];
const PROPAGATIONS = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate', 'unbindable', 'runbindable'];

const namespace = shape({ required: { type: oneOf(...NAMESPACES) }, optional: { path: text } });
const timeOffset = shape({ optional: { secs: integer(-(2 ** 53), 2 ** 53), nanosecs: integer(0, 999_999_999) } });

export const mapping = shape({ required: { containerID: id, hostID: id, size: integer(1, 0xffff_ffff) } });

const device = shape({
  required: { path: absolutePath, type: oneOf('c', 'b', 'u', 'p') },
  optional: {
    major: integer(0, 0xfff),
    minor: integer(0, 0xfffff),
    fileMode: integer(0, 0o177777),
    uid: id,
    gid: id,
  },
});

export const linuxShape: Check = shape({
  optional: {
    namespaces: list(namespace),
    uidMappings: list(mapping),
    gidMappings: list(mapping),
    devices: list(device),
    resources,
    cgroupsPath: text,
    seccomp,
    maskedPaths: list(absolutePath),
    readonlyPaths: list(absolutePath),
    rootfsPropagation: oneOf('', ...PROPAGATIONS),
    sysctl: record(text),
    timeOffsets: shape({ optional: { monotonic: timeOffset, boottime: timeOffset } }),
    personality,
    memoryPolicy,
    netDevices,
    mountLabel: text,
    intelRdt,
  },
});

/** What fields of `linux` demand of one another. */
export function checkLinuxTogether(spec: Spec): void {
  const linux: Linux = spec.linux ?? {};
  const types = (linux.namespaces ?? []).map((entry) => entry.type);
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) fail('linux.namespaces', `the ${twice} namespace is named twice`);
  const time = linux.namespaces?.find((entry) => entry.type === 'time');
  if (Object.keys(linux.timeOffsets ?? {}).length > 0 && (time === undefined || time.path)) {
    fail('linux.timeOffsets', 'clocks can be set in a new time namespace only');
  }
  const user = linux.namespaces?.find((entry) => entry.type === 'user');
  const mapped = (linux.uidMappings?.length ?? 0) > 0 && (linux.gidMappings?.length ?? 0) > 0;
  if (user !== undefined && !user.path && !mapped) {
    fail('linux.uidMappings', 'a user namespace needs uidMappings and gidMappings');
  }
  if (user === undefined && (linux.uidMappings?.length ?? 0) > 0) {
    fail('linux.uidMappings', 'id mappings need a user namespace');
  }
  checkNetDevices(spec);
  if (spec.hostname && !types.includes('uts')) fail('hostname', 'hostname needs a uts namespace of its own');
  if (spec.domainname && !types.includes('uts')) fail('domainname', 'domainname needs a uts namespace of its own');
}

function fail(field: string, why: string): never {
  throw new Fault('invalid', why, { field });
}
