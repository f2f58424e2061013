import { Fault } from '#base/fault.ts';
import { updateContainer } from '#engine/container/update.ts';
import { usage } from '#doors/cli/flags.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';
import { resourceChanges, UPDATE_FLAGS } from './resource-options.ts';

/** `update`: other limits for a container, running or not. */
export const update: Verb = {
  flags: {
    ...UPDATE_FLAGS,
    restart: { kind: 'text', value: 'POLICY', does: 'Not there yet, and refused' },
  },
  args: [1, Infinity],
  act: (call) => {
    if (call.flags.text('restart') !== undefined) {
      throw new Fault('unsupported', 'read --restart: restart policies are not there yet', { field: '--restart' });
    }
    if (Object.keys(UPDATE_FLAGS).every((flag) => call.flags.text(flag) === undefined)) {
      throw usage('you must provide one or more flags when using this command');
    }
    const changes = resourceChanges(call.flags);
    return forEachContainer(call, (engine, record) =>
      updateContainer(engine, record, changes, (text) => warn(call.io, text)),
    );
  },
};
