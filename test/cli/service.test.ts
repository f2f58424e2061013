/** Containers as services of systemd's: readiness and sockets. Its side is played by small programs. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { serviceManager } from '#tools/service-manager.ts';
import { eventually, inspectContainer } from './restart-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const PYTHON = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
const monitorOf = (id: string): number =>
  Number(readFileSync(join(world.root, 'containers', id.trim(), 'lock'), 'latin1').split(' ')[0]);
let addresses = 0;
const newAddress = (): string => join(world.root, `manager.${++addresses}`);
const listen = (address: string) => serviceManager(address, `${address}.told`);

test('conmon: as soon as it runs, with the monitor as the main process', async () => {
  const address = newAddress();
  using told = await listen(address);
  const { stdout, status } = await world.call(
    [
      'run',
      '-d',
      '--name',
      'early',
      '--sdnotify',
      'conmon',
      world.image,
      'sh',
      '-c',
      'echo "[$NOTIFY_SOCKET]"; sleep 1000',
    ],
    { env: { NOTIFY_SOCKET: address } },
  );
  expect(status).toBe(0);
  expect(await told.heard(1)).toBe(`READY=1\nMAINPID=${monitorOf(stdout)}\n--\n`);
  await eventually(async () => (await world.sampan('logs', 'early')).stdout === '[]\n');
  await world.sampan('rm', '-f', 'early');
});

test('container: its program says when, and can say nothing else', async () => {
  const address = newAddress();
  using told = await listen(address);
  const program = `
import os, socket, time
say = lambda text: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text, os.environ['NOTIFY_SOCKET'])
say(b'MAINPID=1'); say(b'STATUS=half way\\nREADY=10')
open('/half', 'w').close()
while not os.path.exists('/go'): time.sleep(0.02)
say(b'STATUS=there\\nREADY=1\\nFDSTORE=1')
time.sleep(1000)`;
  const { stdout, status } = await world.call(
    ['run', '-d', '--name', 'late', ...PYTHON, world.image, '/usr/bin/python3', '-c', program],
    { env: { NOTIFY_SOCKET: address } },
  );
  expect(status).toBe(0);
  const main = `MAINPID=${monitorOf(stdout)}\n`;
  await eventually(async () => (await world.sampan('exec', 'late', 'ls', '/half')).status === 0);
  expect(told.said()).toBe(`${main}--\n`);
  await world.sampan('exec', 'late', 'touch', '/go');
  expect(await told.heard(2)).toBe(`${main}--\nREADY=1\n${main}--\n`);
  await world.sampan('rm', '-f', 'late');
});

test('ignore, and a manager that is not there: the container runs all the same', async () => {
  const address = newAddress();
  using told = await listen(address);
  const env = { NOTIFY_SOCKET: address };
  const args = (mode: string, name: string): string[] => [
    'run',
    '-d',
    '--name',
    name,
    '--sdnotify',
    mode,
    world.image,
    'sleep',
    '1000',
  ];
  expect((await world.call(args('ignore', 'mute'), { env })).status).toBe(0);
  expect((await world.call(args('conmon', 'alone'), { env: { NOTIFY_SOCKET: newAddress() } })).status).toBe(0);
  await world.sampan('stop', '-t', '0', 'mute');
  expect(await world.call(['start', '--sdnotify', 'conmon', 'mute'], { env })).toMatchObject({ status: 0 });
  expect(await told.heard(1)).toMatch(/^READY=1\nMAINPID=\d+\n--\n$/);
  expect((await world.sampan('create', '--sdnotify', 'loud', world.image)).stderr).toContain('"loud" is none of');
  await world.sampan('rm', '-f', 'mute', 'alone');
});

test('the monitor ends with the status of its container, also of one that removes itself', async () => {
  const status = `
import os, subprocess, sys, ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(os.waitstatus_to_exitcode(os.wait()[1]))`;
  for (const more of [[], ['--rm']]) {
    const env = { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root, NOTIFY_SOCKET: newAddress() };
    const run = [SAMPAN, 'run', '-d', '--sdnotify', 'conmon', ...more, world.image, 'sh', '-c', 'sleep 0.2; exit 9'];
    const child = Bun.spawn(['python3', '-c', status, ...run], { env, stdout: 'pipe' });
    expect(await new Response(child.stdout).text()).toBe('9\n');
  }
  const left = (await world.sampan('ps', '-aq')).stdout.split('\n').filter(Boolean);
  expect(left).toHaveLength(1);
  await world.sampan('rm', ...left);
});

const ACTIVATOR = `
import os, socket, sys
server = socket.socket()
server.bind(('127.0.0.1', int(sys.argv[1])))
server.listen()
if server.fileno() != 3: os.dup2(server.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])`;
const SERVER = `
import os, socket
assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '1'
client = socket.socket(fileno=3).accept()[0]
client.sendall(b'served by ' + open('/etc/hostname', 'rb').read())
client.close()
raise SystemExit(1)`;

test('sockets that were opened for it reach its program, in each of its runs', async () => {
  const port = await freePort();
  const env = { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root };
  const run = [
    'run',
    '-d',
    '--name',
    'web',
    '-h',
    'web',
    '--restart',
    'on-failure',
    ...PYTHON,
    world.image,
    '/usr/bin/python3',
    '-c',
    SERVER,
  ];
  const child = Bun.spawn(['python3', '-c', ACTIVATOR, String(port), SAMPAN, ...run], { env, stdout: 'ignore' });
  expect(await child.exited).toBe(0);
  // Who comes between two runs is served by the next one.
  for (let round = 0; round < 3; round += 1) expect(await ask(port)).toBe('served by web\n');
  expect((await inspectContainer(world, 'web')).RestartCount).toBeGreaterThanOrEqual(1);
  expect(await world.sampan('rm', '-f', 'web')).toMatchObject({ status: 0 });
  expect(await ask(port).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNREFUSED');
  expect(world.leftovers()).toEqual([]);
});

test('with a terminal, too; sockets of another process are nothing to us', async () => {
  const env = { LISTEN_FDS: '1', LISTEN_PID: '1' };
  const plain = await world.call(
    ['run', '--rm', world.image, 'sh', '-c', 'echo "[$LISTEN_FDS]"; ls /proc/self/fd | wc -l'],
    { env },
  );
  expect(plain.stdout).toBe('[]\n4\n');
  const port = await freePort();
  const run = [
    'run',
    '-dt',
    '--name',
    'shown',
    world.image,
    'sh',
    '-c',
    'tty; readlink /proc/self/fd/3; echo "[$LISTEN_FDS]"',
  ];
  const child = Bun.spawn(['python3', '-c', ACTIVATOR, String(port), SAMPAN, ...run], {
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
    stdout: 'ignore',
  });
  expect(await child.exited).toBe(0);
  await world.sampan('wait', 'shown');
  expect((await world.sampan('logs', 'shown')).stdout).toMatch(/^\/dev\/pts\/0\r\nsocket:\[\d+\]\r\n\[1\]\r\n$/);
  await world.sampan('rm', 'shown');
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    createConnection(port, '127.0.0.1')
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('error', reject)
      .on('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}
