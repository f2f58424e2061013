/** The globals of node that the runtime's sources rely on. */
import { signals } from 'front:constants';
import { addNumbers, Buffer } from './buffer.ts';
import { spawn } from './child-process.ts';
import { host } from './host.ts';
import { offSignal, onSignal, tick } from './loop.ts';

const MACHINES: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' };

const environment = (): Record<string, string> =>
  Object.fromEntries(
    host.environment.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

const nodeProcess = {
  pid: host.pid,
  arch: MACHINES[host.machine] ?? host.machine,
  argv: host.argv,
  get env() {
    return environment();
  },
  cwd: (): string => host.directory,
  geteuid: (): number => host.uid,
  getuid: (): number => host.uid,
  kill: (pid: number, signal: string | number): void =>
    host.kill(pid, typeof signal === 'number' ? signal : (signals()[signal] ?? 0)),
  on: onSignal,
  off: offSignal,
  getBuiltinModule: () => ({ spawn }),
};

export function installGlobals(): void {
  addNumbers();
  Object.assign(globalThis, { Buffer, process: nodeProcess, performance: { now: host.monotonic }, tick });
}
