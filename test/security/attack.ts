/** What the attacks share: programs compiled for the inside, bundles, and files of the host that must stay as they are. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ociWorld, type OciWorld, type Outcome } from '#test/oci/world.ts';
import { SAMPAN } from '#tools/places.ts';

export type { Outcome } from '#test/oci/world.ts';

/** Compiles `attacks/NAME.c` into a static program at `directory/NAME`. */
export function compileAttack(name: string, directory: string): void {
  const source = join(import.meta.dirname, 'attacks', `${name}.c`);
  const output = join(directory, name);
  execFileSync('musl-gcc', ['-static', '-O1', '-Wall', '-Werror', '-o', output, source], { stdio: 'inherit' });
  chmodSync(output, 0o755);
}

const SECRET = 'this belongs to the host';

/** A directory of the host with a file in it; `changes` lists what an attack did to it. */
export interface Prey {
  directory: string;
  secret: string;
  changes(): string[];
}

function makePrey(parent: string): Prey {
  const directory = join(parent, 'prey');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'secret'), SECRET);
  return {
    directory,
    secret: SECRET,
    changes: () => [
      ...readdirSync(directory)
        .filter((name) => name !== 'secret')
        .map((name) => `new file ${name}`),
      ...(readFileSync(join(directory, 'secret'), 'utf8') === SECRET ? [] : ['the secret was overwritten']),
      ...readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(directory)),
    ],
  };
}

export interface AttackWorld extends OciWorld {
  prey: Prey;
  /** Configures and runs one shell script to its end. */
  run(script: string, change?: Parameters<OciWorld['configure']>[1]): Outcome;
  /** The same command without waiting; standard output and error together. */
  start(...args: string[]): { ended: Promise<Outcome>; kill(): void };
}

let runs = 0;

export function attackWorld(): AttackWorld {
  const world = ociWorld();
  const prey = makePrey(world.directory);
  // Several containers of one bundle run at the same time, so each gets a group of its own.
  const configure: OciWorld['configure'] = (args, change = () => {}) =>
    world.configure(args, (spec, process) => {
      spec.linux = { ...spec.linux, cgroupsPath: `${spec.linux?.cgroupsPath}-${++runs}` };
      change(spec, process);
    });
  return {
    ...world,
    prey,
    configure,
    leftovers: () => [...world.leftovers(), ...groupsOf(`sampan-test-oci-${world.directory.slice(-6)}`)],
    run: (script, change) => {
      configure(['sh', '-c', script], change);
      return world.oci('run', `attack-${++runs}`);
    },
    start: (...args) => {
      // Files, not pipes: what a container in the background holds open would never end.
      const [out, err] = ['out', 'err'].map((name) => join(world.directory, `${name}-${++runs}`)) as [string, string];
      const child = Bun.spawn([SAMPAN, 'oci', '--root', join(world.directory, 'state'), ...args], {
        cwd: world.directory,
        stdio: ['ignore', Bun.file(out), Bun.file(err)],
      });
      const ended = child.exited.then((status) => ({
        status,
        stdout: readFileSync(out, 'utf8'),
        stderr: readFileSync(err, 'utf8'),
      }));
      return { ended, kill: () => child.kill('SIGKILL') };
    },
  };
}

/** Control groups of all hierarchies whose names begin so. */
export function groupsOf(prefix: string): string[] {
  const places = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
  return places
    .filter((place) => statSync(place).isDirectory())
    .flatMap((place) => readdirSync(place).map((name) => `${place}/${name}`))
    .filter((path) => basename(path).startsWith(prefix));
}

/** A temporary directory that goes with the test. */
export function scratch(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'sampan-attack-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The spec's process may do what the tests of the inside need: signals, owners, nodes. */
export const USUAL_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];
