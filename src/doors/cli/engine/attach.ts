import { attachContainer } from '#engine/container/attach.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { noteContainer } from '#engine/event/container.ts';
import { settle } from '#engine/container/reconcile.ts';
import type { Engine } from '#engine/engine.ts';
import type { Io } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { openSession, windowSize, type AttachOptions, type SessionEnd } from './attached.ts';
import { DETACH_KEYS_FLAG, parseDetachKeys } from './detach-keys.ts';

/** `attach`: this terminal's three streams become those of a running container. */
export const attach: Verb = {
  flags: {
    'detach-keys': DETACH_KEYS_FLAG,
    'no-stdin': { kind: 'switch', does: 'Do not feed it standard input' },
    'sig-proxy': { kind: 'switch', does: 'Hand signals on to the container (true)' },
  },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const detachKeys = parseDetachKeys(flags.text('detach-keys'));
    const engine = await open();
    const record = engine.containers.find(name);
    const { tty, interactive, stdinOnce } = record.options;
    return ended(
      io,
      await joinContainer(engine, record, io, {
        tty,
        launcher: engine.launcher.binary,
        interactive: interactive && !flags.on('no-stdin'),
        detachKeys,
        closeInput: stdinOnce !== false,
        proxySignals: flags.text('sig-proxy') !== 'false',
      }),
    );
  },
};

/** Joins a running container until its end or until the detach keys. */
export async function joinContainer(
  engine: Engine,
  record: ContainerRecord,
  io: Io,
  options: AttachOptions,
): Promise<SessionEnd> {
  const session = openSession(options, io);
  const { connection, words } = await attachContainer(engine, record, session.events);
  const { size } = windowSize(io);
  if (options.tty && size !== undefined) connection.resize(size.rows, size.columns);
  const end = await session.live(connection, words);
  if (end.kind === 'detached') noteContainer(engine, record, 'detach');
  await settle(engine, record.id);
  return end;
}

/** The exit status of a session; that the keys were seen is said, as the terminal may show nothing else. */
export function ended(io: Io, end: SessionEnd): number {
  if (end.kind !== 'detached') return end.code;
  io.err('read escape sequence\n');
  return 0;
}
