import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CLONE, OPEN, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import type { Step } from '#kernel/plan.ts';
import { overlayMountSteps } from '#runtime/lower/root.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import { decideAlone, VolumeBusy } from './busy.ts';
import { claimed } from './claim.ts';
import { driverMount } from './driver-options.ts';
import { volumeData, volumeDirectory, volumeRecords } from './record.ts';

/**
 * `alone`: nobody else knows of the volume yet. `aside`: the copy is put in place when it is whole. `shared`: other
 * containers have the directory already, so it is filled as it is; nobody else fills it meanwhile.
 */
type How = 'alone' | 'aside' | 'shared';

interface Filling {
  name: string;
  destination: string;
  /** Where the copy is made. */
  target: string;
  how: How;
}

/** Copies what the container's image has at the places of its empty volumes into them, with owners, modes and attributes. */
export async function fillVolumes(engine: Engine, record: ContainerRecord): Promise<void> {
  const fillings: Filling[] = [];
  try {
    // By name, so that no two wait for each other.
    const volumes = [...(record.options.volumes ?? [])].sort((left, right) =>
      (left.name ?? '') < (right.name ?? '') ? -1 : 1,
    );
    for (const { name = '', destination, noCopy, subpath } of volumes) {
      if (noCopy === true || subpath !== undefined || fillings.some((one) => one.name === name)) continue;
      const filling = await beginFilling(engine, name, destination);
      if (filling !== undefined) fillings.push(filling);
    }
    if (fillings.length > 0) await copyInto(engine, record, fillings);
    for (const filling of fillings) if (filling.how === 'aside') putInPlace(engine, filling);
  } finally {
    for (const filling of fillings) await endFilling(engine, filling);
  }
}

/** Undefined when there is nothing to be done. */
async function beginFilling(engine: Engine, name: string, destination: string): Promise<Filling | undefined> {
  const { options } = claimed(engine, name);
  const driver = driverMount(options);
  if (driver?.kind === 'filesystem') return undefined; // memory is filled when it is mounted
  const data = driver?.source ?? volumeData(engine.root, name);
  if (!isEmpty(data)) return undefined;
  if (driver !== undefined) return { name, destination, target: data, how: 'alone' };
  const how = await decideAlone(engine, `fill volume ${name}`, () => beginAlone(engine, name, data), false);
  if (how === undefined) return undefined;
  if (how !== 'aside') return { name, destination, target: data, how };
  const target = join(volumeDirectory(engine.root, name), '_fill');
  await engine.launcher.remove(dirname(target), basename(target));
  mkdirSync(target, { mode: 0o700 });
  return { name, destination, target, how };
}

/** Undefined when it is not empty any more. */
function beginAlone(engine: Engine, name: string, data: string): How | undefined {
  const records = volumeRecords(engine.database);
  const { phase, owner } = claimed(engine, name);
  if (phase === 'creating' && owner === ownIdentity()) return 'alone';
  if (phase !== 'ready') throw new VolumeBusy(name);
  if (!isEmpty(data)) return undefined;
  records.setPhase(name, 'filling', ownIdentity());
  return records.users(name).length > 1 ? 'shared' : 'aside';
}

/** A directory that is not there is told of when it is mounted. */
function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

async function copyInto(engine: Engine, record: ContainerRecord, fillings: readonly Filling[]): Promise<void> {
  const root = engine.store.snapshotter(record.snapshotter).mounts(record.id);
  const opened: Step[] =
    root.kind === 'overlay'
      ? overlayMountSteps(root, rootPoint(engine))
      : [{ op: 'open', path: root.path, flags: OPEN.path | OPEN.directory, out: 'root' }];
  const steps: Step[] = [
    { op: 'unshare', flags: CLONE.newns },
    { op: 'propagation', flags: PROPAGATION.slave | RECURSIVE },
    ...opened,
    ...fillings.flatMap(({ destination, target }, at): Step[] => [
      { op: 'mkpath', root: 'root', path: destination, kind: 0, mode: 0o755, out: `from.${at}` },
      { op: 'open', path: target, flags: OPEN.path | OPEN.directory, out: `to.${at}` },
      { op: 'copyUp', from: `from.${at}`, to: `to.${at}`, attributes: 1 },
    ]),
  ];
  const plan = encodePlan({ programs: [{ name: 'main', steps }] });
  const result = await engine.launcher.launch({ plan, stdio: ['ignore', 'ignore', 'inherit'] }).result;
  if (result.code !== 0) throw failureFault(`fill the volumes of container ${record.name}`, result);
}

/** Nobody has the directory mounted, and it is replaced only while it is empty: that is what rename does. */
function putInPlace(engine: Engine, { name, target }: Filling): void {
  try {
    renameSync(target, volumeData(engine.root, name));
  } catch (error) {
    // Somebody has put something there meanwhile; that stays.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

async function endFilling(engine: Engine, { name, how }: Filling): Promise<void> {
  if (how === 'alone') return;
  if (how === 'aside') await engine.launcher.remove(volumeDirectory(engine.root, name), '_fill');
  volumeRecords(engine.database).setPhase(name, 'ready', undefined);
}
