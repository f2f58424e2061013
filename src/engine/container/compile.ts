import type { HostFacts } from '#kernel/host-facts.ts';
import type { Plan } from '#kernel/plan.ts';
import { capabilityNames } from '#kernel/capability-set.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import { withSockets } from '#runtime/lower/listen.ts';
import type { MountPlaces, SourceKind } from '#runtime/lower/context.ts';
import { KERNEL_TREES } from '#runtime/lower/fit-user-namespace.ts';
import { bindSources } from '#runtime/lower/mounts.ts';
import type { Notify } from '#runtime/lower/notify.ts';
import { hasHostRights, livesInUserNamespace } from '#runtime/lower/rights.ts';
import { sourceKinds } from '#runtime/lower/source-kinds.ts';
import { defaultSeccompProfile } from '#runtime/seccomp/default-profile.ts';
import type { Mount, SeccompProfile, Spec } from '#runtime/spec/spec.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import { cdiDirectories } from '#engine/cdi/needed.ts';
import { lowerVolumes, mountPlaces, withinKinds, type LoweredVolume } from '#engine/volume/mounts.ts';
import { networkSteps } from '#engine/network/start.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import { pastaOf } from '#engine/network/pasta.ts';
import { release } from 'node:os';
import { join } from 'node:path';
import { joinedMaps } from '#engine/userns/joined-maps.ts';
import { imageAccounts } from './accounts.ts';
import { cgroupPlace, cgroupsPath } from './cgroups.ts';
import { grantedCapabilities } from './capabilities.ts';
import type { ContainerOptions } from './options.ts';
import { imageStacks } from './image-mounts.ts';
import { sharedContainers, sharedMemoryOf, withSurePids, type SharedWith } from './namespaces.ts';
import { settleSeccomp } from './seccomp-file.ts';
import { containerSpec, hasMaps } from './spec.ts';
import { systemdWarnings } from './systemd-warnings.ts';
import { usualFilter } from './usual-filter.ts';
import { groupIds, resolveUser, type Accounts, type UserIdentity } from './user.ts';

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
  const accounts = await imageAccounts(engine, image, request.snapshotter);
  const available = capabilityNames(facts.bounding);
  const capabilities = grantedCapabilities(options, available);
  const asked = options.privileged ? 'unconfined' : options.security?.seccomp;
  const program = asked === undefined ? usualFilter(capabilities, facts.arch) : undefined;
  const volumes = lowerVolumes(engine, options.volumes ?? []);
  const sharedWith = sharedContainers(engine, options);
  const cgroup = cgroupPlace(engine, { id, options });
  const network = pastaOf(options, directory, facts);
  const plain = containerSpec({
    volumes: volumes.map(({ mount }) => withOwners(engine, options, mount)),
    id,
    options,
    image: image.config,
    user: userOf(options, image, accounts),
    directory,
    ...(cgroup === undefined ? { cgroupsPath: cgroupsPath(id, options) } : {}),
    groupsFixed: facts.inUserNamespace && facts.groupsFixed,
    allCapabilities: available,
    hardOpenFiles: facts.hardLimits['RLIMIT_NOFILE'] ?? DEFAULT_OPEN_FILES,
    seccomp: seccompOf(asked, capabilities, facts),
    sharedWith,
    // Its groups have other numbers in a user namespace.
    asHostRoot: hasHostRights(facts) && options.userns === undefined,
    unified: facts.cgroup.mode === 'v2',
    rootPath: request.root.kind === 'directory' ? request.root.path : rootPoint(engine),
  });
  const spec = await withCdi(engine, options, plain);
  const rootIds = joinedMaps(spec);
  const attach = networkSteps(engine, id);
  const lowered = lowerContainer(withSockets(spec, sockets), {
    id,
    facts,
    root: request.root,
    rootPoint: rootPoint(engine),
    mode: 'detached',
    terminal: { kind: options.tty ? 'inherited' : 'none' },
    init: options.init,
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(network === undefined ? {} : { network }),
    ...(attach === undefined ? {} : { attach }),
    ...(rootIds === undefined ? {} : { rootIds }),
    ...(program === undefined ? {} : { seccompProgram: program }),
    sources: withSource(sourcesOf(spec, [directory, join(engine.root, 'volumes')], volumes, facts), notify),
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

function userOf(
  { user: asked, groupAdd = [] }: ContainerOptions,
  image: ImageRecord,
  accounts: Accounts,
): UserIdentity {
  const whose = asked === undefined ? "the image's User" : '--user';
  const user = resolveUser(asked ?? image.config.User ?? '', accounts, whose);
  return { ...user, additionalGids: [...user.additionalGids, ...groupIds(groupAdd, accounts)] };
}

/** A volume has the owners that images have; a container with other ids is shown it with these. */
function withOwners(engine: Engine, options: ContainerOptions, mount: Mount): Mount {
  const isOurs = mount.type === 'bind' && mount.source?.startsWith(`${join(engine.root, 'volumes')}/`) === true;
  return isOurs && hasMaps(options) ? { ...mount, options: [...(mount.options ?? []), 'idmap'] } : mount;
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
  facts: HostFacts,
): Map<string, SourceKind> {
  const within = withinKinds(volumes);
  const paths = bindSources(spec, undefined).filter((path) => !within.has(path));
  const below = (base: string, kind: SourceKind): [string, SourceKind][] =>
    paths.filter((path) => path.startsWith(`${base}/`)).map((path) => [path, kind]);
  // Where a user namespace is refused a new one, the host's is bound.
  const kernel = livesInUserNamespace(spec, facts) ? KERNEL_TREES : [];
  return new Map([
    ...below(data, 'directory'),
    ...sourceKinds([...paths, ...kernel]),
    ...below(directory, 'file'),
    ...within,
  ]);
}
