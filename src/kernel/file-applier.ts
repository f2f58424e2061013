import { closeSync, constants, openSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { failureFault } from './failure.ts';
import { parseReport } from './report.ts';

/** A stream of encoded file steps into one directory; see the `apply` role in docs/plan.md. */
export interface FileApplier {
  /** Resolves when more may be written. Rejects with the launcher's own failure once it has failed. */
  write(chunk: Uint8Array): Promise<void>;
  /** Closes the stream and waits for the launcher; rejects with a fault whose facts name errno and path. */
  end(): Promise<void>;
  /** Kills the launcher; what was written stays. */
  abort(): void;
}

/** Starts the `apply` role of `binary` on a directory. Loads the two modules here: every start of a container would pay for them. */
export function openFileApplier(binary: string, target: string): FileApplier {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Readable } = process.getBuiltinModule('node:stream');
  const directory = openSync(target, constants.O_RDONLY | constants.O_DIRECTORY);
  const child = spawn(binary, ['apply', '3', '4'], {
    // A pipe for the report, since a file would be lost on the full disk that it is to tell of.
    stdio: ['pipe', 'ignore', 'inherit', directory, 'pipe'],
    env: {},
  });
  closeSync(directory);
  const input = child.stdin;
  const report = child.stdio[4];
  if (input === null || !(report instanceof Readable))
    throw new Fault('internal', 'start the unpacker: it has no pipes');
  const reported: Buffer[] = [];
  report.on('data', (chunk: Buffer) => reported.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const records = parseReport(Buffer.concat(reported));
      if (code === 0) resolve();
      else reject(failureFault(`unpack into ${target}`, { code, signal, records }));
    });
  });
  ended.catch(() => undefined); // the caller hears it from write or end
  // A launcher that has failed closes the pipe; its own words are better than EPIPE.
  input.on('error', () => undefined);
  // One listener for all writes: a promise that each write is raced with would remember every one of them.
  let wake = (): void => undefined;
  let closed = false;
  input.on('drain', () => wake());
  child.once('close', () => {
    closed = true;
    wake();
  });
  return {
    write: async (chunk) => {
      if (input.destroyed || child.exitCode !== null || closed) {
        await ended;
        throw new Fault('internal', `unpack into ${target}: written to after its end`);
      }
      if (!input.write(chunk)) await new Promise<void>((resolve) => (wake = resolve));
      if (closed) await ended;
    },
    end: async () => {
      input.end();
      await ended;
    },
    abort: () => void child.kill('SIGKILL'),
  };
}
