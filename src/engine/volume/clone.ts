import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Engine } from '#engine/engine.ts';
import { createVolume } from './create.ts';
import { dataDirectory } from './data.ts';
import { volumeData } from './record.ts';
import { findVolume } from './remove.ts';
import { needThere } from './transfer.ts';

/** Makes a volume with all that another one has in it, owners and attributes included, and its labels. */
export async function cloneVolume(engine: Engine, from: string, to: string): Promise<void> {
  const doing = `clone volume ${from}`;
  const source = findVolume(engine, from);
  const directory = dataDirectory(engine, source, doing);
  const { made } = await createVolume(engine, { name: to, labels: source.labels }, async () => {
    await copyAll(engine, directory, volumeData(engine.root, to), doing);
    needThere(engine, source, doing);
  });
  if (made) return;
  throw new Fault('alreadyExists', `${doing}: there is a volume ${to} already`, { field: 'DESTINATION' });
}

async function copyAll({ launcher }: Engine, from: string, to: string, doing: string): Promise<void> {
  const flags = OPEN.path | OPEN.directory;
  const steps: Step[] = [
    { op: 'open', path: from, flags, out: 'source' },
    { op: 'open', path: to, flags, out: 'target' },
    { op: 'copyUp', from: 'source', to: 'target', attributes: 1 },
  ];
  const plan = encodePlan({ programs: [{ name: 'main', steps }] });
  const result = await launcher.launch({ plan, stdio: ['ignore', 'ignore', 'inherit'] }).result;
  if (result.code !== 0) throw failureFault(doing, result);
}
