import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '#base/process-identity.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import type { Engine } from '#engine/engine.ts';
import { formatExit } from '#engine/monitor/exit-file.ts';
import { readHeldLocks, type HeldLocks } from '#engine/monitor/locks.ts';
import { discardContainer } from './discard.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { MONITOR_KILLED, observe } from './state.ts';

const KILLED = 137;

/**
 * Brings records and reality together after crashes. Called by every command that reads or changes containers; costs
 * one query when there is nothing to do. Returns what was repaired, one sentence each.
 */
export async function reconcile(engine: Engine): Promise<string[]> {
  const unsettled = engine.containers.unsettled();
  if (unsettled.length === 0) return [];
  const locks = readHeldLocks();
  const repaired: string[] = [];
  for (const record of unsettled) {
    if (record.owner !== undefined && isAlive(record.owner)) continue;
    const said = await reconcileOne(engine, record, locks);
    if (said !== undefined) repaired.push(said);
  }
  // A crash may have left halves in the store, too.
  if (repaired.length > 0) repaired.push(...(await engine.store.reconcile()));
  return repaired;
}

/** The same for one container whose end was just seen. */
export async function settle(engine: Engine, id: string): Promise<void> {
  const record = engine.containers.get(id);
  if (record?.active === true) await reconcileOne(engine, { ...record, owner: undefined }, readHeldLocks());
}

async function reconcileOne(engine: Engine, record: ContainerRecord, locks: HeldLocks): Promise<string | undefined> {
  const directory = containerDirectory(engine.root, record.id);
  if (record.phase === 'creating' || record.phase === 'removing') {
    await removeCgroupsOf(engine, record.id);
    await discardContainer(engine, record);
    return `removed container ${record.name}, which was left half ${record.phase === 'creating' ? 'made' : 'removed'}`;
  }
  const held = locks.has(directory);
  if (held && observe(directory, locks).status !== 'exited') {
    if (record.owner !== undefined) engine.containers.setOwner(record.id, undefined);
    return undefined;
  }
  const said = held ? undefined : await bury(engine, record, directory, locks);
  if (!held) await removeCgroupsOf(engine, record.id);
  engine.containers.setOwner(record.id, undefined);
  engine.containers.setActive(record.id, false);
  // One that `run --rm` was about to start (it still has an owner) is as good as ended.
  const over = existsSync(join(directory, 'exit')) || record.owner !== undefined;
  if (!record.autoRemove || held || !over) return said;
  await discardContainer(engine, record);
  return said;
}

/** Writes the exit of a container whose monitor did not live to do so, after killing what is left of it. */
async function bury(
  engine: Engine,
  record: ContainerRecord,
  directory: string,
  locks: HeldLocks,
): Promise<string | undefined> {
  const state = observe(directory, locks);
  if (state.exit !== undefined) return undefined;
  await removeCgroupsOf(engine, record.id);
  if (state.status === 'created') return undefined;
  const now = Date.now();
  const aside = join(directory, 'exit.new');
  writeFileSync(
    aside,
    formatExit({
      code: KILLED,
      signal: 9,
      oom: false,
      started: state.startedAt ?? now,
      finished: now,
      error: MONITOR_KILLED,
    }),
    { flush: true },
  );
  renameSync(aside, join(directory, 'exit'));
  rmSync(join(directory, 'attach.sock'), { force: true });
  return `stopped container ${record.name}, whose monitor had been killed`;
}

/** Kills what is left in the container's cgroups and removes them. */
async function removeCgroupsOf(engine: Engine, id: string): Promise<void> {
  await removeCgroups(cgroupDirectories(engine.facts().cgroup, `/sampan/${id}`));
}

/** Container directories that no record knows, left by a removal that died: for `prune` and for tests. */
export function strayDirectories(engine: Engine): string[] {
  return readdirSync(join(engine.root, 'containers')).filter((name) => engine.containers.get(name) === undefined);
}
