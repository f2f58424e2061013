import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { failureFault } from './failure.ts';
import { reportFrom } from './report-stream.ts';
import type { Ended } from './spawn.ts';

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
export function packTree(binary: string, request: PackRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const { base, upper, lower, over, form, point, skip = [] } = request;
  const what = [`${FORMS[form]}${over ? 'o' : 'w'}`, upper.join(':'), lower.join(':'), point, ...skip];
  return packed(binary, base, what, `read ${join(base, upper[0] ?? '')}`);
}

/** One object of a directory, and what the archive calls it. */
export interface PackedObject {
  name: string;
  as: string;
}

/** The same of one object in a directory: a link is a link. */
export function packOne(
  binary: string,
  directory: string,
  { name, as }: PackedObject,
): AsyncGenerator<Uint8Array, void, undefined> {
  return packed(binary, directory, ['ae', name, as, '/'], `read ${join(directory, name)}`);
}

async function* packed(
  binary: string,
  base: string,
  what: readonly string[],
  doing: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Readable } = process.getBuiltinModule('node:stream');
  const directory = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
  const child = spawn(binary, ['pack', '3', '4', ...what], {
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
    if (code !== 0) throw failureFault(doing, { code, signal, records: await records });
  });
  ended.catch(() => undefined); // heard below
  try {
    yield* output as AsyncIterable<Uint8Array>;
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}
