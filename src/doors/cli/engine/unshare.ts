import { Fault } from '#base/fault.ts';
import { signalNumber } from '#engine/container/stop.ts';
import { spawnProgram } from '#kernel/spawn.ts';
import { complain } from '#doors/cli/cli.ts';
import { outsideUser } from '#doors/cli/places.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { IN_SESSION } from './unshare-session.ts';

const STATUS_NOT_FOUND = 127;
/** A terminal's keys reach the program as well; it decides. */
const FOR_THE_PROGRAM = ['SIGINT', 'SIGQUIT'] as const;

/** `unshare`: a program in the user namespace of this user's containers, whose files belong to them there. */
export const unshare: Verb = {
  flags: {},
  args: [0, Infinity],
  stop: true,
  act: async ({ args, io }) => {
    const { env } = io;
    if (outsideUser(env, process.geteuid?.() ?? 0) === undefined) {
      throw new Fault('invalid', 'unshare is for ordinary users: root has their files as they are', {
        facts: { usage: true },
      });
    }
    const [program = env['SHELL'] ?? '/bin/sh', ...rest] = args;
    const ignore = (): void => undefined;
    for (const signal of FOR_THE_PROGRAM) process.on(signal, ignore);
    const given = { ...env, [IN_SESSION]: '1' };
    const { code, signal } = await start([program, ...rest], given).catch((error: unknown) => {
      complain(io, error);
      return { code: STATUS_NOT_FOUND, signal: null };
    });
    for (const one of FOR_THE_PROGRAM) process.off(one, ignore);
    return code ?? 128 + signalNumber(signal ?? 'KILL', 'the end of the program');
  },
};

async function start(command: [string, ...string[]], env: Readonly<Record<string, string | undefined>>) {
  const given = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  try {
    return await spawnProgram({ command, stdio: ['inherit', 'inherit', 'inherit'], env: Object.fromEntries(given) })
      .ended;
  } catch (cause) {
    throw new Fault('notFound', `run ${command[0]}`, { cause });
  }
}
