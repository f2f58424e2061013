/** As much of node:child_process as src/kernel/spawn.ts uses. */
import { signals } from 'front:constants';
import { host } from './host.ts';
import { onEnd } from './loop.ts';

type Stdio = number | 'ignore' | 'inherit';

interface Options {
  stdio: readonly Stdio[];
  env: Record<string, string>;
}

export function spawn(program: string, args: readonly string[], { stdio, env }: Options) {
  const descriptors = stdio.map((entry, at) => (entry === 'inherit' ? at : entry === 'ignore' ? -1 : entry));
  const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const pid = host.spawn([program, ...args], environment, descriptors);
  return {
    pid,
    once(event: string, listener: (status: number | null, signal: string | null) => void): void {
      if (event === 'exit') onEnd(pid, listener);
    },
    kill: (signal: string | number): void =>
      host.kill(pid, typeof signal === 'number' ? signal : (signals()[signal] ?? 0)),
  };
}
