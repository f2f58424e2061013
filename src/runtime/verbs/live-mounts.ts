import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { lowerAddMounts, lowerRemoveMounts, type LiveMountsContext } from '#runtime/lower/live-mounts.ts';
import { bindSources, linkSources } from '#runtime/lower/mounts.ts';
import { linkTargets, sourceKinds } from '#runtime/lower/source-kinds.ts';
import { mount } from '#runtime/spec/check-spec.ts';
import { filledText, list, shape } from '#runtime/spec/check.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import { readStoredSpec } from '#runtime/state/stored-state.ts';
import { checkLaunch } from './prepare.ts';
import { runningContainer } from './running.ts';
import type { Runtime } from './runtime.ts';

/** Mounts more into a running container: all of it, or nothing. Relative sources are found below its bundle. */
export async function addMounts(runtime: Runtime, id: string, value: unknown): Promise<void> {
  list(mount)(value, 'mounts');
  const mounts = value as Mount[];
  await carryOut(runtime, lowerAddMounts(mounts, contextOf(runtime, id, mounts)));
}

/** Takes mounts off again by their destinations; the rest of each entry is not looked at. */
export async function removeMounts(runtime: Runtime, id: string, value: unknown): Promise<void> {
  list(shape({ required: { destination: filledText } }))(value, 'mounts');
  const destinations = (value as Mount[]).map(({ destination }) => destination);
  const twice = destinations.findIndex((path, index) => destinations.indexOf(path) !== index);
  if (twice >= 0) {
    const field = `mounts[${twice}].destination`;
    throw new Fault('invalid', `${field}: ${destinations[twice]} is named twice`, { field });
  }
  await carryOut(runtime, lowerRemoveMounts(destinations, contextOf(runtime, id, [])));
}

function contextOf(runtime: Runtime, id: string, mounts: Mount[]): LiveMountsContext {
  const { directory, stored, init } = runningContainer(runtime, id);
  if (stored.hostRoot !== undefined) {
    const field = 'linux.namespaces';
    throw new Fault('unsupported', 'the container has no mount namespace: its mounts are those of the host', { field });
  }
  const spec = readStoredSpec(directory, id);
  const { bundle, rootfs } = stored;
  return {
    spec,
    id,
    facts: runtime.facts(),
    init,
    bundle,
    rootfs,
    sources: sourceKinds(bindSources({ ...spec, mounts }, bundle)),
    links: linkTargets(linkSources({ ...spec, mounts }, bundle)),
  };
}

async function carryOut(runtime: Runtime, plan: Plan): Promise<void> {
  const launcher = await runtime.launcher();
  checkLaunch(runtime, plan, await launcher.launch({ plan: encodePlan(plan) }).result);
}
