/** pasta: an ordinary user's way into the network, root's when asked for. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cliWorld, type CliWorld } from './world.ts';
import { rootlessWorld, textOf, type RootlessWorld } from './rootless-world.ts';

const HAS_PASTA =
  existsSync('/usr/bin/pasta') &&
  existsSync('/dev/net/tun') &&
  /^\S+\t0{8}\t/m.test(readFileSync('/proc/net/route', 'latin1'));
const RIGHT = { status: 0, stderr: '' };
let world: RootlessWorld;
beforeAll(async () => {
  world = await rootlessWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject(RIGHT);
});
afterAll(() => world[Symbol.asyncDispose]());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the server behind a port of the host says; it may need a moment to listen. */
async function said(port: number): Promise<string> {
  for (let round = 0; round < 100; round++) {
    const { stdout } = await world.as('busybox', 'timeout', '1', 'busybox', 'nc', '127.0.0.1', String(port));
    if (stdout !== '') return stdout;
    await Bun.sleep(50);
  }
  return '';
}

const SERVER = ['sh', '-c', 'while :; do echo hello | nc -l -p 80; done'];

async function gone(what: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !what(); round++) await Bun.sleep(20);
  expect(what()).toBe(true);
}

test.skipIf(!HAS_PASTA)(
  'it is the usual network, with a way out and a port that leads in, and ends with the container',
  async () => {
    const inside = await world.sampan('run', '--rm', world.image, 'ip', 'route');
    expect(inside).toMatchObject({ ...RIGHT, stdout: expect.stringContaining('default via') });
    const port = await freePort();
    expect(
      await world.sampan('run', '-d', '--name', 'web', '-p', `127.0.0.1:${port}:80`, world.image, ...SERVER),
    ).toMatchObject(RIGHT);
    expect(await said(port)).toBe('hello\n');
    expect((await world.sampan('port', 'web')).stdout).toBe(`80/tcp -> 127.0.0.1:${port}\n`);
    expect((await world.sampan('port', 'web', '80')).stdout).toBe(`127.0.0.1:${port}\n`);
    expect(world.processes().some((line) => line.startsWith('pasta'))).toBe(true);
    expect((await world.sampan('rm', '-f', 'web')).status).toBe(0);
    await gone(() => world.processes().length === 0);
  },
);

test.skipIf(!HAS_PASTA)('a monitor that is killed leaves no pasta behind', async () => {
  await world.sampan('run', '-d', '--name', 'web', '--network', 'pasta', world.image, ...SERVER);
  const id = (await world.sampan('inspect', '-f', '{{.Id}}', 'web')).stdout.trim();
  const lock = textOf(`${world.home}/.local/share/sampan/containers/${id}/lock`);
  process.kill(Number(lock.split(' ')[0]), 'SIGKILL');
  const next = await world.sampan('ps', '-a');
  expect(next.stderr).toContain('whose monitor had been killed');
  await gone(() => world.processes().length === 0);
  expect((await world.sampan('rm', 'web')).status).toBe(0);
});

test('ports are for pasta alone, and are read with care', async () => {
  const words = (...more: string[]) => world.sampan('run', '--rm', ...more, world.image, 'true');
  expect((await words('--network', 'none', '-p', '8080:80')).stderr).toContain('no port leads into the container');
  for (const wrong of ['80', '0:80', '1-3:80', 'a:b', '8080:80/sctp', '70000:80']) {
    const { status, stderr } = await words('--network', 'pasta', '-p', wrong);
    expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringContaining('read --publish:') });
  }
});

test.skipIf(!HAS_PASTA)('a port that is taken is told in pasta’s words', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as { port: number };
  const { status, stderr } = await world.sampan(
    'run',
    '--rm',
    '--network',
    'pasta',
    '-p',
    `${port}:80`,
    world.image,
    'true',
  );
  server.close();
  // Its version of Debian 12 says so and goes on; later ones fail.
  expect([0, 125]).toContain(status ?? -1);
  if (status === 125) expect(stderr).toContain('/usr/bin/pasta');
  await gone(() => world.processes().length === 0);
});

test.skipIf(!HAS_PASTA)('root has it when it is asked for', async () => {
  await using root: CliWorld = await cliWorld();
  expect((await root.sampan('pull', '-q', root.image)).status).toBe(0);
  const usual = await root.sampan('run', '--rm', root.image, 'ip', 'route');
  expect(usual).toMatchObject({ ...RIGHT, stdout: '' });
  const asked = await root.sampan('run', '--rm', '--network', 'pasta', root.image, 'ip', 'route');
  expect(asked).toMatchObject({ ...RIGHT, stdout: expect.stringContaining('default via') });
  expect(root.leftovers()).toEqual([]);
});
