import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { lowerRdtUpdate } from '#runtime/lower/intel-rdt.ts';
import { lowerUpdate } from '#runtime/lower/update.ts';
import { linuxShape } from '#runtime/spec/check-linux.ts';
import type { IntelRdt, Resources, Spec } from '#runtime/spec/spec.ts';
import { changeScope } from '#runtime/systemd/scope.ts';
import { resourceProperties } from '#runtime/systemd/properties.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { readStoredSpec, type StoredState } from '#runtime/state/stored-state.ts';
import { checkLaunch } from './prepare.ts';
import { runningContainer } from './running.ts';
import type { Runtime } from './runtime.ts';

/**
 * Changes limits of a container that runs. What is not named in `changes` stays as it is. All of it or nothing: when
 * one of the files refuses its value, those before it get back what they held.
 */
export async function updateContainer(
  runtime: Runtime,
  id: string,
  changes: Resources,
  rdt: Pick<IntelRdt, 'l3CacheSchema' | 'memBwSchema'> = {},
): Promise<void> {
  const { directory, stored } = runningContainer(runtime, id);
  const spec = readStoredSpec(directory, id);
  const merged = mergeResources(spec.linux?.resources ?? {}, changes);
  linuxShape({ resources: merged }, 'linux');
  const named = Object.fromEntries(Object.keys(changes).map((name) => [name, merged[name as keyof Resources]]));
  const facts = runtime.facts();
  const steps = [...toldToSystemd(runtime, named, stored, facts), ...lowerUpdate(named, { facts, ...stored })];
  const intelRdt = Object.keys(rdt).length === 0 ? undefined : changedRdt(spec, rdt);
  if (intelRdt !== undefined) steps.push(...lowerRdtUpdate(intelRdt, id, facts));
  if (steps.length > 0) await applyLimits(runtime, { programs: [{ name: 'main', steps }] });
  const updated: Spec = {
    ...spec,
    linux: { ...spec.linux, resources: merged, ...(intelRdt === undefined ? {} : { intelRdt }) },
  };
  writeFileSync(`${directory.config}.new`, JSON.stringify(updated), { mode: 0o600 });
  renameSync(`${directory.config}.new`, directory.config);
}

/** A container that has no group of its own cannot be given one any more. */
function changedRdt({ linux }: Spec, rdt: IntelRdt): IntelRdt {
  if (linux?.intelRdt !== undefined) return { ...linux.intelRdt, ...rdt };
  const field = 'linux.intelRdt';
  throw new Fault('conflict', `${field}: the container was made without it`, { field });
}

/** Before the files are written: systemd refuses what it does not take, and nothing is changed then. */
function toldToSystemd(runtime: Runtime, changes: Resources, { unit }: StoredState, { cgroup }: HostFacts): Step[] {
  if (unit === undefined) return [];
  return changeScope(runtime.bus(), unit, resourceProperties(changes, cgroup.mode === 'v2' ? 2 : 1));
}

/** Section by section, so that a period that was set before goes with a new quota. */
export function mergeResources(old: Resources, changes: Resources): Resources {
  const merged: Record<string, unknown> = { ...old };
  for (const [section, change] of Object.entries(changes)) {
    const isGroup = typeof change === 'object' && !Array.isArray(change);
    merged[section] = isGroup ? { ...(merged[section] as object | undefined), ...change } : change;
  }
  const { memory } = merged as Resources;
  // Without a limit of memory there is none of memory and swap.
  if (changes.memory?.limit === -1 && !changes.memory.swap && memory?.swap) memory.swap = -1;
  return merged;
}

/** Executes steps that write limits; after a failure the files hold what they held before. */
export async function applyLimits(runtime: Pick<Runtime, 'launcher' | 'warn'>, plan: Plan): Promise<void> {
  const before = filesWritten(plan.programs[0]?.steps ?? []).map((path) => ({ path, value: valueOf(path) }));
  const launcher = await runtime.launcher();
  const result = await launcher.launch({ plan: encodePlan(plan) }).result;
  try {
    checkLaunch(runtime, plan, result);
  } catch (error) {
    for (const { path, value } of before.toReversed()) putBack(path, value);
    throw error;
  }
}

/** The files that the steps write; of several that one may stand for another, the one that is there. */
export function filesWritten(steps: readonly Step[], isThere: (path: string) => boolean = existsSync): string[] {
  return steps.flatMap((step) => {
    if (step.op === 'write') return [step.path];
    return step.op === 'writeFirst' ? step.paths.filter(isThere).slice(0, 1) : [];
  });
}

function valueOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trimEnd();
  } catch {
    return undefined;
  }
}

function putBack(path: string, value: string | undefined): void {
  if (value === undefined || value === valueOf(path)) return;
  try {
    writeFileSync(path, value);
  } catch {
    // It was not changed, or what it held is no value that can be written.
  }
}
