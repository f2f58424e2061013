import { join } from 'node:path';
import type { Plan, Step } from '#kernel/plan.ts';
import { directoriesAt, type CgroupDirectory } from '#runtime/cgroup/layout.ts';
import { lowerExec } from '#runtime/lower/exec.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import type { Engine } from '#engine/engine.ts';
import { Fault } from '#base/fault.ts';
import { cgroupsPath, containerCgroups } from './cgroups.ts';
import { rightsBeside } from './exec.ts';
import { isChecked, settledHealth, type HealthAction, type HealthCheck } from './health-check.ts';
import { imageOf } from './image-of.ts';
import type { ContainerRecord } from './record.ts';
import { signalNumber } from './stop.ts';

/** File of the plan in the container's directory. */
export const HEALTH_PLAN = 'health.plan';
/** Below the container's own group: what a check that hangs has started is found there. */
const GROUP = 'sampan-health';
const SHELL = ['/bin/sh', '-c'];
const DEFAULT_STOP_SECONDS = 10;
/** What the monitor does after the end of an unhealthy container: as its policy says, start it anew, or leave it at that. */
const THEN: Readonly<Record<HealthAction, number>> = { none: 0, kill: 0, restart: 1, stop: 2 };
const LONGEST = 2 ** 32 - 1;

/** The plan of one check; the monitor hands it the container's first process. */
export function lowerHealthCheck(engine: Engine, record: ContainerRecord, spec: Spec): Plan | undefined {
  const { health } = record.options;
  if (health === undefined || !isChecked(health)) return undefined;
  const group = checkGroup(engine, record);
  return lowerExec(checkProcess(spec, health, imageOf(engine, record).config.Shell ?? SHELL), {
    spec,
    facts: engine.facts(),
    init: 'inherited',
    cgroupsPath: spec.linux?.cgroupsPath ?? cgroupsPath(record.id, record.options),
    cgroups: containerCgroups(engine, record),
    terminal: { kind: 'none' },
    mode: 'run',
    // The monitor ends a check by ending the launcher.
    endsWithUs: true,
    ...(group === undefined ? {} : { subGroups: [subGroupOf(group)] }),
  }).plan;
}

/** The container's own program with other arguments, as `exec` runs one. */
function checkProcess({ process: own }: Spec, { test = [] }: HealthCheck, shell: readonly string[]): Process {
  if (own === undefined) throw new Fault('corrupt', "read the container's configuration: it has no process");
  const [kind, ...rest] = test;
  return {
    ...own,
    terminal: false,
    args: kind === 'CMD-SHELL' ? [...shell, ...rest] : rest,
    capabilities: rightsBeside(own.user.uid, own.capabilities?.bounding ?? []),
  };
}

/** What the monitor is told of the checks; empty when there are none. */
export function healthFields(
  engine: Engine,
  record: ContainerRecord,
  directory: string,
): Partial<Extract<Step, { op: 'monitor' }>> {
  const { health, healthAction = 'none', stopTimeout = DEFAULT_STOP_SECONDS, stopSignal: own } = record.options;
  if (health === undefined || !isChecked(health)) return {};
  const { interval, timeout, startPeriod, startInterval, retries } = settledHealth(health);
  const asked = own ?? imageOf(engine, record).config.StopSignal ?? 'TERM';
  const signal = signalNumber(healthAction === 'kill' ? 'KILL' : asked, '--stop-signal');
  const patience = healthAction === 'kill' || stopTimeout < 0 ? 0 : Math.max(1, stopTimeout * 1000);
  const group = checkGroup(engine, record);
  return {
    checkPlan: join(directory, HEALTH_PLAN),
    ...(group === undefined ? {} : { checkGroup: join(group.path, GROUP) }),
    check: [
      ...[interval, timeout, startPeriod, startInterval, patience].map((ms) => Math.min(Math.ceil(ms), LONGEST)),
      retries,
      healthAction === 'none' ? 0 : signal,
      THEN[healthAction],
    ],
  };
}

/** In one hierarchy, where a group needs nothing but to be made. */
function checkGroup(engine: Engine, record: ContainerRecord): CgroupDirectory | undefined {
  const all = directoriesAt(engine.facts().cgroup, containerCgroups(engine, record));
  return (
    all.find(({ hierarchy }) => hierarchy === undefined || hierarchy.controllers.includes('pids')) ?? all.find(isPlain)
  );
}

const isPlain = ({ hierarchy }: CgroupDirectory): boolean =>
  hierarchy?.controllers.every((name) => name !== 'cpuset' && name !== 'memory') ?? true;

const subGroupOf = ({ hierarchy }: CgroupDirectory): { controller?: string; path: string } => ({
  path: GROUP,
  ...(hierarchy === undefined ? {} : { controller: hierarchy.name }),
});
