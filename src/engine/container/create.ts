import { mkdirSync, statSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { randomId } from '#base/ids.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { chooseLog } from '#engine/log/drivers.ts';
import { cdiDirectories } from '#engine/cdi/needed.ts';
import { decideAlone } from '#engine/volume/busy.ts';
import { JOURNAL_START } from '#engine/monitor/journal.ts';
import { claimVolumes, finishClaimed, makeClaimed } from '#engine/volume/claim.ts';
import { withVolumes } from '#engine/volume/wishes.ts';
import { idsNeeded } from '#engine/userns/allot.ts';
import { resolveUserns } from '#engine/userns/resolve.ts';
import type { ImageRecord } from '#store/store.ts';
import { processArgs } from './command.ts';
import { grantedCapabilities } from './capabilities.ts';
import { capabilityNames } from '#kernel/capability-set.ts';
import { withAllPublished } from '#engine/network/exposed.ts';
import { claimEndpoints, prepareNetworks } from '#engine/network/claim.ts';
import { hostFiles, writeHostFiles } from './host-files.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { imageAccounts } from './accounts.ts';
import { withHealth } from './health-check.ts';
import { suggestName } from './names.ts';
import type { ContainerOptions } from './options.ts';
import { ownIdentity } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { discardContainer } from './discard.ts';
import { askedDevices } from './asked-devices.ts';
import { claimImages, withImageIds } from './image-mounts.ts';
import { withContainerIds } from './namespaces.ts';
import { signalNumber } from './stop.ts';
import { withSystemd } from './systemd.ts';
import { checkName, needFreeName } from './rename.ts';
import { checkResources } from './resources.ts';

export interface CreateRequest {
  image: ImageRecord;
  /** The image as the user wrote it. */
  imageName: string;
  name?: string;
  options: ContainerOptions;
  /** Stay its owner after the making, because this process starts it next: a crash in between then removes it. */
  keepOwnership?: boolean;
}

/**
 * Makes a container: record first (marked as being made, with this process as its owner), then directory and
 * snapshot, then the mark is taken away. Whatever dies in between is cleared by the next command.
 */
export async function createContainer(engine: Engine, request: CreateRequest): Promise<ContainerRecord> {
  const asked = withImageIds(engine, withContainerIds(engine, withSystemd(request.options, request.image.config)));
  await checkCdi(engine, request.options);
  checkOptions(request, engine.facts());
  const log = chooseLog(asked.log, (await engine.readConfig()).logs);
  const { Labels: labels = {}, Volumes: places = [] } = request.image.config;
  const wished = { ...withVolumes(engine, { ...asked, log }, places), labels: { ...labels, ...asked.labels } };
  const options = withAllPublished(withHealth(wished, request.image.config), request.image.config.ExposedPorts ?? []);
  prepareNetworks(engine, options.networks ?? []);
  const needed = options.usernsWish?.kind === 'auto' ? await idsOf(engine, request) : 0;
  const claim = (): ContainerRecord => claimName(engine, { ...request, options: withUserns(engine, options, needed) });
  const record = await decideAlone(engine, 'create container', claim, options.volumes !== undefined);
  try {
    makeBindSources(options);
    const directory = containerDirectory(engine.root, record.id);
    mkdirSync(directory, { mode: 0o700 });
    writeHostFiles(directory, hostFiles(engine, record));
    await engine.store.snapshots.prepare(record.id, request.image.chainId || undefined);
    if (options.volumes !== undefined) await makeVolumes(engine, record);
    engine.database.transaction(() => {
      engine.containers.setPhase(record.id, 'ready');
      finishClaimed(engine, record.id);
      noteContainer(engine, record, 'create');
      if (request.keepOwnership === true) engine.containers.setActive(record.id, true);
      else engine.containers.setOwner(record.id, undefined);
    });
    return { ...record, phase: 'ready', active: request.keepOwnership === true };
  } catch (error) {
    await discardContainer(engine, record);
    throw error;
  }
}

/** In the transaction that records the container: what it is given is nobody else's from then on. */
function withUserns(engine: Engine, { usernsWish, ...options }: ContainerOptions, needed: number): ContainerOptions {
  const userns = usernsWish === undefined ? undefined : resolveUserns(engine, usernsWish, needed);
  return userns === undefined ? options : { ...options, userns };
}

/** The ids of the image's users, and of the one that was asked for. */
async function idsOf(engine: Engine, { image, options }: CreateRequest): Promise<number> {
  const { passwd, groups } = await imageAccounts(engine, image, engine.store.snapshots.driver);
  const asked = `${options.user ?? ''}:${image.config.User ?? ''}`.split(':').filter((word) => /^\d+$/.test(word));
  return idsNeeded([passwd, groups], asked.map(Number));
}

async function makeVolumes(engine: Engine, record: ContainerRecord): Promise<void> {
  makeClaimed(engine, record.id);
  const { fillVolumes } = await import('#engine/volume/fill.ts');
  await fillVolumes(engine, record);
}

/** Everything that can be refused before anything is made. */
function checkOptions({ options, image, name }: CreateRequest, facts: HostFacts): void {
  if (name !== undefined) checkName(name, 'create container', '--name');
  checkResources(options);
  askedDevices(options.devices ?? []);
  if (options.security?.writableCgroups === true && facts.cgroup.mode !== 'v2') {
    throw new Fault('unsupported', 'create container: control groups of version 1 are not given to write to', {
      field: '--security-opt',
      hint: 'That needs a host with version 2.',
    });
  }
  if (options.stopSignal !== undefined) signalNumber(options.stopSignal, '--stop-signal');
  processArgs(options, image.config);
  grantedCapabilities(options, capabilityNames(facts.bounding));
  if (options.workdir !== undefined && !options.workdir.startsWith('/')) {
    throw new Fault('invalid', `create container: the working directory "${options.workdir}" is not absolute`, {
      field: '--workdir',
    });
  }
}

async function checkCdi(engine: Engine, { cdiDevices = [] }: ContainerOptions): Promise<void> {
  if (cdiDevices.length === 0) return;
  const { foundDevices } = await import('#engine/cdi/inject.ts');
  foundDevices(cdiDevices, cdiDirectories(engine));
}

function claimName(engine: Engine, { image, imageName, name, options }: CreateRequest): ContainerRecord {
  return engine.database.transaction(() => {
    needImage(engine, image, imageName);
    const record: ContainerRecord = {
      id: randomId(),
      name: name ?? freeName(engine),
      imageName,
      imageId: image.configDigest,
      snapshotter: engine.store.snapshots.driver,
      options,
      created: Date.now(),
      phase: 'creating',
      owner: ownIdentity(),
      active: false,
      autoRemove: options.autoRemove,
      journal: JOURNAL_START,
      journalSize: 0,
      restarts: 0,
      wanted: false,
    };
    needFreeName(engine, record.name, 'create container', '--name');
    engine.containers.insert(record);
    claimVolumes(engine, record.id, options);
    claimEndpoints(engine, record.id, options.networks ?? []);
    claimImages(engine, record.id, options);
    return record;
  });
}

/** A removal may have been quicker; from the record on, the image stays. Its use is noted for the garbage collection. */
function needImage(engine: Engine, image: ImageRecord, imageName: string): void {
  if (engine.database.run('UPDATE image SET used = ? WHERE id = ?', Date.now(), image.configDigest).changes > 0) return;
  throw new Fault('notFound', `create container: the image ${imageName} has just been removed`);
}

function freeName(engine: Engine): string {
  for (let attempt = 0; ; attempt += 1) {
    const name = suggestName(attempt);
    if (engine.containers.nameOwner(name) === undefined) return name;
  }
}

/** `-v` makes a missing source directory, as docker's does; a source that cannot be made is the caller's fault. */
function makeBindSources(options: ContainerOptions): void {
  for (const { source, mustExist } of options.binds) {
    if (mustExist === true && statSync(source, { throwIfNoEntry: false }) === undefined) {
      throw new Fault('invalid', `bind source path does not exist: ${source}`, { field: '--mount' });
    }
    try {
      if (statSync(source, { throwIfNoEntry: false }) === undefined) mkdirSync(source, { recursive: true });
    } catch (cause) {
      throw new Fault('invalid', `make the bind source ${source}`, { cause, field: '--volume' });
    }
  }
}
