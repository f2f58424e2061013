import { statSync } from 'node:fs';
import { algorithmOf, isDigest, type Digest } from '#store/digest.ts';
import { hashFile } from './blobs.ts';
import type { HostingParts } from './parts.ts';

export interface DamagedBlob {
  digest: Digest;
  /** Which file was read, see `fileIdentity`. */
  file: string;
}

/** Tells a file from one that has taken its name; undefined when there is none. */
export function fileIdentity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.ino} ${stat.ctimeMs}`;
}

/** Reads every blob. Nothing waits for this: what others do meanwhile is seen by the files' identities. */
export async function findDamaged({ files }: HostingParts): Promise<DamagedBlob[]> {
  const damaged: DamagedBlob[] = [];
  for (const digest of files.blobs().filter(isDigest)) {
    const path = files.blob(digest);
    const file = fileIdentity(path);
    const actual = await hashFile(path, algorithmOf(digest), Infinity).catch(() => undefined);
    if (file !== undefined && actual?.digest() !== digest) damaged.push({ digest, file });
  }
  return damaged;
}
