import { createHash, type Hash } from 'node:crypto';
import { Fault } from '#base/fault.ts';
import type { FileStep } from '#kernel/plan.ts';
import { checkMagic, decompress, type Compression } from '#store/archive/decompress.ts';
import { LayerSteps } from '#store/archive/layer-steps.ts';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
import { StepQueue } from '#store/archive/step-queue.ts';
import { TarReader } from '#store/archive/tar-reader.ts';
import type { Tree, TreeFact } from './tree-facts.ts';

export interface ExpectedTree {
  tree: Tree;
  /** Undefined when the layer does not list it: then it is as in the layer below. */
  root: { mode: number; uid: number; gid: number } | undefined;
}

const KINDS: Readonly<Record<number, string>> = { 0o020000: 'character', 0o060000: 'block', 0o010000: 'fifo' };
const TYPE = 0o170000;
/** Of what has no time of its own. */
const ANY_TIME = Infinity;

/**
 * What unpacking a layer would give, without a file being made: most layers are right, and making files is what takes
 * time. Undefined for what this does not follow (an
 * entry twice, holes, directories that are not listed): then, as after any difference, unpacking it
 * decides. Throws `cancelled`; damaged data is left to unpacking as well.
 */
export async function expectedTree(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ExpectedTree | undefined> {
  const collector = new StepCollector();
  const steps = new LayerSteps(collector, { mapped: hasMappedUsers() });
  const reader = new TarReader(steps);
  let size = 0;
  const sink = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) {
      if (signal?.aborted === true) throw new Fault('cancelled', 'verify', { cause: signal.reason });
      size += chunk.length;
      if (size > limit) throw new Fault('corrupt', `the layer has more than ${limit} bytes`);
      reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
  };
  await decompress(checkMagic(source, compression), compression, sink);
  reader.finish();
  steps.finish(false);
  // What a layer leaves to those below it needs them.
  return steps.implied().some(({ path }) => path !== '') ? undefined : collector.result();
}

type Attributes = Pick<Extract<FileStep, { op: 'file' }>, 'mode' | 'uid' | 'gid' | 'mtimeSec' | 'xattrs'>;

/** Takes the steps that would go to the launcher. */
class StepCollector extends StepQueue {
  readonly #tree: Tree = new Map();
  #root: ExpectedTree['root'];
  #isSure = true;
  #open: { fact: TreeFact; hash: Hash; done: number } | undefined;

  override step(step: FileStep): void {
    if (step.op === 'data') this.data(Number(step.offset), step.bytes);
    else {
      this.#close();
      this.#take(step);
    }
  }

  override data(offset: number, bytes: Uint8Array): void {
    const file = this.#open;
    if (file === undefined || file.done !== offset) this.#isSure = false;
    file?.hash.update(bytes);
    if (file !== undefined) file.done += bytes.length;
  }

  result(): ExpectedTree | undefined {
    this.#close();
    for (const fact of this.#tree.values()) fact.names.sort();
    return this.#isSure ? { tree: this.#tree, root: this.#root } : undefined;
  }

  #close(): void {
    const file = this.#open;
    if (file === undefined) return;
    if (file.done !== file.fact.size) this.#isSure = false;
    file.fact.content = file.hash.digest('base64');
    this.#open = undefined;
  }

  #take(step: Exclude<FileStep, { op: 'data' }>): void {
    switch (step.op) {
      case 'file': {
        const fact = this.#add(step.path, { ...factOf('file', step), size: Number(step.size) });
        this.#open = { fact, hash: createHash('sha256'), done: 0 };
        return;
      }
      case 'directory':
        return this.#directory(step.path, step);
      case 'symlink':
        return void this.#add(step.path, { ...factOf('symlink', { ...step, mode: 0o777 }), link: step.target });
      case 'node': {
        const kind = KINDS[step.mode & TYPE] ?? '';
        return void this.#add(step.path, {
          ...factOf(kind, step),
          device: kind === 'fifo' ? '' : `${step.major}:${step.minor}`,
        });
      }
      case 'hardlink':
        return this.#link(step.path, step.target);
      case 'whiteout':
        return void this.#add(step.path, { ...factOf('character', PLAIN), mode: 0, device: '0:0' });
      case 'opaque':
        return this.#opaque(step.path);
      // Of copies into containers alone, and of the stream itself.
      case 'keepKinds':
      case 'end':
    }
  }

  #add(path: string, fact: TreeFact): TreeFact {
    if (this.#tree.has(path)) this.#isSure = false;
    this.#parents(path);
    fact.names.push(path);
    this.#tree.set(path, fact);
    return fact;
  }

  /** Those that are not listed are made on the way. */
  #parents(path: string): void {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const known = this.#tree.get(parent);
      if (known === undefined) this.#tree.set(parent, { ...factOf('directory', PLAIN), names: [parent] });
      else if (known.kind !== 'directory') this.#isSure = false;
    }
  }

  #directory(path: string, attributes: Attributes): void {
    if (path === '.') {
      this.#root = { mode: attributes.mode & 0o7777, uid: attributes.uid, gid: attributes.gid };
      return;
    }
    const known = this.#tree.get(path);
    if (known?.kind !== 'directory' || known.xattrs !== '') this.#add(path, factOf('directory', attributes));
    else Object.assign(known, { ...factOf('directory', attributes), names: known.names });
  }

  #link(path: string, target: string): void {
    const fact = this.#tree.get(target);
    if (fact === undefined || this.#tree.has(path)) this.#isSure = false;
    if (fact === undefined) return;
    this.#parents(path);
    fact.names.push(path);
    this.#tree.set(path, fact);
  }

  #opaque(path: string): void {
    if (path === '.') return;
    if (!this.#tree.has(path)) this.#directory(path, PLAIN);
    const fact = this.#tree.get(path);
    if (fact === undefined) return;
    this.#parents(path);
    const mark = `${hasMappedUsers() ? 'user' : 'trusted'}.overlay.opaque=79`;
    fact.xattrs = [...fact.xattrs.split(',').filter(Boolean), mark].sort().join();
  }
}

const PLAIN: Attributes = { mode: 0o755, uid: 0, gid: 0, mtimeSec: ANY_TIME, xattrs: [] };

function factOf(kind: string, { mode, uid, gid, mtimeSec, xattrs = [] }: Attributes): TreeFact {
  const pairs = xattrs.flatMap((name, at) => (at % 2 === 0 ? [`${name}=${xattrs[at + 1] ?? ''}`] : []));
  return {
    kind,
    mode: mode & 0o7777,
    owner: `${uid}:${gid}`,
    size: 0,
    mtime: Number(mtimeSec),
    link: '',
    device: '',
    xattrs: pairs.sort().join(),
    content: '',
    names: [],
  };
}
