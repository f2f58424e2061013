import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import type { Engine } from '#engine/engine.ts';
import { compileContainer, type Compiled } from './compile.ts';
import { HEALTH_PLAN, lowerHealthCheck } from './health-plan.ts';
import { imageOf } from './image-of.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { forgetPlan, isStored, planBasis, rememberPlan } from './plan-basis.ts';
import { notifyOf, type Service } from './service.ts';

interface PlanWish {
  warn: (text: string) => void;
  service?: Service;
}

/** The plan of a start that is written down; made again where it is only needed to tell of a failure. */
export type Prepared = () => Promise<Plan>;

/** Puts a container's plan where its monitor finds it, at each start; lowered anew unless nothing has changed. */
export async function storePlan(engine: Engine, record: ContainerRecord, wish: PlanWish): Promise<Prepared> {
  const directory = containerDirectory(engine.root, record.id);
  const notify = notifyOf(engine, record.id, wish.service);
  const root = engine.store.snapshotter(record.snapshotter).mounts(record.id);
  const compile = (): Promise<Compiled> =>
    compileContainer(engine, {
      id: record.id,
      options: record.options,
      image: imageOf(engine, record),
      root,
      snapshotter: record.snapshotter,
      directory,
      sockets: wish.service?.sockets ?? 0,
      ...(notify?.inside === true ? { notify } : {}),
    });
  const basis = wish.service === undefined ? planBasis(engine, record, root) : undefined;
  if (isStored(directory, basis)) return async () => (await compile()).plan;
  const { spec, plan, warnings } = await compile();
  for (const warning of warnings) wish.warn(warning);
  forgetPlan(directory);
  writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
  put(directory, 'plan', plan);
  const check = lowerHealthCheck(engine, record, spec);
  if (check !== undefined) put(directory, HEALTH_PLAN, check);
  // What each start warns of is found each time.
  if (warnings.length === 0) rememberPlan(directory, basis);
  keepService(directory, wish.service);
  return () => Promise.resolve(plan);
}

/** In one step: the monitor may be about to execute it. */
function put(directory: string, name: string, plan: Plan): void {
  const aside = join(directory, `${name}.new`);
  writeFileSync(aside, encodePlan(plan), { mode: 0o600 });
  renameSync(aside, join(directory, name));
}

/** The same for one that is up, so that what has changed holds for its restarts as well. */
export async function renewPlan(engine: Engine, record: ContainerRecord): Promise<void> {
  if (record.options.restart === undefined && record.options.healthAction !== 'restart') return;
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
