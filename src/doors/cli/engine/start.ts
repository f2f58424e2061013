import { startContainer } from '#engine/container/start.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { runAttached } from './attach.ts';
import { forEachContainer } from './each.ts';
import { settle } from '#engine/container/reconcile.ts';

/** `start`: run existing containers again. */
export const start: Verb = {
  flags: {
    attach: { kind: 'switch', short: 'a', does: 'Stay with it, its output here' },
    interactive: { kind: 'switch', short: 'i', does: 'Feed it standard input' },
  },
  args: [1, Infinity],
  act: async (call) => {
    const attach = call.flags.on('attach') || call.flags.on('interactive');
    if (!attach)
      return forEachContainer(call, (engine, record) =>
        startContainer(engine, record.id, { warn: (text) => warn(call.io, text) }),
      );
    const engine = await call.engine();
    const record = engine.containers.find(call.args[0] ?? '');
    try {
      const interactive = call.flags.on('interactive') && record.options.interactive;
      const status = await runAttached(engine, record.id, { tty: record.options.tty, interactive }, call.io);
      await settle(engine, record.id);
      return status;
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};
