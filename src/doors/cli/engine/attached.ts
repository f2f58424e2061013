import type { ReportRecord } from '#kernel/report.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import type { MonitorConnection, MonitorEvents } from '#engine/monitor/connection.ts';
import type { Service } from '#engine/container/service.ts';
import { startAttached, type StartWords } from '#engine/container/start.ts';
import { flushed, warn, type Io } from '#doors/cli/io.ts';
import type { StreamName } from './attached-streams.ts';
import { rawMode } from './raw-mode.ts';
import { feedInput, type InputOptions } from './session-input.ts';
import { atTerminal, forwarding, listen } from './session-signals.ts';

export interface AttachOptions extends InputOptions {
  interactive: boolean;
  /** The launcher's executable, which knows terminals. */
  launcher: string;
  /** Signals that we get are the container's; never so with a terminal, as docker has it. */
  proxySignals: boolean;
  /** Streams that are attached; all where it is left out. */
  streams?: readonly StreamName[];
  service?: Service;
}

/** How a session ended: with the container's status, or without it while the container goes on. */
export type SessionEnd = { kind: 'exited'; code: number } | { kind: 'detached' } | { kind: 'left'; code: number };

/** 128 and SIGPIPE, which is what a reader that goes away sends to other programs. */
const NO_READER: SessionEnd = { kind: 'left', code: 141 };

/** 128 and SIGHUP: the terminal has gone. */
const HUNG_UP: SessionEnd = { kind: 'left', code: 129 };

/** Starts a container and lives its life at this terminal. */
export async function runAttached(engine: Engine, id: string, options: AttachOptions, io: Io): Promise<SessionEnd> {
  const session = openSession(options, io);
  const size = options.tty ? windowSize(io) : {};
  const { service } = options;
  const request = { warn: (text: string) => warn(io, text), ...size, ...(service === undefined ? {} : { service }) };
  const { connection, words } = await startAttached(engine, id, request, session.events);
  const end = await session.live(connection, words);
  const record = end.kind === 'detached' ? engine.containers.get(id) : undefined;
  if (record !== undefined) noteContainer(engine, record, 'detach');
  return end;
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
  const { interactive, streams } = options;
  let [connected, isStarted]: [MonitorConnection | undefined, boolean] = [undefined, false];
  let early: SessionEnd | undefined;
  const leave = (end: SessionEnd): void => {
    early ??= end;
    connected?.close();
  };
  const outputs = sessionOutputs(
    io,
    () => connected?.resume(),
    () => leave(NO_READER),
  );
  const feed = (): void => {
    if (connected === undefined || !isStarted || !interactive) return;
    const connection = connected;
    const terminal = io.stdin.isTTY === true;
    feedInput(io, connection, options, {
      detach: () => leave({ kind: 'detached' }),
      ended: () => {
        // A terminal has no end but its own; of one whose output is not attached, nothing more is to be seen.
        if (options.tty && terminal) leave(HUNG_UP);
        else if (outputless(options)) void connection.finish().then(() => leave({ kind: 'left', code: 0 }));
      },
    });
  };
  return {
    events: {
      output: (stream, data) => (streams?.includes(stream) === false ? true : outputs.pass(stream, data)),
      warned: (record) => warnings.push(record),
      started: () => {
        isStarted = true;
        feed();
      },
    },
    live: async (connection, words) => {
      connected = connection;
      if (early !== undefined) connection.close();
      feed();
      const undo = takeOver(options, io, connection, (code) => leave({ kind: 'left', code }));
      try {
        const end = await connection.end;
        for (const record of warnings) warn(io, await words.warning(record));
        if (end.kind === 'exited') return { kind: 'exited', code: end.status.code };
        if (early !== undefined) return early;
        throw await words.fault(end.kind === 'failed' ? end.record : undefined);
      } finally {
        undo();
        if (interactive) io.stdin.pause().unref?.();
        if (early === undefined) await outputs.flushed();
        connection.close();
      }
    },
  };
}

/** Neither output is attached. */
export const outputless = ({ streams }: Pick<AttachOptions, 'streams'>): boolean =>
  streams !== undefined && !streams.includes('stdout') && !streams.includes('stderr');

/** Signals and the terminal's mode; the result gives them back. */
function takeOver(
  options: AttachOptions,
  io: Io,
  connection: MonitorConnection,
  leave: (status: number) => void,
): () => void {
  if (!options.tty) return options.proxySignals ? listen(forwarding(connection)) : () => undefined;
  const mode = options.interactive ? rawMode(io, options.launcher) : { enter: () => undefined, leave: () => undefined };
  const resize = (): void => {
    const { size } = windowSize(io);
    if (size !== undefined) connection.resize(size.rows, size.columns);
  };
  const undo = listen(atTerminal({ mode, resize, leave }));
  return () => {
    undo();
    mode.leave();
  };
}

interface Outputs {
  /** False when the stream takes no more for now. */
  pass(stream: 'stdout' | 'stderr', data: Buffer): boolean;
  flushed(): Promise<unknown>;
}

function sessionOutputs(io: Io, resume: () => void, broken: () => void): Outputs {
  const used = new Set<NodeJS.WriteStream>();
  return {
    pass: (name, data) => {
      const stream = io[name];
      if (!used.has(stream)) stream.once('error', broken);
      used.add(stream);
      if (stream.write(data)) return true;
      stream.once('drain', resume);
      return false;
    },
    flushed: () => Promise.all([...used].map((stream) => flushed(stream))),
  };
}

export function windowSize(io: Io): { size?: { rows: number; columns: number } } {
  return io.stdout.isTTY === true ? { size: { rows: io.stdout.rows, columns: io.stdout.columns } } : {};
}
