import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isFault, Fault } from '#base/fault.ts';
import type { PackRequest } from '#kernel/tree-packer.ts';
import type { Launcher } from '#kernel/launcher.ts';
import { spoolFile } from '#store/archive/spool-file.ts';
import type { SpooledFile } from '#store/archive/spool-sink.ts';
import { Digester, type Digest } from '#store/digest.ts';

export interface WrittenLayer extends SpooledFile {
  diffId: Digest;
}

/** Writes what a tree changes of another one as a layer, compressed with gzip, to a new file. */
export async function writeLayer(
  launcher: Launcher,
  request: Omit<PackRequest, 'form'>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<WrittenLayer> {
  const digester = new Digester();
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digester.update(chunk);
      done(undefined, chunk);
    },
  });
  let file: SpooledFile | undefined;
  try {
    const archive = launcher.pack({ ...request, form: 'layer' });
    await pipeline(
      Readable.from(archive, { objectMode: false }),
      hashed,
      createGzip(),
      async (chunks: AsyncIterable<Uint8Array>) => {
        file = await spoolFile(chunks, path);
      },
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw signal?.aborted === true ? new Fault('cancelled', 'commit', { cause: error }) : explained(error);
  }
  if (file === undefined) throw new Fault('internal', 'write the layer: its stream has no end');
  return { ...file, diffId: digester.digest() };
}

/** A name that starts with the mark of deletions would delete what it does not mean. */
function explained(error: unknown): unknown {
  if (!isFault(error, 'internal') || error.facts['errno'] !== 'EILSEQ') return error;
  return new Fault('invalid', `commit: the file /${String(error.facts['path'])} cannot be in a layer`, {
    cause: error,
    hint: 'Names that start with ".wh." mark deletions there. Rename or remove it.',
    facts: error.facts,
  });
}
