import { writeFileSync } from 'node:fs';
import { Fault, isFault } from '#base/fault.ts';
import type { Launch } from '#kernel/launcher.ts';
import { planAsJson } from '#runtime/explain/print.ts';
import type { TerminalMode } from '#runtime/lower/context.ts';
import { checkLaunch, discard, prepare, type Prepared } from './prepare.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

/** Sets a container up to the point where its program would be executed; `start` executes it. */
export async function createContainer(runtime: Runtime, options: CreateOptions): Promise<void> {
  const terminal: TerminalMode =
    options.consoleSocket === undefined ? { kind: 'none' } : { kind: 'socket', path: options.consoleSocket };
  const prepared = prepare(runtime, options, 'hold', terminal);
  writeFileSync(prepared.directory.plan, JSON.stringify(planAsJson(prepared.lowered.plan)), { mode: 0o600 });
  await launchPrepared(runtime, prepared, options);
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
    const launcher = await runtime.launcher();
    const launch = launcher.launch({ plan: encoded, inherited: preserved(options.preserveFds) });
    const unwatch = watch(launch);
    const result = await launch.result.finally(unwatch);
    checkLaunch(runtime, lowered.plan, result);
    const exit = result.records.find((record) => record.kind === 'exit');
    if (exit === undefined && result.code !== 0) {
      throw new Fault(
        'internal',
        `the launcher ended with ${result.signal ?? `exit status ${result.code}`} and no report`,
      );
    }
    return { code: result.code, status: exit?.value };
  } catch (error) {
    await discard(prepared, !isForeignCgroup(error));
    throw error;
  }
}

/** The control group was there before us: it is not ours to remove. */
function isForeignCgroup(error: unknown): boolean {
  return isFault(error, 'conflict') && error.field === 'linux.cgroupsPath';
}

function preserved(count = 0): number[] {
  return Array.from({ length: count }, (_, index) => 3 + index);
}
