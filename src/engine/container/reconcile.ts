import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { isFault, sentence } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import type { Engine } from '#engine/engine.ts';
import { isShowOpen, showNetworksIfPossible } from '#engine/network/show.ts';
import { leaveNetworks } from '#engine/network/ports.ts';
import { endPasta } from '#engine/network/pasta.ts';
import { formatExit, type ExitStatus } from '#engine/monitor/exit-file.ts';
import { connectMonitor } from '#engine/monitor/connection.ts';
import { monitorLives, waitForMonitor } from '#engine/monitor/liveness.ts';
import { volumeRecords } from '#engine/volume/record.ts';
import { settleVolumes } from '#engine/volume/settle.ts';
import { discardContainer } from './discard.ts';
import { removeContainerCgroups } from './cgroups.ts';
import { takeExecEnds } from './exec-record.ts';
import { letGo } from './hold.ts';
import { hasNews, noteLastEnd, takeJournal } from './journal.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord, type UnsettledRecord } from './record.ts';
import { forgetFormerBoot } from './reboot.ts';
import { LAST_RUN } from './restart-policy.ts';
import { MONITOR_KILLED, observe, readInit, type ContainerState } from './state.ts';

const KILLED = 137;
const END_TRIES = 10;
const HEED_MS = 500;

/**
 * Brings records and reality together after crashes. Called by every command that reads or changes containers; costs
 * three queries when there is nothing to do. Returns what was repaired, one sentence each.
 */
export async function reconcile(engine: Engine): Promise<string[]> {
  const unsettled = engine.containers.unsettled();
  const repaired: string[] = [];
  // Even when it finds nothing: what this boot starts is not to be taken for what the one before left.
  forgetFormerBoot(engine, unsettled);
  for (const record of unsettled) {
    if (isWell(engine, record)) {
      if (hasNews(engine, record)) takeJournal(engine, record);
      continue;
    }
    const said = await asOwner(engine, record.id, 'look after container', (current) =>
      settleOwned(engine, current, record.owner === undefined ? 'ended' : 'abandoned'),
    ).catch((error: unknown) => stuck(record, error));
    if (said !== undefined) repaired.push(said);
  }
  if (isShowOpen(engine)) await showNetworksIfPossible(engine);
  takeExecEnds(engine);
  // After the containers, some of which take their volumes along.
  if (volumeRecords(engine.database).unsettled().length > 0) repaired.push(...(await settleVolumes(engine)));
  // A crash may have left halves in the store, too.
  if (repaired.length > 0) repaired.push(...(await engine.store.reconcile()));
  return repaired;
}

/** The same for one container whose end was just seen. */
export async function settle(engine: Engine, id: string): Promise<void> {
  if (engine.containers.get(id)?.active !== true) return;
  await asOwner(engine, id, 'look after container', (record) => settleOwned(engine, record, 'ended')).catch(unlessGone);
}

/** Gives up a container that this process was starting or attached to: nothing of it goes on, and `--rm` is kept. */
export async function giveUp(engine: Engine, id: string): Promise<void> {
  await asOwner(engine, id, 'give up container', async (record) => {
    await settleOwned(engine, record, 'failed');
    if (record.autoRemove && engine.containers.get(id) !== undefined) await discardContainer(engine, record);
  }).catch(unlessGone);
}

/** It is being changed by a living process, or it runs and its monitor is there. */
function isWell(engine: Engine, record: UnsettledRecord): boolean {
  if (record.owner !== undefined) return isAlive(record.owner);
  const directory = containerDirectory(engine.root, record.id);
  return record.phase === 'ready' && monitorLives(directory) && !hasEnded(directory);
}

/** There is an exit between two runs, too. */
const hasEnded = (directory: string): boolean =>
  existsSync(join(directory, 'exit')) && observe(directory).status === 'exited';

/** One container that cannot be settled must not keep all commands from their work; the next one tries again. */
function stuck(record: UnsettledRecord, error: unknown): string | undefined {
  return isFault(error, 'notFound') ? undefined : `container ${record.name} could not be settled: ${sentence(error)}`;
}

/** Another process may have removed it first. */
function unlessGone(error: unknown): undefined {
  if (!isFault(error, 'notFound')) throw error;
}

/**
 * What gave the reason to look: a container ended; the process that was changing it died, so what it was about to
 * start shall not start, and with `--rm` is as good as ended; or a start failed, so nothing of it may go on.
 */
