import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Launch, LaunchResult } from '#kernel/launcher.ts';
import type { SubGroup } from '#runtime/cgroup/sub-group.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { ownGroup } from '#runtime/cgroup/own-group.ts';
import { lowerExec, type ExecContext } from '#runtime/lower/exec.ts';
import type { Lowered, TerminalMode } from '#runtime/lower/context.ts';
import { checkProcess } from '#runtime/spec/check-process.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { containerDirectory } from '#runtime/state/container-directory.ts';
import { observe } from '#runtime/state/status.ts';
import { readState, readStoredSpec } from '#runtime/state/stored-state.ts';
import { checkLaunch } from './prepare.ts';
import type { Runtime } from './runtime.ts';
import { storeExec } from './store-exec.ts';

export interface ExecOptions {
  id: string;
  /** The whole process (`--process`), or what differs from the container's own. */
  process: { whole: unknown } | { own: (process: Process) => Process };
  detach?: boolean;
  consoleSocket?: string;
  pidFile?: string;
  pidfdSocket?: string;
  preserveFds?: number;
  /** Set the program up in a paused container, where it waits for the others. */
  ignorePaused?: boolean;
  /** Groups below the container's own that the program joins instead. */
  subGroups?: readonly SubGroup[];
  /** Nothing but the program and its arguments was asked for: the front can do the same again. */
  isPlain?: boolean;
  watch?: (launch: Launch) => () => void;
}

/** Of a container in which a stored plan was executed, whatever has become of it since. */
const HAS_BEEN = { status: 'running', init: 'inherited' } as const;

/** Runs a further program in a running container; resolves to its exit status (0 when detached). */
export async function execInContainer(runtime: Runtime, options: ExecOptions): Promise<number> {
  const lowered = lowerExecOf(runtime, options);
  for (const warning of lowered.warnings) runtime.warn(warning);
  const result = runtime.stored?.ended ?? (await execute(runtime, options, lowered));
  checkLaunch(runtime, lowered.plan, result);
  if (result.code === null) throw new Fault('internal', `exec in container ${options.id}: the launcher was killed`);
  return result.code;
}

async function execute(runtime: Runtime, options: ExecOptions, lowered: Lowered): Promise<LaunchResult> {
  const inherited = Array.from({ length: options.preserveFds ?? 0 }, (_, index) => 3 + index);
  const launch = (await runtime.launcher()).launch({ plan: encodePlan(lowered.plan), inherited });
  const unwatch = options.watch?.(launch) ?? (() => {});
  // It runs by now, so that this takes nobody's time.
  if (options.isPlain === true) storeExec(runtime, options.id);
  return launch.result.finally(unwatch);
}

/** Looks at the container and lowers the program; changes nothing. */
export function lowerExecOf(runtime: Runtime, options: ExecOptions): Lowered {
  const { id, detach = false, consoleSocket, pidFile, pidfdSocket } = options;
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  const { status, init } = runtime.stored?.ended === undefined ? observe(directory) : HAS_BEEN;
  if (stored === undefined || init === undefined) {
    throw new Fault('conflict', `cannot exec in a container that is not running: ${status}`, { facts: { id, status } });
  }
  if (options.ignorePaused !== true && isPaused(stored.cgroups)) {
    const hint = 'Resume it first, or use --ignore-paused: the program then waits for that.';
    throw new Fault('conflict', 'cannot exec in a paused container', { hint, facts: { id } });
  }
  const facts = runtime.facts();
  const spec = readStoredSpec(directory, id);
  const own = checkProcess(spec.process);
  const process =
    'whole' in options.process ? checkProcess(options.process.whole) : checkProcess(options.process.own(own));
  return lowerExec(process, {
    spec,
    facts,
    init,
    cgroupsPath: stored.cgroupsPath,
    cgroups: stored.cgroups,
    ...userScope(runtime, stored.unit),
    subject: { id, bundle: stored.bundle },
    terminal: terminalMode(consoleSocket, detach),
    mode: detach ? 'detached' : 'run',
    chroot: stored.hostRoot !== undefined,
    subGroups:
      options.subGroups?.length || init === 'inherited'
        ? (options.subGroups ?? [])
        : ownGroup(facts.cgroup, stored.cgroups[0], init.pid),
    ...(stored.keyring === undefined ? {} : { keyring: stored.keyring }),
    ...(pidFile === undefined ? {} : { pidFile }),
    ...(pidfdSocket === undefined ? {} : { pidfdSocket }),
    preserveFds: options.preserveFds ?? 0,
  });
}

/** Root moves processes itself; a user may do so only within what is theirs, and has their systemd do it. */
function userScope(runtime: Runtime, unit: string | undefined): Pick<ExecContext, 'scope'> {
  if (unit === undefined) return {};
  const bus = runtime.bus();
  return bus.isUser ? { scope: { bus, unit } } : {};
}

function terminalMode(consoleSocket: string | undefined, detach: boolean): TerminalMode {
  if (consoleSocket !== undefined) return { kind: 'socket', path: consoleSocket };
  return { kind: detach ? 'none' : 'relay' };
}
