import { Fault, isFault } from '#base/fault.ts';
import type { Resources } from '#runtime/spec/spec.ts';
import { lowerUpdate } from '#runtime/lower/update.ts';
import { applyLimits } from '#runtime/verbs/update.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { cgroupsPath, containerCgroups } from './cgroups.ts';
import type { ContainerOptions } from './options.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { checkResources, resourcesOf, type ResourceWish } from './resources.ts';
import { isUp, observe } from './state.ts';
import { renewPlan } from './stored-plan.ts';

/**
 * Changes a container's limits, at once when it runs. All or nothing: a limit that the kernel refuses gives back those
 * before it and leaves the record as it was. The record comes first, so a crash in between is carried on by the next
 * command (`restoreLimits`).
 */
export async function updateContainer(
  engine: Engine,
  { id }: ContainerRecord,
  changes: ResourceWish,
  warn: (text: string) => void,
): Promise<void> {
  await asOwner(engine, id, 'update container', async (record) => {
    const old = record.options;
    const options: ContainerOptions = { ...old, ...changes };
    refuseOverCpus(old, changes);
    checkResources(options);
    engine.database.durably(() => engine.containers.setOptions(id, options));
    try {
      await renewPlanOfOneUp(engine, { ...record, options });
      await setLimits(engine, record, changed(resourcesOf(old), resourcesOf(options)), warn);
      noteContainer(engine, record, 'update');
    } catch (cause) {
      // One that has ended meanwhile has its limits from the record when it is started again.
      if (isFault(cause, 'notFound') && !runs(engine, record)) return noteContainer(engine, record, 'update');
      engine.database.durably(() => engine.containers.setOptions(id, old));
      await renewPlanOfOneUp(engine, record);
      if (!(cause instanceof Fault)) throw cause;
      throw new Fault(cause.kind, `update container ${record.name}`, { cause, ...hintOf(cause) });
    }
  });
}

/** Its restarts are to have the limits too; first, so that one which happens meanwhile has them one way or the other. */
async function renewPlanOfOneUp(engine: Engine, record: ContainerRecord): Promise<void> {
  if (isUp(observe(containerDirectory(engine.root, record.id)))) await renewPlan(engine, record);
}
const runs = (engine: Engine, { id }: ContainerRecord): boolean =>
  observe(containerDirectory(engine.root, id)).status === 'running';

/** Gives a running container the limits of its record once more. */
export async function restoreLimits(engine: Engine, record: ContainerRecord): Promise<void> {
  await renewPlanOfOneUp(engine, record);
  const { devices: _, ...resources } = resourcesOf(record.options);
  await setLimits(engine, record, resources, () => undefined);
}

const hintOf = ({ hint }: Fault): { hint?: string } => (hint === undefined ? {} : { hint });

/** The sections that differ. A section goes whole: a quota of version 2 is written together with its period. */
function changed(old: Resources, now: Resources): Resources {
  return Object.fromEntries(
    Object.entries(now).filter(
      ([name, section]) => JSON.stringify(section) !== JSON.stringify(old[name as keyof Resources]),
    ),
  );
}

function refuseOverCpus({ cpus }: ResourceWish, changes: ResourceWish): void {
  const field = changes.cpuQuota !== undefined ? '--cpu-quota' : '--cpu-period';
  if (cpus === undefined || (changes.cpuQuota === undefined && changes.cpuPeriod === undefined)) return;
  throw new Fault('conflict', `read ${field}: the container's --cpus sets it already`, {
    field,
    hint: 'Change --cpus instead.',
  });
}

async function setLimits(
  engine: Engine,
  record: ContainerRecord,
  resources: Resources,
  warn: (text: string) => void,
): Promise<void> {
  if (!runs(engine, record)) return;
  const steps = lowerUpdate(resources, {
    facts: engine.facts(),
    id: record.id,
    cgroupsPath: cgroupsPath(record.id, record.options),
    cgroups: containerCgroups(engine, record),
  });
  if (steps.length === 0) return;
  await applyLimits(
    { launcher: () => Promise.resolve(engine.launcher), warn },
    { programs: [{ name: 'main', steps }] },
  );
}
