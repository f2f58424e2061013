import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import type { Engine } from '#engine/engine.ts';
import { compileContainer, type Compiled } from './compile.ts';
import { imageOf } from './image-of.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { notifyOf, type Service } from './service.ts';

interface PlanWish {
  warn: (text: string) => void;
  service?: Service;
}

/** Lowers a container and puts its plan where its monitor finds it, at each start. */
export async function storePlan(engine: Engine, record: ContainerRecord, wish: PlanWish): Promise<Compiled> {
  const directory = containerDirectory(engine.root, record.id);
  const notify = notifyOf(engine, record.id, wish.service);
  const compiled = await compileContainer(engine, {
    id: record.id,
    options: record.options,
    image: imageOf(engine, record),
    root: engine.store.snapshotter(record.snapshotter).mounts(record.id),
    snapshotter: record.snapshotter,
    directory,
    sockets: wish.service?.sockets ?? 0,
    ...(notify?.inside === true ? { notify } : {}),
  });
  for (const warning of compiled.warnings) wish.warn(warning);
  writeFileSync(join(directory, 'config.json'), JSON.stringify(compiled.spec));
  // In one step: the monitor may be about to execute it.
  writeFileSync(join(directory, 'plan.new'), encodePlan(compiled.plan), { mode: 0o600 });
  renameSync(join(directory, 'plan.new'), join(directory, 'plan'));
  keepService(directory, wish.service);
  return compiled;
}

/** The same for one that is up, so that what has changed holds for its restarts as well. */
export async function renewPlan(engine: Engine, record: ContainerRecord): Promise<void> {
  if (record.options.restart === undefined) return;
  const directory = containerDirectory(engine.root, record.id);
  const service = keptService(directory);
  await storePlan(engine, record, { warn: () => undefined, ...(service === undefined ? {} : { service }) });
}

const KEPT = 'service';

/** What only the environment of the start knew. */
function keepService(directory: string, service: Service | undefined): void {
  const path = join(directory, KEPT);
  if (service !== undefined) writeFileSync(path, JSON.stringify(service), { mode: 0o600 });
  else if (existsSync(path)) rmSync(path);
}

function keptService(directory: string): Service | undefined {
  const path = join(directory, KEPT);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Service) : undefined;
}
