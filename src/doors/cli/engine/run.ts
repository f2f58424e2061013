import { startContainer } from '#engine/container/start.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { ended } from './attach.ts';
import { outputless, runAttached, type AttachOptions } from './attached.ts';
import { DETACH_KEYS_FLAG, parseDetachKeys } from './detach-keys.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import { createFromCall } from './create.ts';
import { REFUSED_OPTIONS } from './refused-options.ts';
import { CONTAINER_FLAGS, given } from './run-options.ts';
import { serviceOf } from './service-options.ts';
import { giveUp, settle } from '#engine/container/reconcile.ts';

/** `run`: create, start, and unless detached stay with it until its end. */
export const run: Verb = {
  flags: {
    ...CONTAINER_FLAGS,
    detach: { kind: 'switch', short: 'd', does: 'Run it in the background and print its id' },
    'detach-keys': DETACH_KEYS_FLAG,
    'sig-proxy': { kind: 'switch', does: 'Hand signals on to the container (true)' },
  },
  refused: REFUSED_OPTIONS,
  args: [1, Infinity],
  stop: true,
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
  const detachKeys = parseDetachKeys(call.flags.text('detach-keys'));
  const proxySignals = call.flags.text('sig-proxy') !== 'false';
  const { engine, record } = await createFromCall(call, { keepOwnership: true });
  const { options } = record;
  const service = given('service', serviceOf(call.io.env, options));
  try {
    if (call.flags.on('detach')) {
      await startContainer(engine, record.id, { warn: (text) => warn(call.io, text), ...service });
      print(call.io, record.id);
      return 0;
    }
    const session = {
      ...sessionOf(options),
      launcher: engine.launcher.binary,
      detachKeys,
      closeInput: true,
      proxySignals,
      ...service,
    };
    if (outputless(session)) print(call.io, record.id);
    const end = await runAttached(engine, record.id, session, call.io);
    await settle(engine, record.id);
    return ended(call.io, end);
  } catch (error) {
    await (options.autoRemove ? giveUp(engine, record.id) : settle(engine, record.id));
    throw error;
  }
}

/** What of the terminal is attached: all of it, or what `-a` names. */
function sessionOf({
  tty,
  interactive,
  attach,
}: ContainerOptions): Pick<AttachOptions, 'tty' | 'interactive' | 'streams'> {
  return attach === undefined
    ? { tty, interactive }
    : { tty, interactive: interactive && attach.includes('stdin'), streams: attach };
}
