/** State files cut at any byte, or with anything else in them: every verb works or says what is wrong. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault } from '#base/fault.ts';
import { startTime } from '#base/process-identity.ts';
import { HYBRID_HOST } from '#kernel/host-facts.fixture.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { containerDirectory } from '#runtime/state/container-directory.ts';
import type { StoredState } from '#runtime/state/stored-state.ts';
import { deleteContainer } from '#runtime/verbs/delete.ts';
import { lowerExecOf } from '#runtime/verbs/exec.ts';
import { killContainer } from '#runtime/verbs/kill.ts';
import type { Runtime } from '#runtime/verbs/runtime.ts';
import { containerState, listContainers } from '#runtime/verbs/state.ts';

const ID = 'box';
const CONTINUE = 18;
const FILES = ['state', 'config', 'pid'] as const;
/** No whole state: of another program, another version, or of nobody. */
const STRANGE = [
  '',
  'null',
  '5',
  '"x"',
  '[]',
  '{}',
  '{"cgroups":5}',
  '{"id":null,"cgroups":null}',
  '\0\0\0\0',
  '{"a":',
];

export interface StateWorld extends Disposable {
  /** Every file cut behind every `stride`th byte from `from` on, and replaced by what is strange. Throws what is no Fault. */
  run(from: number, stride: number): Promise<number>;
}

export function stateWorld(): StateWorld {
  const stateRoot = mkdtempSync(join(tmpdir(), 'sampan-fuzz-state-'));
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  return {
    run: (from, stride) => everyDamage(stateRoot, child, from, stride),
    [Symbol.dispose]: () => {
      child.kill('SIGKILL');
      rmSync(stateRoot, { recursive: true, force: true });
    },
  };
}

async function everyDamage(stateRoot: string, child: ChildProcess, from: number, stride: number): Promise<number> {
  const runtime = runtimeAt(stateRoot);
  let done = 0;
  for (const alive of [true, false]) {
    const whole = contents(stateRoot, child, alive);
    for (const file of FILES) {
      const cuts: string[] = [];
      for (let at = from; at < whole[file].length; at += stride) cuts.push(whole[file].slice(0, at));
      for (const damaged of [...cuts, ...STRANGE]) {
        write(stateRoot, { ...whole, [file]: damaged });
        await everyVerb(runtime, alive, `${file}: ${JSON.stringify(damaged.slice(-60))}`);
        done++;
      }
    }
  }
  return done;
}

async function everyVerb(runtime: Runtime, alive: boolean, damage: string): Promise<void> {
  await orFault(damage, 'state', () => containerState(runtime, ID));
  const listed = await orFault(damage, 'list', () => listContainers(runtime));
  if (listed === undefined) throw new Error(`${damage}: one damaged container hides all others from list`);
  await orFault(damage, 'kill', () => killContainer(runtime, ID, CONTINUE));
  await orFault(damage, 'exec', () => lowerExecOf(runtime, { id: ID, process: { own: (process) => process } }));
  await orFault(damage, 'delete', () => deleteContainer(runtime, ID, false));
  // With force anything goes away; not here, where init may be the process of the test.
  if (!alive) {
    await deleteContainer(runtime, ID, true);
    if (listContainers(runtime).length > 0) throw new Error(`${damage}: delete --force left it`);
  }
}

async function orFault<T>(damage: string, verb: string, act: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isFault(error)) return undefined;
    throw new Error(`${verb} with ${damage}: no Fault`, { cause: error });
  }
}

function runtimeAt(stateRoot: string): Runtime {
  return {
    stateRoot,
    bus: () => ({ path: '/nowhere', isPrivate: true, isUser: false }),
    facts: () => HYBRID_HOST,
    warn: () => {},
    launcher: () => Promise.reject(new Error('nothing is launched here')),
  };
}

type Contents = Record<(typeof FILES)[number], string>;

function contents(stateRoot: string, { pid = 0 }: ChildProcess, alive: boolean): Contents {
  const state: StoredState = {
    ociVersion: '1.3.0',
    id: ID,
    bundle: stateRoot,
    rootfs: join(stateRoot, 'rootfs'),
    created: '2026-01-01T00:00:00Z',
    owner: 'root',
    cgroups: ['/sys/fs/cgroup/memory/sampan-fuzz-none'],
    cgroupsPath: '/sampan-fuzz-none',
    keyring: `_ses.${ID}`,
    annotations: { a: 'b' },
  };
  const start = alive ? startTime(pid) : '1';
  return { state: JSON.stringify(state), config: JSON.stringify(defaultSpec()), pid: `${pid} ${start}\n` };
}

function write(stateRoot: string, whole: Contents): void {
  const directory = containerDirectory(stateRoot, ID);
  mkdirSync(directory.path, { recursive: true });
  for (const file of FILES) writeFileSync(directory[file], whole[file]);
}