type Reason = 'ended' | 'abandoned' | 'failed';

/** Settles one container for its owner. */
export async function settleOwned(
  engine: Engine,
  record: ContainerRecord,
  reason: Reason,
): Promise<string | undefined> {
  if (record.phase !== 'ready') {
    await discardContainer(engine, record);
    return `removed container ${record.name}, which was left half ${record.phase === 'creating' ? 'made' : 'removed'}`;
  }
  const directory = containerDirectory(engine.root, record.id);
  const { status } = observe(directory);
  // Who held it for a commit may have died before letting it go.
  if (reason === 'abandoned') await letGo(engine, record);
  if (monitorLives(directory) && status !== 'exited') {
    if (reason === 'abandoned' && (status === 'running' || status === 'restarting')) return carryOn(engine, record);
    if (reason === 'ended') return undefined;
    await endMonitor(directory);
  }
  await waitForMonitor(directory);
  const said = (await bury(engine, record, directory)) ?? widowed(record, observe(directory));
  const { exit } = observe(directory);
  // One that was to run and then to go, goes; one that merely was copied from, or committed, stays.
  const goes = record.autoRemove && ((reason !== 'failed' && record.active) || existsSync(join(directory, 'exit')));
  engine.database.transaction(() => {
    takeJournal(engine, record);
    if (record.active && exit !== undefined && hasRun(exit)) noteLastEnd(engine, record, exit);
    // One that removes itself is still to be looked after, by who started it or, should he die, by the next command.
    engine.containers.setActive(record.id, reason === 'failed' && record.autoRemove);
    leaveNetworks(engine, record.id);
    // Whoever does it: we may die on the way.
    if (goes) engine.containers.setPhase(record.id, 'removing');
  });
  await showNetworksIfPossible(engine);
  if (goes) await discardContainer(engine, record);
  return said;
}

/** One whose monitor died between two runs is not started anew by anybody. */
function widowed({ name, active }: ContainerRecord, { exit }: ContainerState): string | undefined {
  if (!active || exit?.restarting === undefined) return undefined;
  return `gave up the restart of container ${name}, whose monitor had been killed`;
}

/** Not so when its launch failed: then there was no program that could end. */
const hasRun = ({ error }: ExitStatus): boolean => error === undefined || error === MONITOR_KILLED;

/** Who died may have started it without saying so, or been changing its limits, its policy or its networks. */
async function carryOn(engine: Engine, record: ContainerRecord): Promise<undefined> {
  takeJournal(engine, record);
  const { restoreLimits } = await import('./update.ts');
  await restoreLimits(engine, record);
  const { tellPolicy } = await import('./update-restart.ts');
  await tellPolicy(engine, record);
  if ((record.options.networks ?? []).length === 0) return;
  const { restoreNetworks } = await import('#engine/network/connect.ts');
  await restoreNetworks(engine, record);
}

/** Ends a monitor together with what it may have started; one that still waits to be told goes by itself. */
async function endMonitor(directory: string): Promise<void> {
  for (let tries = 0; tries < END_TRIES && monitorLives(directory); tries += 1) {
    const connection = await connectMonitor(directory).catch(() => undefined);
    connection?.restart(LAST_RUN);
    connection?.signal(constants.signals.SIGKILL);
    await connection?.finish();
    // Said again where it came just between two runs.
    await waitForMonitor(directory, HEED_MS);
  }
}

/** One without control groups is ended by its first process, with which its pid namespace ends. */
function endInit(directory: string): void {
  const init = readInit(directory);
  if (init?.alive !== true) return;
  try {
    process.kill(init.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Writes the exit of a container whose monitor did not live to do so, after killing what is left of it. */
async function bury(engine: Engine, record: ContainerRecord, directory: string): Promise<string | undefined> {
  await removeContainerCgroups(engine, record);
  endInit(directory);
  endPasta(directory);
  const state = observe(directory);
  if (state.status !== 'dead' || state.exit !== undefined) return undefined;
  const now = Date.now();
  const aside = join(directory, 'exit.new');
  const exit = {
    code: KILLED,
    signal: 9,
    oom: false,
    started: state.startedAt ?? now,
    finished: now,
    error: MONITOR_KILLED,
  };
  writeFileSync(aside, formatExit(exit), { flush: true });
  renameSync(aside, join(directory, 'exit'));
  rmSync(join(directory, 'attach.sock'), { force: true });
  return `stopped container ${record.name}, whose monitor had been killed`;
}
