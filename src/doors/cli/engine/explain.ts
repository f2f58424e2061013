import { resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { readHostFacts } from '#kernel/host-facts.ts';
import type { Plan } from '#kernel/plan.ts';
import { explainBundle } from '#runtime/verbs/explain.ts';
import { compileForExplain } from '#engine/container/explain.ts';
import { printPlan, planAsJson } from '#runtime/explain/print.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { localOrPulled } from './image-for-run.ts';
import { containerOptions, CONTAINER_FLAGS } from './run-options.ts';

/** `explain`: the plan of what `run` with the same words would do. */
export const explain: Verb = {
  flags: {
    ...CONTAINER_FLAGS,
    format: { kind: 'text', value: 'FORMAT', does: 'text or json' },
    bundle: { kind: 'text', short: 'b', value: 'DIR', does: 'Explain an OCI bundle in place of an image' },
  },
  args: [0, Infinity],
  stop: true,
  act: async (call) => {
    try {
      const { plan, warnings } = await lowered(call);
      for (const warning of warnings) warn(call.io, warning);
      print(
        call.io,
        call.flags.text('format') === 'json' ? JSON.stringify(planAsJson(plan), undefined, 2) : printPlan(plan),
      );
      return 0;
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};

async function lowered(call: Call): Promise<{ plan: Plan; warnings: readonly string[] }> {
  const [imageName, ...command] = call.args;
  const bundle = call.flags.text('bundle');
  if ((imageName === undefined) === (bundle === undefined)) {
    throw new Fault('invalid', 'explain: name an image, or a bundle with --bundle', { facts: { usage: true } });
  }
  if (bundle !== undefined) return explainBundle(resolve(bundle), 'new', readHostFacts());
  const options = containerOptions(call.flags, command, call.io.env);
  const engine = await call.engine();
  return compileForExplain(engine, await localOrPulled(engine, imageName ?? '', call), options);
}
