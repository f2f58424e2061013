import { statSync } from 'node:fs';
import { deviceNumbers } from '#base/device-numbers.ts';
import { Fault } from '#base/fault.ts';
import type { Device, DeviceRule, Hook, HookKind, IntelRdt, Mount, Spec } from '#runtime/spec/spec.ts';
import type { ContainerEdits, DeviceNode } from './specification.ts';

/** The specification with what a device asks for. */
export function withEdits(spec: Spec, edits: ContainerEdits, device: string): Spec {
  const nodes = (edits.deviceNodes ?? []).map((node) => hostNode(node, spec, device));
  const places = new Set(nodes.map(({ node }) => node.path));
  const { process, linux = {} } = spec;
  const rules = nodes.flatMap(({ rule }) => rule);
  const rdt = intelRdt(edits.intelRdt);
  return {
    ...spec,
    ...(process === undefined ? {} : { process: withProcess(process, edits) }),
    mounts: withMounts(spec.mounts ?? [], edits.mounts ?? []),
    ...(edits.hooks === undefined ? {} : { hooks: withHooks(spec.hooks ?? {}, edits.hooks, device) }),
    linux: {
      ...linux,
      ...(nodes.length === 0
        ? {}
        : {
            devices: [
              ...(linux.devices ?? []).filter(({ path }) => !places.has(path)),
              ...nodes.map(({ node }) => node),
            ],
          }),
      resources: {
        ...linux.resources,
        devices: [...(linux.resources?.devices ?? []), ...rules],
      },
      ...(edits.netDevices === undefined
        ? {}
        : {
            netDevices: {
              ...linux.netDevices,
              ...Object.fromEntries(
                edits.netDevices.map(({ hostInterfaceName, name }) => [hostInterfaceName, { name }]),
              ),
            },
          }),
      ...(rdt === undefined ? {} : { intelRdt: rdt }),
    },
  };
}

type Process = NonNullable<Spec['process']>;

function withProcess(
  { env: own = [], user, ...rest }: Process,
  { env = [], additionalGids = [] }: ContainerEdits,
): Process {
  const byName = new Map([...own, ...env].map((entry) => [entry.split('=', 1)[0], entry]));
  // Group 0 would give more than a device.
  const groups = [...(user.additionalGids ?? []), ...additionalGids.filter((gid) => gid !== 0)];
  return { ...rest, env: [...byName.values()], user: { ...user, additionalGids: [...new Set(groups)] } };
}

/** What lies below another mount is mounted after it. */
function withMounts(mounts: readonly Mount[], more: NonNullable<ContainerEdits['mounts']>): Mount[] {
  const places = new Set(more.map(({ containerPath }) => containerPath));
  const added = more.map(({ hostPath, containerPath, type, options = [] }): Mount => {
    const bind = type === undefined || type === '' || type === 'bind';
    const isSaid = options.some((option) => option === 'bind' || option === 'rbind');
    return {
      destination: containerPath,
      source: hostPath,
      type: bind ? 'bind' : type,
      options: [...(bind && !isSaid ? ['rbind'] : []), ...options],
    };
  });
  const depth = ({ destination }: Mount): number => destination.split('/').filter(Boolean).length;
  const kept = mounts.filter(({ destination }) => !places.has(destination));
  return [...kept, ...added.sort((left, right) => depth(left) - depth(right))];
}

function withHooks(
  hooks: NonNullable<Spec['hooks']>,
  more: NonNullable<ContainerEdits['hooks']>,
  device: string,
): NonNullable<Spec['hooks']> {
  const all = { ...hooks };
  for (const { hookName, ...hook } of more) {
    // Both belong to whoever watches a container, which is no place for programs of others.
    if (hookName === 'poststart' || hookName === 'poststop') {
      throw new Fault('unsupported', `give the device ${device}: its hook of kind ${hookName} would not be run`, {
        field: '--device',
      });
    }
    const kind = hookName as HookKind;
    all[kind] = [...(all[kind] ?? []), hook satisfies Hook];
  }
  return all;
}

function intelRdt(wish: ContainerEdits['intelRdt']): IntelRdt | undefined {
  if (wish === undefined) return undefined;
  const { enableCMT, enableMBM, ...rest } = wish;
  return enableCMT === true || enableMBM === true ? { ...rest, enableMonitoring: true } : rest;
}

/** What is left out is that of the node on the host. */
function hostNode(node: DeviceNode, { process }: Spec, device: string): { node: Device; rule: DeviceRule[] } {
  const known = node.type !== undefined && node.type !== '' && (node.type === 'p' || node.major !== undefined);
  const found = known ? undefined : lookAt(node.hostPath ?? node.path, device);
  const type = (node.type || found?.type) as Device['type'];
  const [major, minor] = [node.major ?? found?.major ?? 0, node.minor ?? found?.minor ?? 0];
  const user = process?.user;
  const owner = user !== undefined && user.uid > 0 ? user : undefined;
  const [uid, gid] = [node.uid ?? owner?.uid, node.gid ?? owner?.gid];
  const fileMode = node.fileMode ?? found?.fileMode;
  return {
    node: {
      path: node.path,
      type,
      ...(type === 'p' ? {} : { major, minor }),
      ...(fileMode === undefined ? {} : { fileMode }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
    rule:
      type === 'p'
        ? []
        : [{ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: node.permissions || 'rwm' }],
  };
}

function lookAt(path: string, device: string): Required<Pick<Device, 'type' | 'major' | 'minor' | 'fileMode'>> {
  const stat = statSync(path, { throwIfNoEntry: false });
  const type = stat?.isBlockDevice() === true ? 'b' : stat?.isCharacterDevice() === true ? 'c' : undefined;
  if (stat === undefined || type === undefined) {
    const why = stat === undefined ? 'is missing' : 'is no device';
    throw new Fault('notFound', `give the device ${device}: ${path} ${why} on this machine`, {
      field: '--device',
      facts: { path },
    });
  }
  return { type, ...deviceNumbers(BigInt(stat.rdev)), fileMode: stat.mode & 0o777 };
}
