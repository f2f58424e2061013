import { Fault } from '#base/fault.ts';
import type { Launch } from '#kernel/launcher.ts';
import type { TerminalMode } from '#runtime/lower/context.ts';
import { createContainer, heldTerminal, launchPrepared } from './create.ts';
import { discard } from './discard.ts';
import { prepare } from './prepare.ts';
import type { CreateOptions, Runtime } from './runtime.ts';
import { startContainer } from './start.ts';

export interface RunOptions extends CreateOptions {
  detach?: boolean;
  /** Leave the container's directory and control groups in place when it ends. */
  keep?: boolean;
  /** Told about the launch, to hand signals on; its result takes that back. */
  watch?: (launch: Launch) => () => void;
}

/** The terminal of a container that `run` stays with. */
export function attachedTerminal(options: CreateOptions): TerminalMode {
  return options.consoleSocket === undefined ? { kind: 'relay' } : heldTerminal(options);
}

/** Creates and starts; resolves to the program's exit status (0 when detached). */
export async function runContainer(runtime: Runtime, options: RunOptions): Promise<number> {
  if (options.detach === true) {
    await createContainer(runtime, options);
    await startContainer(runtime, options.id, options.notifySocket);
    return 0;
  }
  const prepared = prepare(runtime, options, 'run', attachedTerminal(options));
  const { code } = await launchPrepared(runtime, prepared, options, options.watch);
  if (options.keep !== true) await discard(runtime, prepared, prepared.lowered.cgroups, prepared.unit);
  if (code === null) throw new Fault('internal', `run container ${options.id}: the launcher was killed`);
  return code;
}
