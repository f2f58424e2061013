import { Fault } from '#base/fault.ts';
import { freeze, thaw } from '#runtime/cgroup/freezer.ts';
import { runningContainer } from './running.ts';
import type { Runtime } from './runtime.ts';

type Rooted = Pick<Runtime, 'stateRoot'>;

export async function pauseContainer(runtime: Rooted, id: string): Promise<void> {
  const { stored, paused } = runningContainer(runtime, id);
  if (paused) throw new Fault('conflict', 'container is paused already', { facts: { id } });
  await freeze(stored.cgroups);
}

export async function resumeContainer(runtime: Rooted, id: string): Promise<void> {
  const { stored, paused } = runningContainer(runtime, id);
  if (!paused) throw new Fault('conflict', 'container not paused', { facts: { id } });
  await thaw(stored.cgroups);
}
