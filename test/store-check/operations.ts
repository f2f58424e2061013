/** What is done to the store while it is killed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliWorld } from '#test/cli/world.ts';

export interface Material {
  world: CliWorld;
  /** Names of images in the registry. */
  images: readonly string[];
  /** Name of one for several platforms, and an archive with all of it. */
  multi: string;
  whole: string;
  /** Archives of several images, and of a root file system. */
  archives: readonly string[];
  rootfs: string;
  random: (below: number) => number;
  /** Processes that were killed at work, and that came to their end before. */
  tally: { killed: number; ended: number };
}

export interface Operation {
  /** Spoils something first, with which the next command must be able to live. */
  prepare?: (material: Material) => void;
  args: (material: Material) => readonly string[];
  /** Of this many milliseconds one is when it is killed. */
  span: number;
  /** What has to follow it to the end before the store can be right; any command when left out. */
  next?: readonly string[];
}

const one = <T>({ random }: Material, list: readonly T[]): T => list[random(list.length)] as T;

/** A stopped one with a change to commit. */
export const CONTAINER = 'changed';

/** A further operation is a row here. */
export const OPERATIONS: Record<string, Operation> = {
  pull: { args: (at) => ['pull', '-q', one(at, at.images)], span: 500 },
  push: { args: (at) => ['push', one(at, at.images), `${at.world.registry.host}/pushed/${at.random(4)}:1`], span: 400 },
  load: { args: (at) => ['load', '-q', '-i', one(at, at.archives)], span: 600 },
  save: { args: (at) => ['save', '-o', join(at.world.root, 'saved.tar'), one(at, at.images)], span: 300 },
  pullWhole: { args: (at) => ['pull', '-q', '--all-platforms', at.multi], span: 600 },
  loadWhole: { args: (at) => ['load', '-q', '--all-platforms', '-i', at.whole], span: 600 },
  copy: {
    args: (at) => ['image', 'copy', '-q', `docker://${one(at, at.images)}`, `store:copied:${at.random(3)}`],
    span: 600,
  },
  list: {
    args: (at) => ['manifest', 'create', '--amend', `list:${at.random(2)}`, one(at, [at.multi, ...at.images])],
    span: 500,
  },
  rmiWhole: { args: (at) => ['rmi', '-f', at.multi], span: 250 },
  import: { args: (at) => ['import', at.rootfs, `imported:${at.random(3)}`], span: 500 },
  commit: { args: (at) => ['commit', CONTAINER, `committed:${at.random(3)}`], span: 700 },
  rmi: { args: (at) => ['rmi', '-f', one(at, at.images)], span: 250 },
  prune: { args: () => ['image', 'prune', '-af'], span: 300 },
  gc: { args: () => ['system', 'gc'], span: 300 },
  tag: { args: (at) => ['tag', one(at, at.images), `other:${at.random(3)}`], span: 150 },
  run: { args: (at) => ['run', '--rm', one(at, at.images), 'sleep', '0.1'], span: 700 },
  verify: { args: () => ['image', 'verify', '-q'], span: 600 },
  repair: {
    prepare: spoil,
    args: () => ['image', 'verify', '-q', '--repair'],
    span: 900,
    next: ['image', 'verify', '-q', '--repair'],
  },
};

/** Changes a byte of a layer's file, or adds one: what the disk may do, and what only `verify --repair` can mend. */
function spoil({ world, random }: Material): void {
  const base = join(world.root, 'snapshots/overlay');
  const trees = existsSync(base) ? readdirSync(base) : [];
  const tree = trees[random(Math.max(trees.length, 1))];
  if (tree === undefined) return;
  if (random(2) === 0) {
    writeFileSync(join(base, tree, 'fs', 'stray'), 'x');
    return;
  }
  const files = execFileSync('find', [join(base, tree, 'fs'), '-type', 'f', '-size', '+0'], { encoding: 'utf8' });
  const list = files.split('\n').filter(Boolean);
  const path = list[random(Math.max(list.length, 1))];
  if (path !== undefined)
    execFileSync('sh', ['-c', 'printf "\\377" | dd of="$1" bs=1 conv=notrunc status=none', 'sh', path]);
}
