import type { MonitorConnection } from '#engine/monitor/connection.ts';
import type { Io } from '#doors/cli/io.ts';
import { detachFilter } from './detach-keys.ts';

export interface InputOptions {
  tty: boolean;
  /** Bytes that leave the container running and end the session. */
  detachKeys: readonly number[];
  /** Close the container's input at the end of ours. */
  closeInput: boolean;
}

export interface InputEvents {
  /** The keys were seen. */
  detach(): void;
  /** All of it has been handed on. */
  ended(): void;
}

/** Standard input to the container; at its end the container's is closed too, and output goes on. */
export function feedInput(io: Io, connection: MonitorConnection, options: InputOptions, events: InputEvents): void {
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
    events.detach();
  };
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    if (options.closeInput) connection.closeStdin();
    events.ended();
  };
  io.stdin.on('data', take);
  io.stdin.once('end', close);
  io.stdin.once('error', close);
}
