import { createReadStream, statSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { applyChanges } from './change.ts';
import { newNames } from './new-name.ts';

export interface ImportImageRequest {
  /** A file, or the bytes of an archive. */
  from: string | AsyncIterable<Uint8Array>;
  name: string | undefined;
  changes: readonly string[];
  message: string | undefined;
  platform?: string;
  signal: AbortSignal;
}

/** Makes an image of one layer out of a root file system; gives its ID. */
export async function importRootfs(engine: Engine, request: ImportImageRequest): Promise<string> {
  const { from, name, changes, message, ...options } = request;
  const names = newNames('import', name);
  const config = applyChanges({}, changes);
  const archive = typeof from === 'string' ? openArchive(from) : from;
  const comment = message ?? `Imported from ${typeof from === 'string' ? from : '-'}`;
  await engine.store.reconcile();
  const image = await engine.store.import({ archive, names, config, comment, ...options });
  return image.configDigest;
}

function openArchive(path: string): AsyncIterable<Uint8Array> {
  if (/^https?:\/\//.test(path)) {
    throw new Fault('unsupported', `import ${path}: only files and standard input are read`, {
      hint: `Fetch it on the way in: curl -L ${path} | sampan import -`,
    });
  }
  try {
    statSync(path);
  } catch (cause) {
    throw new Fault('notFound', `open ${path}`, { cause, field: 'FILE' });
  }
  return createReadStream(path, { highWaterMark: 1024 * 1024 });
}
