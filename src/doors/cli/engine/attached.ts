import { constants } from 'node:os';
import type { ReportRecord } from '#kernel/report.ts';
import type { Engine } from '#engine/engine.ts';
import type { MonitorConnection, MonitorEvents } from '#engine/monitor/connection.ts';
import type { Service } from '#engine/container/service.ts';
import { startAttached, type StartWords } from '#engine/container/start.ts';
import { flushed, warn, type Io } from '#doors/cli/io.ts';
import { detachFilter } from './detach-keys.ts';

export interface AttachOptions {
  tty: boolean;
  interactive: boolean;
  /** Bytes that leave the container running and end the session. */
  detachKeys: readonly number[];
  /** Close the container's input at the end of ours. */
  closeInput: boolean;
  /** Signals that we get are the container's. */
  proxySignals: boolean;
  service?: Service;
}

/** Signals that reach the container's first process in place of ours. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
];

/** How a session ended: with the container's status, or without it. */
export type SessionEnd = { kind: 'exited'; code: number } | { kind: 'detached' };

/** Starts a container and lives its life at this terminal. */
export async function runAttached(engine: Engine, id: string, options: AttachOptions, io: Io): Promise<SessionEnd> {
  const session = openSession(options, io);
  const size = options.tty ? windowSize(io) : {};
  const { service } = options;
  const request = { warn: (text: string) => warn(io, text), ...size, ...(service === undefined ? {} : { service }) };
  const { connection, words } = await startAttached(engine, id, request, session.events);
  return session.live(connection, words);
}

export interface Session {
  /** Given to the connection when it is made. */
  events: MonitorEvents;
  /**
   * Output through, input in, signals forwarded, window sizes followed, until the end; the terminal is then as it was
   * before, whatever happened.
   */
  live(connection: MonitorConnection, words: StartWords): Promise<SessionEnd>;
}

export function openSession(options: AttachOptions, io: Io): Session {
  const warnings: ReportRecord[] = [];
  const used = new Set<'stdout' | 'stderr'>();
  let [connected, isStarted, detached]: [MonitorConnection | undefined, boolean, boolean] = [undefined, false, false];
  const feed = (): void => {
    if (connected === undefined || !isStarted || !options.interactive) return;
    const connection = connected;
    feedInput(io, connection, options, () => {
      detached = true;
      connection.close();
    });
  };
  return {
    events: {
      output: (stream, data) => {
        used.add(stream);
        return pass(io[stream], data, () => connected?.resume());
      },
      warned: (record) => warnings.push(record),
      started: () => {
        isStarted = true;
        feed();
      },
    },
    live: async (connection, words) => {
      connected = connection;
      feed();
      const restore = rawMode(options, io);
      const undo = options.proxySignals ? forwardSignals(connection, options, io) : () => undefined;
      try {
        const end = await connection.end;
        for (const record of warnings) warn(io, await words.warning(record));
        if (end.kind === 'exited') return { kind: 'exited', code: end.status.code };
        if (detached) return { kind: 'detached' };
        throw await words.fault(end.kind === 'failed' ? end.record : undefined);
      } finally {
        undo();
        restore();
        if (options.interactive) io.stdin.pause().unref?.();
        await Promise.all([...used].map((stream) => flushed(io[stream])));
        connection.close();
      }
    },
  };
}

/** Keys go to the container as they are typed. The result takes that back; an exit of this process does, too. */
function rawMode(options: AttachOptions, io: Io): () => void {
  if (!options.tty || !options.interactive || io.stdin.isTTY !== true) return () => undefined;
  const restore = (): void => void io.stdin.setRawMode(false);
  io.stdin.setRawMode(true);
  process.once('exit', restore);
  return () => {
    process.off('exit', restore);
    restore();
  };
}

function pass(stream: NodeJS.WriteStream, data: Buffer, resume: () => void): boolean {
  if (stream.write(data)) return true;
  stream.once('drain', resume);
  return false;
}

export function windowSize(io: Io): { size?: { rows: number; columns: number } } {
  return io.stdout.isTTY === true ? { size: { rows: io.stdout.rows, columns: io.stdout.columns } } : {};
}

/** Standard input to the container; at its end the container's is closed too, and output goes on. */
function feedInput(io: Io, connection: MonitorConnection, options: AttachOptions, detach: () => void): void {
  const filter = options.tty ? detachFilter(options.detachKeys) : undefined;
  const give = (data: Uint8Array): void => {
    if (connection.stdin(data)) return;
    io.stdin.pause();
    connection.onDrain(() => io.stdin.resume());
  };
  const take = (data: Buffer | string): void => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (filter === undefined) return give(bytes);
    const { pass: kept, detached } = filter(bytes);
    if (kept.length > 0) give(kept);
    if (!detached) return;
    io.stdin.off('data', take);
    detach();
  };
  const close = (): void => {
    if (options.closeInput) connection.closeStdin();
  };
  io.stdin.on('data', take);
  io.stdin.once('end', close);
  io.stdin.once('error', close);
}

/** With a terminal of its own, keys arrive as bytes and only the window's size is told by a signal. */
function forwardSignals(connection: MonitorConnection, options: AttachOptions, io: Io): () => void {
  const listeners = new Map<NodeJS.Signals, () => void>();
  for (const signal of FORWARDED) listeners.set(signal, () => connection.signal(constants.signals[signal]));
  if (options.tty) {
    listeners.set('SIGWINCH', () => {
      const { size } = windowSize(io);
      if (size !== undefined) connection.resize(size.rows, size.columns);
    });
  }
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
