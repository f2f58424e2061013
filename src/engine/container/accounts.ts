import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { gatherData } from '#kernel/report.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import type { Accounts } from './user.ts';

const CLONE_NEWNS = 0x20000n;
const MS_REC_SLAVE = 0x84000n;
const O_PATH_DIRECTORY = OPEN.path | OPEN.directory;
const MS_RDONLY = 1n;
const LARGEST = 1 << 20;

/**
 * The image's own /etc/passwd and /etc/group. They are read once per image, from inside a private mount of its root
 * so that no link of the image leads outside, and remembered by the image's id.
 */
export async function imageAccounts(engine: Engine, image: ImageRecord, driver: SnapshotDriver): Promise<Accounts> {
  const known = engine.database.get<Accounts>(
    'SELECT passwd, groups FROM accounts WHERE image_id = ?',
    image.configDigest,
  );
  if (known !== undefined) return known;
  // An image without layers has no files at all.
  if (image.chainId === '') return { passwd: '', groups: '' };
  const layers = engine.store.snapshotter(driver).mounts(image.chainId);
  const accounts = await readAccountFiles(engine, layers);
  engine.database
    .prepare('INSERT OR REPLACE INTO accounts (image_id, passwd, groups) VALUES (?, ?, ?)')
    .run(image.configDigest, accounts.passwd, accounts.groups);
  return accounts;
}

async function readAccountFiles(engine: Engine, root: RootMount): Promise<Accounts> {
  const plan = encodePlan(readPlan(root, rootPoint(engine), ['/etc/passwd', '/etc/group']));
  const result = await engine.launcher.launch({ plan, stdio: ['ignore', 'inherit', 'inherit'] }).result;
  if (result.code !== 0) throw failureFault("read the image's users", result);
  const files = gatherData(result.records);
  return { passwd: text(files, '/etc/passwd'), groups: text(files, '/etc/group') };
}

function text(files: Map<string, Buffer>, path: string): string {
  const bytes = files.get(path);
  if (bytes !== undefined && bytes.length >= LARGEST)
    throw new Fault('invalid', `read ${path} of the image: it is larger than 1 MiB`);
  return bytes?.toString('utf8') ?? '';
}

/** A plan that mounts the root where nobody else sees it and reports the contents of some files. */
function readPlan(root: RootMount, point: string, paths: readonly string[]): Plan {
  const mounts: Step[] =
    root.kind === 'directory'
      ? [{ op: 'open', path: root.path, flags: O_PATH_DIRECTORY, out: 'root' }]
      : root.lower.length === 1
        ? [{ op: 'open', path: join(root.base, root.lower[0] ?? ''), flags: O_PATH_DIRECTORY, out: 'root' }]
        : readOnlyOverlay(root, point);
  return {
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'unshare', flags: CLONE_NEWNS },
          { op: 'propagation', flags: MS_REC_SLAVE },
          ...mounts,
          ...paths.map((path): Step => ({ op: 'readFile', root: 'root', path, max: LARGEST })),
        ],
      },
    ],
  };
}

function readOnlyOverlay(root: RootMount & { kind: 'overlay' }, point: string): Step[] {
  return [
    { op: 'open', path: root.base, flags: O_PATH_DIRECTORY, out: 'base' },
    {
      op: 'mount',
      dir: 'base',
      source: 'overlay',
      target: point,
      fstype: 'overlay',
      flags: MS_RDONLY,
      data: `${root.userMarks === true ? 'userxattr,' : ''}lowerdir=${root.lower.join(':')}`,
    },
    { op: 'open', path: point, flags: O_PATH_DIRECTORY, out: 'root' },
  ];
}
