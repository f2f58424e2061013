import { readFileSync, rmSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { LaunchResult } from '#kernel/launcher.ts';
import type { Plan } from '#kernel/plan.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { containerDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { observe } from '#runtime/state/status.ts';
import { readState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';

/** Lets a created container's program be executed. Throws `conflict` for one that does not wait for that. */
export async function startContainer(runtime: Runtime, id: string): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  readState(directory, id);
  const { status } = observe(directory);
  if (status !== 'created') {
    throw new Fault(
      'conflict',
      `cannot start a container that has ${status === 'stopped' ? 'stopped' : `status ${status}`}`,
      {
        facts: { id, status },
      },
    );
  }
  const plan: Plan = {
    programs: [{ name: 'main', steps: [{ op: 'release', go: directory.go, report: directory.report }] }],
  };
  const launcher = await runtime.launcher();
  const result = await launcher.launch({ plan: encodePlan(plan), stdio: ['ignore', 'ignore', 'inherit'] }).result;
  const failure = result.records.find((record) => record.kind === 'fail');
  if (failure !== undefined) throw explainFailure(failure, failure.step === 0 ? plan : createdPlan(directory));
  checkEnd(result);
  rmSync(directory.go, { force: true });
}

/** Steps that failed after the release are those of the plan that made the container. */
function createdPlan({ plan }: ContainerDirectory): Plan {
  return JSON.parse(readFileSync(plan, 'utf8')) as Plan;
}

function checkEnd({ code, signal }: LaunchResult): void {
  if (code !== 0)
    throw new Fault('internal', `the launcher ended with ${signal ?? `exit status ${code}`} and no report`);
}
