import type { Step } from '#kernel/plan.ts';
import type { Process } from '#runtime/spec/spec.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What is executed: every place of PATH in turn for a bare name, the path itself otherwise. `keep`: see the step. */
export function execStep(process: Process, preserve: number, keep?: string): Step {
  const env = withHome(process);
  const name = process.args[0] ?? '';
  return {
    op: 'exec',
    candidates: candidates(name, env),
    argv: process.args,
    env,
    preserve,
    ...(keep === undefined ? {} : { keep }),
    origin: 'process.args',
  };
}

/** Whether there is such a program, so far as that can be told before it is executed. */
export function findStep({ args, env }: Process): Step {
  const name = args[0] ?? '';
  return { op: 'findProgram', candidates: candidates(name, env ?? []), name, origin: 'process.args' };
}

export function candidates(name: string, env: readonly string[]): string[] {
  if (name.includes('/')) return [name];
  const path = env.findLast((entry) => entry.startsWith('PATH='))?.slice(5) || DEFAULT_PATH;
  return path.split(':').map((directory) => `${directory || '.'}/${name}`);
}

/** HOME, where the configuration leaves it out: /root for root, / for anyone else (the image is not read for it). */
function withHome({ env = [], user }: Process): readonly string[] {
  const given = env ?? [];
  if (given.some((entry) => entry.startsWith('HOME='))) return given;
  return [...given, user.uid === 0 ? 'HOME=/root' : 'HOME=/'];
}
