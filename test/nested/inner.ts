/** A bundle for a container inside of a container: what the inner `sampan oci run` is given, at /inner of the outer one. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { rootlessSpec } from '#runtime/spec/rootless-spec.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { SAMPAN } from '#tools/places.ts';

export const INNER = '/inner';
export const RUN_INNER = [`${INNER}/sampan`, 'oci', '--root', `${INNER}/state`, 'run', '--bundle', INNER, 'nested'];

/** `rootless`: as `spec --rootless` makes it for root. Owned by `owner`, who is root of the outer container. */
export function writeInner(
  directory: string,
  rootless: boolean,
  owner: number,
  change: (spec: Spec) => void = () => {},
): void {
  const rootfs = join(directory, 'rootfs');
  mkdirSync(rootfs, { recursive: true });
  mkdirSync(join(directory, 'state'));
  writeBusyboxTree(rootfs);
  copyFileSync(SAMPAN, join(directory, 'sampan'));
  const spec = rootless ? rootlessSpec(defaultSpec(), { uid: 0, gid: 0 }) : defaultSpec();
  const args = ['sh', '-c', 'echo inner $(id -u) $$; hostname'];
  spec.process = { ...(spec.process as Process), terminal: false, args };
  spec.hostname = 'within';
  change(spec);
  writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
  spawnSync('chown', ['-R', `${owner}:${owner}`, directory]);
}
