import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { failureFault } from './failure.ts';
import { parseReport } from './report.ts';

/** Two trees to be compared. Each is a stack of directories, top first, named relative to `base` and short. */
export interface TreePair {
  base: string;
  upper: readonly string[];
  /** Empty: everything in the upper tree is new. */
  lower: readonly string[];
  /** The upper tree, one directory, lies over the lower one in overlay form; else it is all there is to see. */
  over: boolean;
}

export interface PackRequest extends TreePair {
  /**
   * A plain archive; a layer, with marks of what is deleted; an archive of one tree in overlay form, its marks as they are;
   * or a list of names, `A`, `C` or `D` before each, NUL after.
   */
  form: 'archive' | 'layer' | 'marks' | 'names';
  /** Absolute path of an empty directory, to mount stacks on in a namespace that nobody else sees. */
  point: string;
  /** Paths in the tree, without a slash in front, that are left out with all below them. */
  skip?: readonly string[];
}

const FORMS = { archive: 'a', layer: 'l', marks: 'm', names: 'n' } as const;

/**
 * What the upper tree holds and the lower one does not; see the `pack` role in docs/plan.md. Throws a fault whose facts
 * name errno and path when it comes to no good end: what was given until then is no whole archive.
 */
export async function* packTree(binary: string, request: PackRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const { base, upper, lower, over, form, point, skip = [] } = request;
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Readable } = process.getBuiltinModule('node:stream');
  const directory = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
  const what = [`${FORMS[form]}${over ? 'o' : 'w'}`, upper.join(':'), lower.join(':'), point];
  const child = spawn(binary, ['pack', '3', '4', ...what, ...skip], {
    stdio: ['ignore', 'pipe', 'inherit', directory, 'pipe'],
    env: {},
  });
  closeSync(directory);
  const [output, report] = [child.stdout, child.stdio[4]];
  if (output === null || !(report instanceof Readable))
    throw new Fault('internal', 'start the packer: it has no pipes');
  const doing = `read ${join(base, upper[0] ?? '')}`;
  const reported: Buffer[] = [];
  report.on('data', (chunk: Buffer) => reported.push(chunk));
  const told = new Promise<void>((resolve) => void report.once('close', resolve).once('end', resolve));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (code === 0) resolve();
      else reject(failureFault(doing, { code, signal, records: parseReport(Buffer.concat(reported)) }));
    };
    // Bun does not wait for further pipes.
    child.once('close', (code, signal) => void told.then(() => end(code, signal)));
  });
  ended.catch(() => undefined); // heard below
  try {
    yield* output as AsyncIterable<Uint8Array>;
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}
