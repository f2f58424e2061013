import { constants } from 'node:os';
import type { ReportRecord } from '#kernel/report.ts';
import type { Engine } from '#engine/engine.ts';
import { startAttached, type Attached } from '#engine/container/start.ts';
import { flushed, warn, type Io } from '#doors/cli/io.ts';

export interface AttachOptions {
  tty: boolean;
  interactive: boolean;
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

/**
 * Starts a container and lives its life at this terminal: output through, input in, signals forwarded, window sizes
 * followed. Resolves to its exit status; the terminal is as it was before.
 */
export async function runAttached(engine: Engine, id: string, options: AttachOptions, io: Io): Promise<number> {
  const raw = options.tty && options.interactive && io.stdin.isTTY === true;
  const warnings: ReportRecord[] = [];
  const used = new Set<'stdout' | 'stderr'>();
  const attached: Attached = await startAttached(
    engine,
    id,
    { warn: (text) => warn(io, text), ...(options.tty ? windowSize(io) : {}) },
    {
      output: (stream, data) => {
        used.add(stream);
        return pass(io[stream], data, () => attached.connection.resume());
      },
      warned: (record) => warnings.push(record),
      started: () => {
        if (options.interactive) feedInput(io, attached);
      },
    },
  );
  if (raw) io.stdin.setRawMode(true);
  const undo = forwardSignals(attached, options, io);
  try {
    const end = await attached.connection.end;
    for (const record of warnings) warn(io, await attached.words.warning(record));
    if (end.kind === 'exited') return end.status.code;
    throw await attached.words.fault(end.kind === 'failed' ? end.record : undefined);
  } finally {
    undo();
    if (raw) io.stdin.setRawMode(false);
    if (options.interactive) io.stdin.pause().unref?.();
    await Promise.all([...used].map((stream) => flushed(io[stream])));
    attached.connection.close();
  }
}

function pass(stream: NodeJS.WriteStream, data: Buffer, resume: () => void): boolean {
  if (stream.write(data)) return true;
  stream.once('drain', resume);
  return false;
}

function windowSize(io: Io): { size?: { rows: number; columns: number } } {
  return io.stdout.isTTY === true ? { size: { rows: io.stdout.rows, columns: io.stdout.columns } } : {};
}

/** Standard input to the container; at its end the container's is closed too, and output goes on. */
function feedInput(io: Io, { connection }: Attached): void {
  io.stdin.on('data', (data: Buffer | string) => {
    if (connection.stdin(typeof data === 'string' ? Buffer.from(data) : data)) return;
    io.stdin.pause();
    connection.onDrain(() => io.stdin.resume());
  });
  io.stdin.once('end', () => connection.closeStdin());
  io.stdin.once('error', () => connection.closeStdin());
}

/** With a terminal of its own, keys arrive as bytes and only the window's size is told by a signal. */
function forwardSignals({ connection }: Attached, options: AttachOptions, io: Io): () => void {
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
