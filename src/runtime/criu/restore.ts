import { Fault } from '#base/fault.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { NAMESPACE_KEYS } from './dump.ts';
import { externalSources } from './external.ts';
import { commonArguments, type CriuOptions } from './options.ts';

export interface RestoreOptions extends CriuOptions {
  /** TYPE:NAME. */
  lsmProfile?: string;
  lsmMountContext?: string;
}

export interface RestoreSubject {
  spec: Spec;
  bundle: string;
  /** Where the root is mounted for criu. */
  root: string;
  /** That criu writes the number of the first process to. */
  pidFile: string;
  groups: readonly CgroupDirectory[];
  /** As they were stored with the images. */
  descriptors: readonly string[];
  /** Numbers of descriptors that criu has of namespaces that are joined by path. */
  joined: Readonly<Partial<Record<'net' | 'pid', number>>>;
}

export const RESTORE_LOG = 'restore.log';

/** criu's arguments for a container that becomes a child of criu's parent. */
export function restoreArguments(subject: RestoreSubject, options: RestoreOptions): string[] {
  const { spec, bundle, root, pidFile, groups, descriptors, joined } = subject;
  if (spec.process?.terminal === true && options.shellJob !== true) {
    throw new Fault('unsupported', 'process.terminal: a container with a terminal cannot be restored', {
      field: 'process.terminal',
    });
  }
  const inherited = [
    ...descriptors.slice(0, 3).map((name, number) => [number, name] as const),
    ...(['net', 'pid'] as const).map((kind) => [joined[kind] ?? -1, NAMESPACE_KEYS[kind]] as const),
  ].filter(([number, name]) => number >= 0 && name !== '');
  return [
    'restore',
    `--root=${root}`,
    `--pidfile=${pidFile}`,
    '--restore-detached',
    // Its newer way with mounts cannot mount a single file, as masks are, over another.
    '--mntns-compat-mode',
    '--restore-sibling',
    ...commonArguments(options, RESTORE_LOG, annotation(spec, 'org.criu.config')),
    ...[...externalSources(spec, bundle, groups)].flatMap(([point, source]) => [
      '--external',
      `mnt[${point}]:${source}`,
    ]),
    ...inherited.flatMap(([number, name]) => ['--inherit-fd', `fd[${number}]:${name}`]),
    ...(options.manageCgroups === 'ignore' ? [] : groups.flatMap(groupRoot)),
    ...(options.lsmProfile === undefined ? [] : ['--lsm-profile', options.lsmProfile]),
    ...(options.lsmMountContext === undefined ? [] : ['--lsm-mount-context', options.lsmMountContext]),
  ];
}

/** The container may have other groups now than it had. */
function groupRoot({ hierarchy, parts }: CgroupDirectory): string[] {
  const path = `/${parts.join('/')}`;
  if (hierarchy === undefined) return ['--cgroup-root', path];
  const [controller = `name=${hierarchy.name}`] = hierarchy.controllers;
  return ['--cgroup-root', `${controller}:${path}`];
}
