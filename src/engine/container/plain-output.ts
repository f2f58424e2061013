import { encodePlan } from '#kernel/encode.ts';
import type { Launcher } from '#kernel/launcher.ts';

/**
 * Raw mode, as the standard library has it, goes on to put a carriage return before each line feed of the output. The
 * container's own terminal has done what its programs wanted of that: a full screen's bare line feeds are to stay bare.
 */
export async function plainOutput(launcher: Launcher): Promise<void> {
  const plan = encodePlan({ programs: [{ name: 'main', steps: [{ op: 'plainOutput' }] }] });
  await launcher.launch({ plan, stdio: ['inherit', 'ignore', 'inherit'] }).result;
}
