import { closeSync, constants, openSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { failureFault } from './failure.ts';
import { reportFrom } from './report-stream.ts';
import type { Ended } from './spawn.ts';

/** One object of a directory, and what the archive calls it. */
export interface PackedObject {
  name: string;
  as: string;
}

/**
 * The tree below a directory as a tar archive; see the `pack` role in docs/plan.md. Throws a fault whose facts name
 * errno and path when it comes to no good end: what was given until then is no whole archive.
 */
export async function* packTree(
  binary: string,
  tree: string,
  only?: PackedObject,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Readable } = process.getBuiltinModule('node:stream');
  const directory = openSync(tree, constants.O_RDONLY | constants.O_DIRECTORY);
  const child = spawn(binary, ['pack', '3', ...(only === undefined ? [] : [only.name, only.as]), '4'], {
    stdio: ['ignore', 'pipe', 'inherit', directory, 'pipe'],
    env: {},
  });
  closeSync(directory);
  const [output, report] = [child.stdout, child.stdio[4]];
  if (output === null || !(report instanceof Readable))
    throw new Fault('internal', 'start the packer: it has no pipes');
  const records = reportFrom(report);
  const closed = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const ended = closed.then(async ({ code, signal }) => {
    if (code !== 0) throw failureFault(`pack ${tree}`, { code, signal, records: await records });
  });
  ended.catch(() => undefined); // heard below
  try {
    yield* output as AsyncIterable<Uint8Array>;
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}
