import { loadForStart } from '#engine/cdi/needed.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { parseRestartPolicy } from '#engine/container/restart-policy.ts';
import { updateContainer } from '#engine/container/update.ts';
import { updateRestart } from '#engine/container/update-restart.ts';
import type { Engine } from '#engine/engine.ts';
import { usage } from '#doors/cli/flags.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';
import { resourceChanges, UPDATE_FLAGS } from './resource-options.ts';

/** `update`: other limits for a container, or another restart policy, running or not. */
export const update: Verb = {
  flags: {
    ...UPDATE_FLAGS,
    restart: { kind: 'text', value: 'POLICY', does: 'no, on-failure[:N], always or unless-stopped' },
  },
  args: [1, Infinity],
  act: (call) => {
    const policy = call.flags.text('restart');
    const restart = parseRestartPolicy(policy ?? 'no');
    const hasLimits = Object.keys(UPDATE_FLAGS).some((flag) => call.flags.text(flag) !== undefined);
    if (!hasLimits && policy === undefined) {
      throw usage('you must provide one or more flags when using this command');
    }
    const changes = resourceChanges(call.flags);
    const change = async (engine: Engine, record: ContainerRecord): Promise<void> => {
      if (hasLimits) await updateContainer(engine, record, changes, (text) => warn(call.io, text));
      if (policy !== undefined) await updateRestart(engine, record, restart);
    };
    // The plan of one that is up is made anew.
    return forEachContainer(call, change, loadForStart);
  },
};
