import { statfsSync } from 'node:fs';
import type { GcSettings, Mark } from '#engine/config/gc.ts';
import type { Engine } from '#engine/engine.ts';

/** How full it is. */
export interface Room {
  /** Bytes in use, of the store's content or of its file system, as the mark counts. */
  used: number;
  limit: number;
}

/** Cheap: two sums of records, or one question to the file system. */
export function roomBy(engine: Pick<Engine, 'database' | 'root'>, mark: Mark): Room {
  if ('bytes' in mark) return { used: contentSize(engine), limit: mark.bytes };
  const { bsize, blocks, bavail } = statfsSync(engine.root);
  return { used: (blocks - bavail) * bsize, limit: mark.part * blocks * bsize };
}

/** Bytes that have to go for the low mark; 0 while the high one is not passed. */
export function bytesTooMany(engine: Pick<Engine, 'database' | 'root'>, { high, low }: GcSettings): number {
  const top = roomBy(engine, high);
  if (top.used <= top.limit) return 0;
  return Math.max(0, Math.ceil(top.used - roomBy(engine, low).limit));
}

function contentSize({ database }: Pick<Engine, 'database'>): number {
  return (
    database.get<{ bytes: number }>(
      `SELECT (SELECT coalesce(sum(size), 0) FROM blob)
            + (SELECT coalesce(sum(size), 0) FROM snapshot WHERE kind = 'layer') AS bytes`,
    )?.bytes ?? 0
  );
}
