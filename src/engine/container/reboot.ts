import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#engine/engine.ts';
import { containerDirectory, type UnsettledRecord } from './record.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * After a boot no process of before lives, though one of now may have its number and its start time, both of which
 * count from the boot: what names processes is forgotten. Once for each boot, whoever comes first.
 */
export function forgetFormerBoot(engine: Engine, unsettled: readonly UnsettledRecord[]): void {
  const now = readFileSync(BOOT_ID, 'latin1').trim();
  const { database } = engine;
  const known = (): string | undefined => database.get<{ id: string }>('SELECT id FROM boot')?.id;
  if (known() === now) return;
  database.transaction(() => {
    const before = known();
    if (before === now) return;
    database.run('INSERT INTO boot (one, id) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET id = ?1', now);
    // The first look there ever was tells nothing of a boot.
    if (before === undefined) return;
    for (const { id, owner } of unsettled) {
      rmSync(join(containerDirectory(engine.root, id), 'lock'), { force: true });
      // No process has the number 0.
      if (owner !== undefined) engine.containers.setOwner(id, '0:0');
    }
  });
}
