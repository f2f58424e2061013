import { Fault, sentence } from '#base/fault.ts';
import { VERSION } from '#base/version.ts';
import { readHostFacts, type HostFacts } from '#kernel/host-facts.ts';
import { requirePrivate } from '#kernel/install-launcher.ts';
import { findBus } from '#runtime/systemd/bus.ts';
import type { Runtime } from '#runtime/verbs/runtime.ts';
import { FAILURE_STATUS, type OciVerb } from './command.ts';
import { parseFlags, usage, type Flags, type FlagSpec, type FlagTable } from '#doors/cli/flags.ts';
import { openLog, type Log } from './log.ts';
import { verb as checkpoint } from './checkpoint.ts';
import { verb as compile } from './compile.ts';
import { verb as create } from './create.ts';
import { verb as delete_ } from './delete.ts';
import { verb as events } from './events.ts';
import { verb as exec } from './exec.ts';
import { verb as features } from './features.ts';
import { verb as kill } from './kill.ts';
import { verb as list } from './list.ts';
import { verb as mounts } from './mounts.ts';
import { pause, resume } from './pause.ts';
import { verb as ps } from './ps.ts';
import { verb as restore } from './restore.ts';
import { verb as run } from './run.ts';
import { verb as spec } from './spec.ts';
import { verb as start } from './start.ts';
import { verb as state } from './state.ts';
import { verb as update } from './update.ts';
import type { World } from './world.ts';

const HELP: FlagSpec = { kind: 'switch', short: 'h', does: 'this text' };

const GLOBAL: FlagTable = {
  debug: { kind: 'switch', does: 'log more' },
  log: { kind: 'text', does: 'file for errors and warnings' },
  'log-format': { kind: 'text', does: 'text or json' },
  root: { kind: 'text', does: "directory of the containers' state" },
  'cgroup-manager': { kind: 'text', does: 'cgroupfs, systemd, or disabled: no control groups, as podman asks of crun' },
  'systemd-cgroup': { kind: 'switch', does: 'let systemd make the control groups: cgroupsPath is slice:prefix:name' },
  rootless: { kind: 'text', does: 'do without control groups that may not be made: auto, true or false' },
  help: HELP,
  version: { kind: 'switch', short: 'v', does: 'the version' },
};

/**
 * All verbs are loaded together: in the shipped executable each further dynamic import costs more than the code of
 * every verb, and their functions are compiled only when they are called.
 */
const VERBS: ReadonlyMap<string, OciVerb> = new Map([
  ['checkpoint', checkpoint],
  ['compile', compile],
  ['create', create],
  ['delete', delete_],
  ['events', events],
  ['exec', exec],
  ['features', features],
  ['kill', kill],
  ['list', list],
  ['mounts', mounts],
  ['pause', pause],
  ['ps', ps],
  ['restore', restore],
  ['resume', resume],
  ['run', run],
  ['spec', spec],
  ['start', start],
  ['state', state],
  ['update', update],
]);

/** Runs one command line of the OCI runtime (without the program's name); resolves to the exit status. */
export async function ociCommand(argv: string[], world: World): Promise<number> {
  let log = openLog(undefined, 'text', world, false);
  let name = '';
  try {
    const { flags, rest } = parseFlags(argv, GLOBAL, true);
    log = openLog(flags.text('log'), flags.text('log-format') ?? 'text', world, flags.on('debug'));
    name = rest[0] ?? 'help';
    if (flags.on('version') || name === 'version') return say(world, `sampan version ${VERSION}\nspec: 1.3.0`);
    if (flags.on('help') || name === 'help') return help(world, rest[1] ?? '');
    const words = name === 'explain' ? explained(rest) : rest;
    name = words[0] ?? '';
    const verb = VERBS.get(name);
    if (verb === undefined) throw usage(`No help topic for '${name}'`);
    const parsed = parseFlags(words.slice(1), { ...verb.flags, help: HELP }, verb.stop ?? false);
    if (parsed.flags.on('help')) return help(world, name);
    return await verb.act({ ...parsed, world, runtime: runtimeOf(flags, world, log) });
  } catch (error) {
    return fail(error, world, log, name);
  }
}

/** `explain run ...` is another way to write `run --dry-run ...`. */
function explained([, name = '', ...args]: readonly string[]): string[] {
  if (VERBS.get(name)?.flags['dry-run'] === undefined) throw usage('explain is for create, run and exec');
  return [name, '--dry-run', ...args];
}

function runtimeOf(flags: Flags, world: World, log: Log): Runtime {
  const manager = cgroupManager(flags);
  return {
    // Looked at by the verbs that need it.
    get stateRoot() {
      return flags.text('root') ?? usualStateRoot(world.runDirectory);
    },
    launcher: world.launcher,
    facts: manager === 'disabled' ? factsWithoutGroups : readHostFacts,
    systemd: flags.on('systemd-cgroup') || manager === 'systemd',
    bus: () => findBus(world.env, readHostFacts()),
    ...rootless(flags.text('rootless') ?? 'auto'),
    warn: (text) => log.write('warning', text),
    ...(world.stored === undefined ? {} : { stored: world.stored }),
  };
}

/** A user without XDG_RUNTIME_DIR has it in /tmp, where anybody else may have been first. */
function usualStateRoot(runDirectory: string): string {
  requirePrivate(runDirectory);
  return `${runDirectory}/oci`;
}

/** A host as it looks to who may not make control groups: limits, and rules for devices, are then refused. */
function factsWithoutGroups(): HostFacts {
  return { ...readHostFacts(), cgroup: { mode: 'none', hierarchies: [], unified: undefined } };
}

function cgroupManager(flags: Flags): string {
  const manager = flags.text('cgroup-manager') ?? 'cgroupfs';
  if (['cgroupfs', 'systemd', 'disabled'].includes(manager)) return manager;
  throw usage(`invalid value "${manager}" for flag --cgroup-manager`);
}

/** Words as runc takes them. */
function rootless(word: string): { rootless?: boolean } {
  if (word === 'auto' || word === '') return {};
  if (/^(1|t|true)$/i.test(word)) return { rootless: true };
  if (/^(0|f|false)$/i.test(word)) return { rootless: false };
  throw usage(`invalid value "${word}" for flag --rootless`);
}

/** A log file gets the whole sentence; people get it on standard error with what to do next. */
function fail(error: unknown, world: World, log: Log, verb: string): number {
  const message = sentence(error);
  if (log.toFile) log.write('error', message);
  world.stderr.write(`${message}\n`);
  if (error instanceof Fault && error.hint !== undefined) world.stderr.write(`${error.hint}\n`);
  return FAILURE_STATUS[verb] ?? 1;
}

function say(world: World, text: string): number {
  world.stdout.write(`${text}\n`);
  return 0;
}

function help(world: World, name: string): number {
  const verb = VERBS.get(name);
  const head =
    verb === undefined
      ? `usage: sampan oci [flags] <verb> ...\nverbs: ${[...VERBS.keys()].join(' ')} explain`
      : `usage: sampan oci ${name} [flags] ${verb.usage}`;
  const lines = Object.entries(verb?.flags ?? GLOBAL).map(([flag, { short, does }]) => {
    return `  ${`--${flag}${short === undefined ? '' : `, -${short}`}`.padEnd(24)}${does}`;
  });
  return say(world, [head, ...lines].join('\n'));
}
