/** NOTIFY_SOCKET: the program's word that it is ready reaches the service manager, and nothing else of it. */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { serviceManager, type ServiceManager } from '#tools/service-manager.ts';
import { ociWorld, type OciWorld } from './world.ts';

const PROGRAM = `
import os, socket, time
say = lambda text: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text, os.environ['NOTIFY_SOCKET'])
say(b'MAINPID=1'); say(b'STATUS=half way\\nREADY=10')
time.sleep(0.3)
say(b'STATUS=there\\nREADY=1\\nFDSTORE=1')
time.sleep(0.5)
`;

function configure(world: OciWorld, program: string): void {
  world.configure(['/usr/bin/python3', '-c', program], (spec) => {
    for (const path of ['/usr', '/lib', '/lib64']) {
      spec.mounts?.push({ destination: path, type: 'bind', source: path, options: ['rbind', 'ro'] });
    }
  });
}

interface Manager extends ServiceManager {
  call(...args: string[]): { status: number | null; stderr: string; ms: number };
}

async function manager(world: OciWorld, address: string): Promise<Manager> {
  const listener = await serviceManager(address, join(world.directory, 'told'));
  return {
    ...listener,
    call: (...args) => {
      const started = performance.now();
      const file = join(world.directory, 'stderr');
      const { exitCode } = Bun.spawnSync([SAMPAN, 'oci', '--root', join(world.directory, 'state'), ...args], {
        cwd: world.directory,
        env: { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: address },
        stdout: 'ignore',
        stderr: Bun.file(file),
      });
      return { status: exitCode, stderr: readFileSync(file, 'utf8'), ms: performance.now() - started };
    },
    [Symbol.dispose]: () => listener[Symbol.dispose](),
  };
}

test.each(['file', 'abstract'])('run and start tell the manager, by a %s address', async (kind) => {
  using world = ociWorld();
  const address = kind === 'file' ? join(world.directory, 'manager') : `@sampan-test-${world.directory.slice(-6)}`;
  using told = await manager(world, address);
  configure(world, PROGRAM);
  expect(told.call('run', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(await told.heard(1)).toMatch(/^READY=1\nMAINPID=\d+\n--\n$/);
  expect(told.call('create', 'a')).toMatchObject({ status: 0, stderr: '' });
  const start = told.call('start', 'a');
  expect(start).toMatchObject({ status: 0, stderr: '' });
  expect(start.ms).toBeGreaterThan(300);
  const { pid } = JSON.parse(world.oci('state', 'a').stdout) as { pid: number };
  expect((await told.heard(2)).split('--\n')[1]).toBe(`READY=1\nMAINPID=${pid}\n`);
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('a program that ends without a word is waited for no longer', async () => {
  using world = ociWorld();
  using told = await manager(world, join(world.directory, 'manager'));
  world.configure(['sh', '-c', 'exit 4']);
  expect(told.call('run', 'a')).toMatchObject({ status: 4, stderr: '' });
  expect(told.call('run', '-d', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(told.said()).toBe('');
});

test('a manager that is not there is only worth a warning', () => {
  using world = ociWorld();
  configure(world, PROGRAM);
  writeFileSync(join(world.directory, 'stderr'), '');
  const run = Bun.spawnSync([SAMPAN, 'oci', '--root', join(world.directory, 'state'), 'run', 'a'], {
    cwd: world.directory,
    env: { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: join(world.directory, 'nobody') },
  });
  expect(run.exitCode).toBe(0);
  expect(run.stderr.toString()).toMatch(/level=warning.*NOTIFY_SOCKET.*ENOENT/);
  expect(world.leftovers()).toEqual([]);
});
