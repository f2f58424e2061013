import { Fault, isFault } from '#base/fault.ts';
import type { FileApplier } from '#kernel/file-applier.ts';
import type { Implied, Launcher } from '#kernel/launcher.ts';
import { asCorrupt, checkMagic, decompress, type Compression } from '#store/archive/decompress.ts';
import { LayerSteps } from '#store/archive/layer-steps.ts';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
import { StepQueue } from '#store/archive/step-queue.ts';
import { TarReader } from '#store/archive/tar-reader.ts';
import { Digester, type Digest } from '#store/digest.ts';
import { asDiskFault } from '#store/disk-fault.ts';

export interface UnpackRequest {
  /** Compressed bytes, verified by whoever gives them: they end in a throw when they are wrong. */
  source: AsyncIterable<Uint8Array>;
  compression: Compression;
  /** Digest that the archive must have. */
  diffId: Digest;
  /** Directory to unpack into. */
  tree: string;
  /** Bytes that the archive may have. */
  limit: number;
  launcher: Launcher;
  signal: AbortSignal;
}

const BATCH = 128 * 1024;

export interface UnpackedLayer {
  /** Bytes of its files. */
  size: number;
  /** Directories that it does not list. */
  implied: readonly Implied[];
}

/**
 * Decompresses, hashes and unpacks a layer in one stream. After a failure the tree is
 * unfinished and nothing writes to it any more. Throws `corrupt`, `unsupported`, `exhausted`, `cancelled`.
 */
export async function unpackLayer(request: UnpackRequest): Promise<UnpackedLayer> {
  const applier = request.launcher.apply(request.tree);
  try {
    const unpacked = await run(request, applier);
    await applier.end();
    return unpacked;
  } catch (error) {
    applier.abort();
    await applier.end().catch(() => undefined);
    throw unpackFault(error);
  }
}

async function run(
  { source, compression, diffId, limit, signal }: UnpackRequest,
  applier: FileApplier,
): Promise<UnpackedLayer> {
  const digester = new Digester();
  const queue = new StepQueue();
  const steps = new LayerSteps(queue, { mapped: hasMappedUsers() });
  const reader = new TarReader(steps);
  const send = async (): Promise<void> => {
    for (const part of queue.take()) await applier.write(part);
  };
  const sink = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) {
      if (signal.aborted) throw new Fault('cancelled', 'unpack the layer', { cause: signal.reason });
      digester.update(chunk);
      if (digester.size > limit) throw tooLarge(limit);
      reader.push(asBuffer(chunk));
      if (queue.size >= BATCH) await send();
    }
  };
  await decompress(checkMagic(source, compression), compression, sink);
  reader.finish();
  checkDiffId(digester.digest(), diffId);
  steps.finish(false);
  await send();
  return { size: steps.bytes, implied: steps.implied() };
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function checkDiffId(actual: Digest, diffId: Digest): void {
  if (actual === diffId) return;
  throw new Fault('corrupt', `verify the layer: its archive is ${actual}, the image's configuration says ${diffId}`, {
    facts: { diffId, actual },
  });
}

function tooLarge(limit: number): Fault {
  return new Fault('corrupt', `unpack the layer: it is larger than ${limit} bytes, which its compressed size forbids`, {
    hint: 'It looks like a decompression bomb.',
    facts: { limit },
  });
}

/** What the machine lacks or forbids, whatever the archive says. */
const OF_THE_MACHINE = /^(?:E(?:ACCES|PERM|ROFS|NOSPC|DQUOT|NOMEM|MFILE|NFILE|IO|BUSY|NOSYS|OPNOTSUPP)|errno .*)$/;

/** What else the kernel refuses to unpack (a path that climbs out, a link to nowhere, too long a value) is the archive's fault. */
function unpackFault(error: unknown): unknown {
  const errno = isFault(error) ? error.facts['errno'] : undefined;
  // What the kernel says of an owner whom nobody has mapped.
  if (isFault(error) && errno === 'EINVAL' && hasMappedUsers()) {
    return new Fault('denied', 'unpack the layer: a file has an owner for whom there is no id here', {
      cause: error,
      facts: error.facts,
      hint: 'More ids are needed in /etc/subuid and /etc/subgid: see docs/rootless.md.',
    });
  }
  if (isFault(error) && typeof errno === 'string' && !OF_THE_MACHINE.test(errno)) {
    return new Fault('corrupt', 'unpack the layer', { cause: error, facts: error.facts });
  }
  return asDiskFault(asCorrupt(error), 'unpack the layer');
}
