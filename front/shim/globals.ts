/** The globals of node that the runtime's sources rely on. */
import { signals } from 'front:constants';
import { addNumbers, Buffer } from './buffer.ts';
import { spawn } from './child-process.ts';
import { host } from './host.ts';
import { finish, forget, later, offSignal, onSignal, tick } from './loop.ts';

const MACHINES: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' };

const nodeProcess = {
  get pid() {
    return host.pid;
  },
  get arch() {
    return MACHINES[host.machine] ?? host.machine;
  },
  get argv() {
    return host.argv;
  },
  get env() {
    return host.environment;
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

/** `unref` means nothing here: the loop ends with the program's work, whatever timers are left. */
function setTimeout(done: () => void, milliseconds = 0) {
  return Object.assign(later(milliseconds, done), { unref: () => undefined });
}

/** The sources only ever sleep by it. */
function wait(_array: unknown, _index: number, _value: number, milliseconds: number): string {
  host.sleep(milliseconds);
  return 'timed-out';
}

/**
 * `main` resolves to the exit status. It is called by `begin`, in another process than the one that loads the modules:
 * what loading them leaves in memory is kept by the build (front/heap.c).
 */
export function installGlobals(main: () => Promise<number>): void {
  addNumbers();
  Object.assign(globalThis, {
    begin: () => void main().then(finish),
    Buffer,
    process: nodeProcess,
    performance: { now: host.monotonic },
    setTimeout,
    clearTimeout: forget,
    Atomics: { wait },
    tick,
  });
}
