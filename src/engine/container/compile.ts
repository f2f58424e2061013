import type { HostFacts } from '#kernel/host-facts.ts';
import type { Plan } from '#kernel/plan.ts';
import { capabilityNames } from '#kernel/capability-set.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import { withSockets } from '#runtime/lower/listen.ts';
import type { MountPlaces, SourceKind } from '#runtime/lower/context.ts';
import { bindSources } from '#runtime/lower/mounts.ts';
import type { Notify } from '#runtime/lower/notify.ts';
import { hasHostRights } from '#runtime/lower/rights.ts';
import { sourceKinds } from '#runtime/lower/source-kinds.ts';
import { defaultSeccompProfile } from '#runtime/seccomp/default-profile.ts';
import type { SeccompProfile, Spec } from '#runtime/spec/spec.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import { cdiDirectories } from '#engine/cdi/needed.ts';
import { lowerVolumes, mountPlaces, withinKinds, type LoweredVolume } from '#engine/volume/mounts.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import { release } from 'node:os';
import { join } from 'node:path';
import { imageAccounts } from './accounts.ts';
import { grantedCapabilities } from './capabilities.ts';
import type { ContainerOptions } from './options.ts';
import { imageStacks } from './image-mounts.ts';
import { sharedContainers, sharedMemoryOf, withSurePids, type SharedWith } from './namespaces.ts';
import { settleSeccomp } from './seccomp-file.ts';
import { containerSpec } from './spec.ts';
import { systemdWarnings } from './systemd-warnings.ts';
import { usualFilter } from './usual-filter.ts';
import { groupIds, resolveUser } from './user.ts';

const DEFAULT_OPEN_FILES = 1_048_576;

/** A container lowered to what the kernel will be asked. */
export interface Compiled {
  spec: Spec;
  plan: Plan;
  warnings: readonly string[];
}

export interface CompileRequest {
  id: string;
  options: ContainerOptions;
  image: ImageRecord;
  root: RootMount;
  snapshotter: SnapshotDriver;
  directory: string;
  /** Of systemd's, for its program. */
  sockets?: number;
  notify?: Notify;
}

/** Options and image to specification to plan. Touches nothing but, once per image, its user files. */
export async function compileContainer(engine: Engine, request: CompileRequest): Promise<Compiled> {
  const { id, options, image, directory, sockets = 0, notify } = request;
  const facts = engine.facts();
  const wish = options.user ?? image.config.User ?? '';
  const accounts = await imageAccounts(engine, image, request.snapshotter);
  const available = capabilityNames(facts.bounding);
  const capabilities = grantedCapabilities(options, available);
  const asked = options.privileged ? 'unconfined' : options.security?.seccomp;
  const program = asked === undefined ? usualFilter(capabilities, facts.arch) : undefined;
  const user = resolveUser(wish, accounts, options.user === undefined ? "the image's User" : '--user');
  const groups = groupIds(options.groupAdd ?? [], accounts);
  const volumes = lowerVolumes(engine, options.volumes ?? []);
  const sharedWith = sharedContainers(engine, options);
  const plain = containerSpec({
    volumes: volumes.map(({ mount }) => mount),
    id,
    options,
    image: image.config,
    user: { ...user, additionalGids: [...user.additionalGids, ...groups] },
    directory,
    allCapabilities: available,
    hardOpenFiles: facts.hardLimits['RLIMIT_NOFILE'] ?? DEFAULT_OPEN_FILES,
    seccomp: seccompOf(asked, capabilities, facts),
    sharedWith,
    asHostRoot: hasHostRights(facts),
    unified: facts.cgroup.mode === 'v2',
    rootPath: request.root.kind === 'directory' ? request.root.path : rootPoint(engine),
  });
  const spec = await withCdi(engine, options, plain);
  const lowered = lowerContainer(withSockets(spec, sockets), {
    id,
    facts,
    root: request.root,
    rootPoint: rootPoint(engine),
    mode: 'detached',
    terminal: { kind: options.tty ? 'inherited' : 'none' },
    init: options.init,
    ...(program === undefined ? {} : { seccompProgram: program }),
    sources: withSource(sourcesOf(spec, [directory, join(engine.root, 'volumes')], volumes), notify),
    preserveFds: sockets,
    ...(notify === undefined ? {} : { notify }),
    places: { ...mountPlaces(volumes), ...elsewhere(options, sharedWith), ...imageStacks(engine, options) },
    // Hooks find the configuration there.
    ...(spec.hooks === undefined ? {} : { bundle: directory }),
    paths: { state: join(directory, 'pid') },
  });
  return {
    spec,
    plan: surePlan(lowered.plan, sharedWith),
    warnings: [...systemdWarnings(options, facts.cgroup), ...lowered.warnings],
  };
}

const withSource = (sources: Map<string, SourceKind>, notify: Notify | undefined): Map<string, SourceKind> =>
  notify === undefined ? sources : sources.set(notify.directory, 'directory');

async function withCdi(engine: Engine, { cdiDevices = [] }: ContainerOptions, spec: Spec): Promise<Spec> {
  if (cdiDevices.length === 0) return spec;
  const { injectCdi } = await import('#engine/cdi/inject.ts');
  return injectCdi(spec, cdiDevices, cdiDirectories(engine));
}

function elsewhere(options: ContainerOptions, sharedWith: SharedWith): Pick<MountPlaces, 'elsewhere'> {
  const namespace = sharedMemoryOf(options, sharedWith);
  return namespace === undefined ? {} : { elsewhere: new Map([['/dev/shm', namespace]]) };
}

function surePlan(plan: Plan, sharedWith: SharedWith): Plan {
  if (sharedWith.size === 0) return plan;
  return { ...plan, programs: plan.programs.map((one) => ({ ...one, steps: withSurePids(one.steps, sharedWith) })) };
}

function seccompOf(
  asked: 'unconfined' | SeccompProfile | undefined,
  capabilities: readonly string[],
  { arch }: HostFacts,
): SeccompProfile | undefined {
  if (asked === 'unconfined') return undefined;
  if (asked === undefined) return defaultSeccompProfile(capabilities);
  return settleSeccomp(asked, { arch: arch === 'x86-64' ? 'amd64' : 'arm64', kernel: release(), capabilities });
}

/** What each bind source is. The engine's own are there by the time of a start, if not yet when it is explained. */
function sourcesOf(
  spec: Spec,
  [directory, data]: readonly [string, string],
  volumes: readonly LoweredVolume[],
): Map<string, SourceKind> {
  const within = withinKinds(volumes);
  const paths = bindSources(spec, undefined).filter((path) => !within.has(path));
  const below = (base: string, kind: SourceKind): [string, SourceKind][] =>
    paths.filter((path) => path.startsWith(`${base}/`)).map((path) => [path, kind]);
  return new Map([...below(data, 'directory'), ...sourceKinds(paths), ...below(directory, 'file'), ...within]);
}
