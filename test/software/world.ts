/** What the tests of real software do in their containers. */
import { afterAll, expect } from 'bun:test';
import { leftovers, outcome, type CallOptions, type Outcome } from '#test/cli/world.ts';
import { closeRoot, IMAGE, openRoot } from './root.ts';

export { IMAGE };

export interface SoftwareWorld {
  root: string;
  sampan(...args: string[]): Promise<Outcome>;
  call(args: readonly string[], options?: CallOptions): Promise<Outcome>;
  /** What a script says in a container of its own, or in one that runs; fails where it fails. */
  run(options: readonly string[], script: string): Promise<string>;
  exec(name: string, script: string, ...options: string[]): Promise<string>;
  logs(name: string): Promise<string>;
}

/** For a file of tests, which ends with nothing left running. */
export async function softwareWorld(): Promise<SoftwareWorld> {
  const root = await openRoot();
  const call = (args: readonly string[], options: CallOptions = {}) =>
    outcome(root, args, { timeout: 200_000, ...options });
  const said = async (args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await call(args);
    expect({ status, stderr: status === 0 ? '' : stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
    return stdout;
  };
  return {
    root,
    call,
    sampan: (...args) => call(args),
    run: (options, script) => said(['run', '--rm', ...options, IMAGE, 'sh', '-c', script]),
    exec: (name, script, ...options) => said(['exec', ...options, name, 'sh', '-c', script]),
    logs: async (name) => {
      const { stdout, stderr } = await call(['logs', name]);
      return stdout + stderr;
    },
  };
}

/** Ends what the file left, when it failed half-way; one that succeeded leaves nothing. */
export function endsClean(world: () => SoftwareWorld): void {
  afterAll(async () => {
    const { root, call } = world();
    const all = (await call(['ps', '-aq', '--no-trunc'])).stdout.split('\n').filter(Boolean);
    if (all.length > 0) await call(['rm', '-f', '-v', ...all]);
    const left = await settled(root);
    closeRoot(root);
    expect(left).toEqual([]);
  });
}

/** What one with `--rm` leaves is cleared by a process that outlives the `stop`. */
async function settled(root: string): Promise<string[]> {
  let left = leftovers(root);
  for (let tries = 0; left.length > 0 && tries < 300; tries += 1) {
    await Bun.sleep(100);
    left = leftovers(root);
  }
  return left;
}

/** Shell that waits for something: a service comes up in its own time. */
export const until = (condition: string): string =>
  `for i in $(seq 600); do if ${condition}; then break; fi; test $i -lt 600 && sleep 0.1; done`;
