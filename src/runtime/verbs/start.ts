import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { LaunchResult } from '#kernel/launcher.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { parseReport } from '#kernel/report.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { lowerHooks } from '#runtime/lower/hooks.ts';
import { awaitReady, openNotify, type Notify } from '#runtime/lower/notify.ts';
import { containerDirectory, notifyDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { observe, type Init } from '#runtime/state/status.ts';
import { readState, readStoredSpec } from '#runtime/state/stored-state.ts';
import { deleteContainer } from './delete.ts';
import type { Runtime } from './runtime.ts';

/** Lets a created container's program be executed. Throws `conflict` for one that does not wait for that. */
export async function startContainer(runtime: Runtime, id: string, notifySocket?: string): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  const { status: observed, init } = observe(directory);
  const status = observed === 'created' && isPaused(stored?.cgroups ?? []) ? 'paused' : observed;
  const released = runtime.stored?.released;
  if (status !== 'created' && released === undefined) {
    throw new Fault(
      'conflict',
      `cannot start a container that has ${status === 'stopped' ? 'stopped' : `status ${status}`}`,
      {
        facts: { id, status },
      },
    );
  }
  const folder = notifyDirectory(directory);
  const notify = notifySocket !== undefined && existsSync(folder) ? { directory: folder, to: notifySocket } : undefined;
  const after = lowerHooks(
    readStoredSpec(directory, id),
    'poststart',
    { id, bundle: stored?.bundle ?? '' },
    {
      cwd: stored?.bundle ?? '/',
      pidfd: 'init',
      kill: true,
    },
  );
  const plan = startPlan(directory, init, after, notify);
  const result = released === undefined ? await release(runtime, plan) : reported(released);
  const failure = result.records.find((record) => record.kind === 'fail');
  if (failure !== undefined) {
    // What failed after the release is of the plan that made the container, and never of its first program.
    const fault = explainFailure(failure, failure.program === 0 ? plan : createdPlan(directory));
    if (fault.facts['op'] === 'hook' && failure.program === 0) await deleteContainer(runtime, id, true);
    throw fault;
  }
  for (const record of result.records) {
    if (record.kind === 'warn')
      runtime.warn(explainFailure(record, record.program === 0 ? plan : createdPlan(directory)).message);
  }
  checkEnd(result);
  rmSync(directory.go, { force: true });
}

async function release(runtime: Runtime, plan: Plan): Promise<LaunchResult> {
  const launcher = await runtime.launcher();
  return launcher.launch({ plan: encodePlan(plan), stdio: ['ignore', 'ignore', 'inherit'] }).result;
}

function reported(report: Buffer): LaunchResult {
  return { code: 0, signal: null, records: parseReport(report) };
}

/** Lets init go, then runs the hooks that come after (one that fails kills it), then waits until it says it is ready. */
function startPlan(directory: ContainerDirectory, init: Init | undefined, hooks: Step[], notify?: Notify): Plan {
  const { go, report } = directory;
  const release: Step = { op: 'release', go, report };
  const { pid = 0, startTime = '0' } = init ?? {};
  const target: Step = { op: 'pidfd', pid, starttime: BigInt(startTime), out: 'init', origin: 'container' };
  const [before, ready] = notify === undefined ? [[], []] : [[openNotify(notify)], [awaitReady(notify, 'init')]];
  const isPlain = hooks.length === 0 && notify === undefined;
  const steps = isPlain ? [release] : [target, ...before, release, ...hooks, ...ready];
  return { programs: [{ name: 'main', steps }] };
}

/** Steps that failed after the release are those of the plan that made the container. */
function createdPlan({ plan }: ContainerDirectory): Plan {
  return JSON.parse(readFileSync(plan, 'utf8')) as Plan;
}

function checkEnd({ code, signal }: LaunchResult): void {
  if (code !== 0)
    throw new Fault('internal', `the launcher ended with ${signal ?? `exit status ${code}`} and no report`);
}
