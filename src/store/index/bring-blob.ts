import { rmSync } from 'node:fs';
import { isFault } from '#base/fault.ts';
import { openClaims } from '#store/claims.ts';
import { openPartials } from '#store/content/partials.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { startDownload } from '#store/pull/download.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import { Patience } from '#store/pull/patience.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import { syncFile } from '#store/pull/sync.ts';
import { verified } from '#store/pull/verified.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';

export interface BringBlob {
  parts: StoreParts;
  source: LayerSource;
  /** Owner of the work area. */
  owner: string;
  onProgress: (progress: PullProgress) => void;
}

/**
 * Brings one blob into the store and keeps it from being collected: one that is there is only leased, one that another
 * process is bringing is waited for, and what an earlier try has left is continued.
 */
export async function bringBlob(bring: BringBlob, blob: Descriptor, at: number, signal: AbortSignal): Promise<void> {
  const claimant = `${bring.owner}.${at}`;
  const claims = openClaims(bring.parts.database);
  try {
    for (const patience = new Patience(); ; await patience.pause(signal)) {
      // Without the database's write lock as long as there is nothing to do but wait.
      if (claims.isTaken('blob', blob.digest)) continue;
      const turn = claim(bring, blob, claimant);
      if (turn === 'there') return report(bring, blob, 'exists', blob.size);
      if (turn === 'ours') break;
    }
    await place(bring, blob, claimant, await fetched(bring, blob, signal));
    report(bring, blob, 'done', blob.size);
  } finally {
    claims.release(claimant);
  }
}

function report(
  { onProgress }: BringBlob,
  blob: Descriptor,
  phase: 'exists' | 'done' | 'download',
  done: number,
): void {
  onProgress({ kind: 'layer', digest: blob.digest, total: blob.size, done, phase });
}

function claim({ parts, owner }: BringBlob, { digest }: Descriptor, claimant: string): 'there' | 'taken' | 'ours' {
  const claims = openClaims(parts.database);
  return parts.database.transaction(() => {
    if (parts.blobs.has(digest)) {
      parts.leases.take(owner, 'blob', digest);
      return 'there';
    }
    if (claims.isTaken('blob', digest)) return 'taken';
    claims.take('blob', digest, claimant);
    return 'ours';
  });
}

/** The file with the whole blob, verified. What is wrong is removed, and fetched anew if it had an older beginning. */
async function fetched(bring: BringBlob, blob: Descriptor, signal: AbortSignal): Promise<string> {
  const given = bring.source.takeFile?.(blob.digest);
  if (given !== undefined) {
    await readThrough(bring.source.blob(blob.digest, blob.size), blob);
    return given;
  }
  const path = openPartials(bring.parts).path(blob.digest);
  for (;;) {
    const onArrived = (done: number): void => report(bring, blob, 'download', done);
    const download = await startDownload({ descriptor: blob, source: bring.source, path, onArrived, signal });
    try {
      await readThrough(download.bytes(), blob);
      return path;
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error;
      rmSync(path, { force: true });
      if (download.resumed === 0) throw error;
    } finally {
      await download.close();
    }
  }
}

async function readThrough(content: AsyncIterable<Uint8Array>, blob: Descriptor): Promise<void> {
  for await (const _ of verified(content, blob));
}

async function place({ parts, owner }: BringBlob, blob: Descriptor, claimant: string, file: string): Promise<void> {
  await syncFile(file);
  try {
    parts.database.transaction(() => {
      parts.blobs.adopt(file, blob.digest, blob.size);
      parts.leases.take(owner, 'blob', blob.digest);
      parts.leases.keep('blob', blob.digest);
      openClaims(parts.database).release(claimant);
    });
  } catch (error) {
    // A transaction that failed half-way has renamed a file that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
}
