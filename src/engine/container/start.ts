import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { LaunchResult } from '#kernel/launcher.ts';
import type { Step } from '#kernel/plan.ts';
import type { ReportRecord } from '#kernel/report.ts';
import type { Engine } from '#engine/engine.ts';
import { logTarget } from '#engine/log/target.ts';
import { connectMonitor, type MonitorConnection, type MonitorEvents } from '#engine/monitor/connection.ts';
import { healthFields } from './health-plan.ts';
import { claimCgroups, isHeld } from './cgroups.ts';
import { preparePasta } from '#engine/network/pasta.ts';
import { prepareNetwork } from '#engine/network/start.ts';
import { noteStart } from './journal.ts';
import { launchOver } from './launch-over.ts';
import { noteFailure } from './failure-note.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { settleOwned } from './reconcile.ts';
import { restartCode } from './restart-policy.ts';
import { makeNotifyPlace, notifyOf, serviceSockets, type Service } from './service.ts';
import { isUp, observe } from './state.ts';
import { storePlan, type Prepared } from './stored-plan.ts';

export interface StartRequest {
  /** Warnings are told here, one sentence each. */
  warn: (text: string) => void;
  /** Size of the terminal that will be attached. */
  size?: { rows: number; columns: number };
  service?: Service;
}

/** Starts a container in the background; resolves when its program runs. Starting a running one changes nothing. */
export async function startContainer(engine: Engine, id: string, request: StartRequest): Promise<void> {
  await asOwner(engine, id, 'start container', (record) => startOwned(engine, record, request));
}

/** The same for who owns the container already. */
export async function startOwned(engine: Engine, record: ContainerRecord, request: StartRequest): Promise<void> {
  const { id } = record;
  await needLaunchOver(engine, record);
  if (isRunning(engine, record)) return refusePaused(engine, record);
  await settleFormer(engine, record);
  // Before anything else: its ports are its own from then on, and a crash in between is looked into by the next command.
  engine.containers.setActive(id, true);
  const prepared = await storeNoted(engine, record, request).catch(async (error: unknown) => {
    await undoStart(engine, record);
    throw error;
  });
  const result = await startMonitor(engine, record, request, false);
  const words = startWords(engine, record, prepared);
  for (const one of result.records) if (one.kind === 'warn') request.warn(await words.warning(one));
  if (result.code === 0) return noteStart(engine, record);
  await undoStart(engine, record);
  throw await words.fault(result.records.find((one) => one.kind === 'fail'));
}

function refusePaused(engine: Engine, record: ContainerRecord): void {
  if (!isHeld(engine, record)) return;
  throw new Fault('conflict', `start container ${record.name}: it is paused`, {
    hint: `sampan unpause ${record.name} lets it go on.`,
  });
}

/** A container started by the one who watches it: output flows from its first byte. */
export interface Attached {
  connection: MonitorConnection;
  words: StartWords;
}

/** What the launcher reports, in words; loaded when there is something to say. */
export interface StartWords {
  fault(failure: ReportRecord | undefined): Promise<Fault>;
  warning(record: ReportRecord): Promise<string>;
}

/** Starts a container with its output given to `events`. The program runs when `events.started` says so. */
export async function startAttached(
  engine: Engine,
  id: string,
  request: StartRequest,
  events: MonitorEvents,
): Promise<Attached> {
  return asOwner(engine, id, 'start container', async (record) => {
    await needLaunchOver(engine, record);
    if (isRunning(engine, record)) {
      throw new Fault('conflict', `start container ${record.name}: it is running already`, {
        hint: `sampan logs -f ${record.name} follows it.`,
      });
    }
    await settleFormer(engine, record);
    // The monitor needs the plan only when it is told to start, so it comes up while the plan is made.
    engine.containers.setActive(id, true);
    const up = startMonitor(engine, record, request, true);
    const [prepared, result] = await Promise.all([storeNoted(engine, record, request), up]).catch(
      async (error: unknown) => {
        await up.catch(() => undefined);
        await undoStart(engine, record);
        throw error;
      },
    );
    const words = startWords(engine, record, prepared);
    if (result.code !== 0) {
      await undoStart(engine, record);
      throw await words.fault(result.records.find((one) => one.kind === 'fail'));
    }
    const connection = await connectMonitor(containerDirectory(engine.root, id), {
      ...events,
      started: (pid) => {
        noteStart(engine, record);
        events.started?.(pid);
      },
    }).catch(async (error: unknown) => {
      // It waits for no longer than ten seconds to be told.
      await undoStart(engine, record);
      throw error;
    });
    connection.start();
    return { connection, words };
  });
}

