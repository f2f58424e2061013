import { compileForExplain } from '#engine/container/explain.ts';
import { printPlan, planAsJson } from '#runtime/explain/print.ts';
import { complain } from '../cli.ts';
import { runExitStatus } from '../exit-status.ts';
import { print, warn } from '../io.ts';
import type { Verb } from '../verb.ts';
import { localOrPulled } from './image-for-run.ts';
import { containerOptions, declareContainerOptions } from './run-options.ts';

/** `explain`: the plan of what `run` with the same words would do. */
export const explain: Verb = {
  configure: (command) => {
    declareContainerOptions(command);
    command
      .option('--format <FORMAT>', 'text or json', 'text')
      .option('--pull <POLICY>', 'always, missing or never', 'missing');
    command.argument('<image>').argument('[command...]');
  },
  act: async (call) => {
    try {
      const [imageName = '', ...command] = call.args;
      const options = containerOptions(call.options, command, call.io.env);
      const engine = await call.engine();
      const image = await localOrPulled(engine, imageName, call);
      const { plan, warnings } = await compileForExplain(engine, image, options);
      for (const warning of warnings) warn(call.io, warning);
      print(
        call.io,
        call.options['format'] === 'json' ? JSON.stringify(planAsJson(plan), undefined, 2) : printPlan(plan),
      );
      return 0;
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};
