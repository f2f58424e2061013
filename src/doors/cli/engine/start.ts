import { loadForStart } from '#engine/cdi/needed.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { isContainerUp } from '#engine/container/list.ts';
import { settle } from '#engine/container/reconcile.ts';
import { startContainer } from '#engine/container/start.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { usage } from '#doors/cli/flags.ts';
import { warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { ended, joinContainer } from './attach.ts';
import { runAttached } from './attached.ts';
import { DETACH_KEYS_FLAG, parseDetachKeys } from './detach-keys.ts';
import { CHOICE_FLAGS, forChosen } from './chosen.ts';
import { given } from './run-options.ts';
import { SDNOTIFY_FLAG, sdnotifyMode, serviceOf } from './service-options.ts';

/** `start`: run existing containers again. */
export const start: Verb = {
  flags: {
    ...CHOICE_FLAGS,
    attach: { kind: 'switch', short: 'a', does: 'Stay with it, its output here' },
    'detach-keys': DETACH_KEYS_FLAG,
    interactive: { kind: 'switch', short: 'i', does: 'Feed it standard input' },
    sdnotify: SDNOTIFY_FLAG,
  },
  args: [0, Infinity],
  act: async (call) => {
    const attach = call.flags.on('attach') || call.flags.on('interactive');
    if (!attach)
      return forChosen(
        call,
        isDown,
        (engine, record) =>
          startContainer(engine, record.id, {
            warn: (text) => warn(call.io, text),
            ...given('service', serviceOf(call.io.env, record.options, sdnotifyMode(call.flags))),
          }),
        loadForStart,
      );
    if (call.args.length === 0) throw usage('at least 1 container must be named');
    if (call.args.length > 1) throw usage('you cannot start and attach multiple containers at once');
    try {
      return await startAndStay(call);
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};

const isDown = (engine: Engine, record: ContainerRecord): boolean => !isContainerUp(engine, record);

async function startAndStay({ args: [name = ''], flags, io, engine: open }: Call): Promise<number> {
  const detachKeys = parseDetachKeys(flags.text('detach-keys'));
  const engine = await open();
  const record = engine.containers.find(name);
  const { tty, interactive, stdinOnce } = record.options;
  const options = {
    tty,
    launcher: engine.launcher.binary,
    interactive: flags.on('interactive') && interactive,
    detachKeys,
    closeInput: stdinOnce !== false,
    proxySignals: true,
    ...given('service', serviceOf(io.env, record.options, sdnotifyMode(flags))),
  };
  const running = isContainerUp(engine, record);
  const end = running
    ? await joinContainer(engine, record, io, options)
    : await runAttached(engine, record.id, options, io);
  await settle(engine, record.id);
  return ended(io, end);
}
