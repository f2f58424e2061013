import { mkdirSync, readdirSync, renameSync } from 'node:fs';
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

interface Filling {
  name: string;
  destination: string;
  /** Where the copy is made. */
  target: string;
  /** It was made aside and is put in place when it is whole; else nobody else has the directory, or others have it already. */
  aside: boolean;
}

/** Copies what the container's image has at the places of its empty volumes into them, with owners, modes and attributes. */
export async function fillVolumes(engine: Engine, record: ContainerRecord): Promise<void> {
  const fillings: Filling[] = [];
  try {
    for (const { name = '', destination, noCopy, subpath } of record.options.volumes ?? []) {
      if (noCopy === true || subpath !== undefined || fillings.some((one) => one.name === name)) continue;
      const filling = await beginFilling(engine, name, destination);
      if (filling !== undefined) fillings.push(filling);
    }
    if (fillings.length > 0) await copyInto(engine, record, fillings);
    for (const filling of fillings) if (filling.aside) putInPlace(engine, filling);
  } finally {
    for (const { name, aside } of fillings) if (aside) await endFilling(engine, name);
  }
}

/** Undefined when there is nothing to be done. */
async function beginFilling(engine: Engine, name: string, destination: string): Promise<Filling | undefined> {
  const { options } = claimed(engine, name);
  const driver = driverMount(options);
  if (driver?.kind === 'filesystem') return undefined; // memory is filled when it is mounted
  const data = driver?.source ?? volumeData(engine.root, name);
  if (!isEmpty(data)) return undefined;
  if (driver !== undefined) return { name, destination, target: data, aside: false };
  const aside = await decideAlone(engine, `fill volume ${name}`, () => {
    const records = volumeRecords(engine.database);
    const { phase, owner } = claimed(engine, name);
    if (phase === 'creating' && owner === ownIdentity()) return false;
    if (phase !== 'ready') throw new VolumeBusy(name);
    if (records.users(name).length > 1 || !isEmpty(data)) return false;
    records.setPhase(name, 'filling', ownIdentity());
    return true;
  });
  if (!aside && !isEmpty(data)) return undefined;
  const target = aside ? `${volumeDirectory(engine.root, name)}/_fill` : data;
  if (aside) mkdirSync(target, { mode: 0o700 });
  return { name, destination, target, aside };
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

async function endFilling(engine: Engine, name: string): Promise<void> {
  await engine.launcher.remove(volumeDirectory(engine.root, name), '_fill');
  engine.database.durably(() => volumeRecords(engine.database).setPhase(name, 'ready', undefined));
}
