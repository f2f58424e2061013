import { createContainer } from '#engine/container/create.ts';
import { discardContainer } from '#engine/container/discard.ts';
import { startContainer } from '#engine/container/start.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { runAttached } from './attach.ts';
import { localOrPulled } from './image-for-run.ts';
import { containerOptions, declareContainerOptions } from './run-options.ts';
import { settle } from '#engine/container/reconcile.ts';

/** `run`: create, start, and unless detached stay with it until its end. */
export const run: Verb = {
  configure: (command) => {
    declareContainerOptions(command);
    command
      .option('-d, --detach', 'Run it in the background and print its id')
      .option('--pull <POLICY>', 'always, missing or never', 'missing');
    command.argument('<image>').argument('[command...]');
  },
  act: async (call) => {
    try {
      return await runImage(call);
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};

async function runImage(call: Call): Promise<number> {
  const [imageName = '', ...command] = call.args;
  const options = containerOptions(call.options, command, call.io.env);
  const engine = await call.engine();
  const image = await localOrPulled(engine, imageName, call);
  const name = call.options['name'] as string | undefined;
  const record = await createContainer(engine, {
    image,
    imageName,
    options,
    keepOwnership: true,
    ...(name === undefined ? {} : { name }),
  });
  try {
    if (call.options['detach'] === true) {
      await startContainer(engine, record.id, { warn: (text) => warn(call.io, text) });
      print(call.io, record.id);
      return 0;
    }
    const status = await runAttached(engine, record.id, options, call.io);
    await settle(engine, record.id);
    return status;
  } catch (error) {
    if (options.autoRemove && engine.containers.get(record.id) !== undefined) await discardContainer(engine, record);
    throw error;
  }
}
