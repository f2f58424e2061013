import { writeFileSync } from 'node:fs';
import { Fault, isFault } from '#base/fault.ts';
import type { Launch, LaunchResult } from '#kernel/launcher.ts';
import type { Plan } from '#kernel/plan.ts';
import type { ReportRecord } from '#kernel/report.ts';
import { removeUnused } from '#runtime/cgroup/remove.ts';
import { planAsJson } from '#runtime/explain/print.ts';
import type { TerminalMode } from '#runtime/lower/context.ts';
import { discard } from './discard.ts';
import { endInit } from './half-made.ts';
import { checkLaunch, prepare, type Prepared } from './prepare.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

/** Sets a container up to the point where its program would be executed; `start` executes it. */
export async function createContainer(runtime: Runtime, options: CreateOptions): Promise<void> {
  const prepared = prepare(runtime, options, 'hold', heldTerminal(options));
  if (runtime.stored?.ended === undefined) {
    writeFileSync(prepared.directory.plan, JSON.stringify(planAsJson(prepared.lowered.plan)), { mode: 0o600 });
  }
  await launchPrepared(runtime, prepared, options);
}

/** The terminal of a container that nobody stays with. */
export function heldTerminal({ consoleSocket }: CreateOptions): TerminalMode {
  return consoleSocket === undefined ? { kind: 'none' } : { kind: 'socket', path: consoleSocket };
}

/** Launches, and takes everything back when that fails. Resolves to the launcher's end. */
export async function launchPrepared(
  runtime: Runtime,
  prepared: Prepared,
  options: CreateOptions,
  watch: (launch: Launch) => () => void = () => () => {},
): Promise<{ code: number | null; status: number | undefined }> {
  const { encoded, lowered } = prepared;
  try {
    const result = runtime.stored?.ended ?? (await execute(runtime, encoded, options, watch));
    const exit = result.records.find((record) => record.kind === 'exit');
    checkLaunch(runtime, lowered.plan, upTo(result, exit));
    if (exit === undefined && result.code !== 0) {
      throw new Fault(
        'internal',
        `the launcher ended with ${result.signal ?? `exit status ${result.code}`} and no report`,
      );
    }
    return { code: exit === undefined ? result.code : exitCode(exit.value), status: exit?.value };
  } catch (error) {
    await takeBack(runtime, prepared, error);
    throw error;
  }
}

/** Removes what a launch had made until it failed with this error, and nothing that was there before. */
export async function takeBack(runtime: Runtime, prepared: Prepared, error: unknown): Promise<void> {
  const { lowered, directory } = prepared;
  // Whatever it had made by then is its own and soon empty, but nobody has said what that is.
  if (isFault(error) && error.facts['step'] === undefined) {
    await endInit(directory);
    await removeUnused(lowered.cgroups);
  }
  await discard(runtime, prepared, madeCgroups(lowered.plan, error), startedUnit(prepared, error));
}

async function execute(
  runtime: Runtime,
  plan: Uint8Array,
  options: CreateOptions,
  watch: (launch: Launch) => () => void,
): Promise<LaunchResult> {
  const launcher = await runtime.launcher();
  const launch = launcher.launch({ plan, inherited: preserved(options.preserveFds) });
  const unwatch = watch(launch);
  return launch.result.finally(unwatch);
}

/** What a plan reports after its program has ended is about cleaning up, which is done all over then. */
function upTo(result: LaunchResult, exit: ReportRecord | undefined): LaunchResult {
  return exit === undefined ? result : { ...result, records: result.records.slice(0, result.records.indexOf(exit)) };
}

/**
 * Control groups that a failed launch had made: those of the steps before the one that failed. Any other of the same
 * path, in this hierarchy or the next, was there before us, with processes that are not ours to kill.
 */
function madeCgroups(plan: Plan, error: unknown): string[] {
  const failed = isFault(error) ? error.facts['step'] : undefined;
  if (typeof failed !== 'number') return [];
  return (plan.programs[0]?.steps ?? [])
    .slice(0, failed)
    .flatMap((step) => (step.op === 'mkdir' && step.origin === 'linux.cgroupsPath' ? [step.path] : []));
}

/** The unit, when it is ours: one that was there before makes the call fail that would have started it. */
function startedUnit({ unit, lowered }: Prepared, error: unknown): string | undefined {
  const failed = isFault(error) ? error.facts['step'] : undefined;
  const call = lowered.plan.programs[0]?.steps.findIndex((step) => step.op === 'busCall' && step.job === 1) ?? -1;
  return typeof failed === 'number' && failed > call ? unit : undefined;
}

/** Of a wait status, as shells give it. */
function exitCode(status: number): number {
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

function preserved(count = 0): number[] {
  const fds: number[] = [];
  for (let index = 0; index < count; index++) fds.push(3 + index);
  return fds;
}