/** The end of its last run has been told before. */
const undoStart = (engine: Engine, record: ContainerRecord): Promise<string | undefined> =>
  settleOwned(engine, { ...record, active: false }, 'failed');

async function needLaunchOver(engine: Engine, record: ContainerRecord): Promise<void> {
  if (await launchOver(containerDirectory(engine.root, record.id))) return;
  throw new Fault('conflict', `start container ${record.name}: another process is starting it`);
}

function isRunning(engine: Engine, record: ContainerRecord): boolean {
  if (record.phase !== 'ready') {
    throw new Fault(
      'conflict',
      `start container ${record.name}: it is being ${record.phase === 'creating' ? 'made' : 'removed'}`,
    );
  }
  return isUp(observe(containerDirectory(engine.root, record.id)));
}

/** What fails before there is a launch is kept as well, for `why`. */
async function storeNoted(engine: Engine, record: ContainerRecord, request: StartRequest): Promise<Prepared> {
  // First: the plan of health checks names the groups.
  claimCgroups(engine, record);
  return prepareNetwork(engine, record)
    .then(() => storePlan(engine, record, request))
    .catch((error: unknown) => {
      throw noteFailure(containerDirectory(engine.root, record.id), error);
    });
}

/** Nobody may have taken note of the end of its last run yet. */
async function settleFormer(engine: Engine, record: ContainerRecord): Promise<void> {
  const { status } = observe(containerDirectory(engine.root, record.id));
  // Asked anew: who restarts it has settled it just now.
  const isOpen = status !== 'created' && engine.containers.get(record.id)?.active === true;
  if (isOpen) await settleOwned(engine, { ...record, autoRemove: false }, 'ended');
}

function startMonitor(
  engine: Engine,
  record: ContainerRecord,
  request: StartRequest,
  hold: boolean,
): Promise<LaunchResult> {
  preparePasta(record.options, containerDirectory(engine.root, record.id));
  makeNotifyPlace(notifyOf(engine, record.id, request.service));
  return engine.launcher.monitor(monitorPlan(engine, record, request, hold), serviceSockets(request.service));
}

function monitorPlan(engine: Engine, record: ContainerRecord, request: StartRequest, hold: boolean): Uint8Array {
  const directory = containerDirectory(engine.root, record.id);
  const { options } = record;
  const notify = notifyOf(engine, record.id, request.service);
  const step: Step = {
    op: 'monitor',
    dir: directory,
    plan: join(directory, 'plan'),
    ...logTarget(engine, record),
    tty: options.tty ? 1 : 0,
    stdin: options.interactive ? 1 : 0,
    // Nobody will ask for the exit status of one that removes itself after the machine has crashed.
    ephemeral: record.autoRemove ? 1 : 0,
    cgroup: claimCgroups(engine, record),
    hold: hold ? 1 : 0,
    ...healthFields(engine, record, directory),
    restart: restartCode(options.restart),
    ...(record.autoRemove || (options.networks ?? []).length > 0
      ? { onExit: [...engine.self, 'container', 'cleanup', record.id] }
      : {}),
    ...(request.size === undefined ? {} : request.size),
    ...(notify === undefined ? {} : { notify: notify.to, notifyInside: notify.inside ? 1 : 0 }),
  };
  return encodePlan({ programs: [{ name: 'monitor', steps: [step] }] });
}

function startWords({ root }: Engine, record: ContainerRecord, prepared: Prepared): StartWords {
  const load = () => import('./start-words.ts');
  const directory = containerDirectory(root, record.id);
  return {
    fault: async (failure) => noteFailure(directory, (await load()).startFault(record, await prepared(), failure)),
    warning: async (warning) => (await load()).warningText(warning, await prepared()),
  };
}
