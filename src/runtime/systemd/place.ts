import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import type { CgroupPlace } from '#runtime/cgroup/place.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import type { BusAddress } from './bus.ts';
import { scopeProperties } from './scope-properties.ts';
import { scopeName } from './unit-name.ts';

/** The scope that the configuration names, and where its control group will be. */
export function systemdPlace(spec: Spec, id: string, facts: HostFacts, bus: BusAddress): CgroupPlace {
  const { cgroup: layout, uid } = facts;
  const { isUser } = bus;
  const { slice, unit, path } = scopeName(spec.linux?.cgroupsPath, id, isUser);
  if (isUser && layout.mode !== 'v2') {
    throw new Fault('unsupported', "--systemd-cgroup: a user's systemd manages control groups of version 2 only", {
      field: '--systemd-cgroup',
    });
  }
  const whole = `${isUser ? userGroup(layout.unified?.own ?? '/', uid) : ''}${path}`;
  const properties = scopeProperties(spec, { id, slice, isUser, version: layout.mode === 'v2' ? 2 : 1 });
  return { path: whole, directories: cgroupDirectories(layout, whole), scope: { unit, bus, properties } };
}

/** Of the manager of a user's units: the one that we are below, or where the machine's manager always puts it. */
function userGroup(own: string, uid: number): string {
  return /^(.*\/user@\d+\.service)(\/|$)/.exec(own)?.[1] ?? `/user.slice/user-${uid}.slice/user@${uid}.service`;
}
