import { Fault } from '#base/fault.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { externalFiles } from './descriptors.ts';
import { externalMounts, type MountLine } from './external.ts';
import { commonArguments, type CriuOptions } from './options.ts';

export interface DumpOptions extends CriuOptions {
  leaveRunning?: boolean;
  /** Memory only, while the container runs on; for a checkpoint that names it as its parent. */
  preDump?: boolean;
  /** Images of an earlier one, relative to the images. */
  parent?: string;
  skipInFlight?: boolean;
  linkRemap?: boolean;
  /** How the network is kept still meanwhile: iptables, nftables, or skip. */
  networkLock?: string;
  /** ADDRESS:PORT that takes the memory. */
  pageServer?: string;
  /** The number of a descriptor that criu has, and tells when lazy pages are served. */
  statusFd?: number;
}

/** The container at this moment. */
export interface DumpSubject {
  spec: Spec;
  pid: number;
  rootfs: string;
  mounts: readonly MountLine[];
  /** As `outsideDescriptors` found them. */
  descriptors: readonly string[];
  /** The control group that can be frozen, when there is one. */
  freezer: string | undefined;
  /** Numbers of the namespaces that were joined by path, by criu's word for their kind. */
  joined: Readonly<Partial<Record<'net' | 'pid', number>>>;
}

export const DUMP_LOG = 'dump.log';

/** What a namespace is called that the images do not hold. */
export const NAMESPACE_KEYS = { net: 'extRootNetNS', pid: 'extRootPidNS' } as const;

/** criu's arguments for the checkpoint of a container. */
export function dumpArguments(subject: DumpSubject, options: DumpOptions): string[] {
  const { spec, pid, rootfs, mounts, descriptors, freezer, joined } = subject;
  refuseTerminal(spec, options);
  const external = [
    ...externalMounts(spec, mounts).map((point) => `mnt[${point}]:${point}`),
    ...externalFiles(descriptors),
    ...(['net', 'pid'] as const).flatMap((kind) =>
      joined[kind] === undefined ? [] : [`${kind}[${joined[kind]}]:${NAMESPACE_KEYS[kind]}`],
    ),
  ];
  return [
    options.preDump === true ? 'pre-dump' : 'dump',
    `--tree=${pid}`,
    `--root=${rootfs}`,
    ...commonArguments(options, DUMP_LOG, annotation(spec, 'org.criu.config')),
    ...external.flatMap((one) => ['--external', one]),
    ...(freezer === undefined ? [] : ['--freeze-cgroup', freezer]),
    ...(options.leaveRunning === true && options.preDump !== true ? ['--leave-running'] : []),
    ...(options.preDump === true || options.parent !== undefined ? ['--track-mem'] : []),
    ...(options.parent === undefined ? [] : ['--prev-images-dir', options.parent]),
    ...(options.skipInFlight === true ? ['--skip-in-flight'] : []),
    ...(options.linkRemap === true ? ['--link-remap'] : []),
    ...(options.networkLock === undefined ? [] : ['--network-lock', options.networkLock]),
    ...pageServer(options.pageServer),
    ...(options.statusFd === undefined ? [] : ['--status-fd', String(options.statusFd)]),
  ];
}

function pageServer(address: string | undefined): string[] {
  if (address === undefined) return [];
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined || port === undefined) {
    throw new Fault('invalid', '--page-server must be ADDRESS:PORT', { field: '--page-server' });
  }
  return ['--page-server', '--address', host, '--port', port];
}

/** The other side of it is held by somebody outside, and only over a connection of its own would criu give it back. */
function refuseTerminal({ process }: Spec, { shellJob }: DumpOptions): void {
  if (process?.terminal !== true || shellJob === true) return;
  throw new Fault('unsupported', 'process.terminal: a container with a terminal cannot be checkpointed', {
    field: 'process.terminal',
  });
}
