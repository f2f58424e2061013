import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld, type Outcome } from './world.ts';

let world: CliWorld;
/** The directories of the configuration; the later one wins. */
let [low, high, here] = ['', '', ''];
beforeAll(async () => {
  world = await cliWorld();
  [low, high, here] = [join(world.root, 'low'), join(world.root, 'high'), join(world.root, 'here')];
  writeFileSync(join(world.root, 'config.toml'), `[cdi]\ndirectories = ["${low}", "${high}"]\n`);
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => expect(world.leftovers()).toEqual([]));
beforeEach(() => {
  for (const directory of [low, high, here]) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
  }
});

const call = (...words: string[]): Promise<Outcome> =>
  world.call(words, { env: { SAMPAN_CONFIG: join(world.root, 'config.toml') } });

async function inside(devices: readonly string[], script: string): Promise<string> {
  const words = devices.flatMap((device) => (device.startsWith('-') ? [device] : ['--device', device]));
  const { stdout, stderr } = await call('run', '--rm', ...words, world.image, 'sh', '-c', script);
  return stdout + stderr;
}
async function refusal(...options: string[]): Promise<string> {
  const { status, stderr } = await call('create', ...options, world.image, 'true');
  expect([options, status]).toEqual([options, 125]);
  return stderr;
}
const describeDevice = (containerEdits: object, more: object = {}): string =>
  JSON.stringify({ cdiVersion: '1.0.0', kind: 'acme.com/toy', devices: [{ name: 'one', containerEdits }], ...more });

test('a device brings nodes, variables, mounts, groups and hooks', async () => {
  writeFileSync(join(here, 'hook'), '#!/bin/sh\ncat > "$1/state"; env > "$1/env"\n', { mode: 0o755 });
  mkdirSync(join(here, 'lib'));
  writeFileSync(join(here, 'lib', 'driver'), 'loaded\n');
  const all = {
    env: ['TOY=one', 'SHARED=device'],
    deviceNodes: [
      { path: '/dev/toy', hostPath: '/dev/loop-control', permissions: 'r' },
      { path: '/dev/odd', type: 'c', major: 10, minor: 237, fileMode: 0o640, gid: 77 },
    ],
    mounts: [{ hostPath: join(here, 'lib'), containerPath: '/usr/lib/toy', options: ['ro', 'nosuid', 'bind'] }],
    hooks: [
      { hookName: 'createContainer', path: join(here, 'hook'), args: ['hook', here], env: ['WORD=said'], timeout: 20 },
    ],
    additionalGids: [0, 4321],
  };
  writeFileSync(join(low, 'toy.json'), describeDevice(all, { containerEdits: { env: ['TOY=all', 'SHARED=all'] } }));
  const script = [
    'stat -c "%t:%T %a %g" /dev/toy /dev/odd',
    '(: < /dev/toy) && echo read',
    'cat /usr/lib/toy/driver',
    'touch /usr/lib/toy/x 2>&1 | grep -o "Read-only.*"',
    'echo $TOY $SHARED $OWN',
    'id -G',
  ].join('; ');
  const onHost = Bun.spawnSync(['stat', '-c', '%t:%T %a', '/dev/loop-control']).stdout.toString().trim();
  expect(await inside(['acme.com/toy=one', '-eOWN=1'], script)).toBe(
    `${onHost} 0\na:ed 640 77\nread\nloaded\nRead-only file system\none device 1\n0 4321\n`,
  );
  const state = JSON.parse(readFileSync(join(here, 'state'), 'utf8')) as {
    status: string;
    pid: number;
    bundle: string;
  };
  expect(state).toMatchObject({ status: 'creating', bundle: expect.stringContaining(join(world.root, 'containers')) });
  expect(readFileSync(join(here, 'env'), 'utf8')).toContain('WORD=said');
});

test('YAML says the same; the later directory wins, and a broken file spoils no other', async () => {
  const yaml = (value: string): string =>
    `---\ncdiVersion: "0.6.0" # old\nkind: acme.com/toy\ndevices:\n- name: "one"\n  containerEdits:\n    env: [FROM=${value}]\n`;
  writeFileSync(join(low, 'toy.yaml'), yaml('low'));
  writeFileSync(join(low, 'broken.yaml'), 'cdiVersion: [\n');
  writeFileSync(join(low, 'README.txt'), yaml('text'));
  expect(await inside(['acme.com/toy=one'], 'echo $FROM')).toBe('low\n');
  writeFileSync(join(high, 'toy.yaml'), yaml('high'));
  expect(await inside(['acme.com/toy=one'], 'echo $FROM')).toBe('high\n');
  writeFileSync(join(high, 'toy2.yaml'), yaml('too'));
  const disputed = await refusal('--device', 'acme.com/toy=one');
  expect(disputed).toContain('toy.yaml');
  expect(disputed).toContain('toy2.yaml');
});

test('a start reads anew what a device is; one that is gone is named', async () => {
  writeFileSync(join(low, 'toy.json'), describeDevice({ env: ['AGE=1'] }));
  const words = ['--name', 'keeper', '--device', 'acme.com/toy=one', world.image, 'sh', '-c', 'echo age $AGE'];
  expect((await call('create', ...words)).status).toBe(0);
  const devices = await call('inspect', '-f', '{{json .HostConfig.DeviceRequests}}', 'keeper');
  expect(JSON.parse(devices.stdout)).toMatchObject([{ Driver: 'cdi', DeviceIDs: ['acme.com/toy=one'] }]);
  writeFileSync(join(low, 'toy.json'), describeDevice({ env: ['AGE=2'] }));
  expect((await call('start', 'keeper')).stdout).toBe('keeper\n');
  await call('wait', 'keeper');
  expect((await call('logs', 'keeper')).stdout).toBe('age 2\n');
  rmSync(join(low, 'toy.json'));
  const gone = await call('start', 'keeper');
  expect(gone.status).not.toBe(0);
  expect(gone.stderr).toContain('acme.com/toy=one');
  await call('rm', 'keeper');
});

test('--gpus are the devices of their vendor', async () => {
  const gpus = ['all', '0', '1'].map((name) => ({ name, containerEdits: { env: [`GPU_${name}=1`] } }));
  const file = { cdiVersion: '0.5.0', kind: 'nvidia.com/gpu', devices: gpus };
  writeFileSync(join(low, 'nvidia.json'), JSON.stringify(file));
  const seen = 'env | grep GPU_ | sort | tr "\\n" " "';
  expect(await inside(['--gpus=all'], seen)).toBe('GPU_all=1 ');
  expect(await inside(['--gpus=2'], seen)).toBe('GPU_0=1 GPU_1=1 ');
  expect(await inside(['--gpus="device=1"'], seen)).toBe('GPU_1=1 ');
  expect(await inside(['--gpus=driver=cdi,device=nvidia.com/gpu=0'], seen)).toBe('GPU_0=1 ');
  expect(await inside(['--gpus=all,capabilities=utility'], seen)).toBe('GPU_all=1 ');
  expect(await refusal('--gpus', '7')).toContain('nvidia.com/gpu=2');
  expect(await refusal('--gpus', 'some')).toContain('--gpus');
  expect(await refusal('--gpus', 'count=1,device=0')).toContain('exclude');
  expect(await refusal('--gpus', 'driver=tofu')).toContain('tofu');
  rmSync(join(low, 'nvidia.json'));
  expect(await refusal('--gpus', 'all')).toContain('nvidia-ctk cdi generate');
});

test('what a description must not say is refused, with its file and field', async () => {
  const cases: [object, string][] = [
    [{ cdiVersion: '9.0.0' }, 'cdiVersion'],
    [{ kind: 'toy' }, 'kind'],
    [{ surprise: 1 }, 'surprise'],
    [{ devices: [] }, 'devices'],
    [{ devices: [{ name: 'one', containerEdits: { env: ['A'] } }] }, 'devices[0].containerEdits.env[0]'],
    [{ devices: [{ name: '-', containerEdits: {} }] }, 'devices[0].name'],
    [{ containerEdits: { hooks: [{ hookName: 'later', path: '/x' }] } }, 'containerEdits.hooks[0].hookName'],
    [{ containerEdits: { mounts: [{ hostPath: '/x' }] } }, 'containerEdits.mounts[0].containerPath'],
  ];
  for (const [more, field] of cases) {
    writeFileSync(join(low, 'toy.json'), describeDevice({}, more));
    const words = await refusal('--device', 'acme.com/toy=one');
    expect(words).toContain('toy.json');
    expect(words).toContain(field);
  }
  writeFileSync(join(low, 'toy.json'), describeDevice({ deviceNodes: [{ path: '/dev/no-such-toy' }] }));
  const { status, stderr } = await call('run', '--rm', '--device', 'acme.com/toy=one', world.image, 'true');
  expect([status, stderr]).toEqual([125, expect.stringContaining('/dev/no-such-toy is missing')]);
  writeFileSync(join(low, 'toy.json'), describeDevice({ hooks: [{ hookName: 'poststop', path: '/bin/true' }] }));
  expect((await call('run', '--rm', '--device', 'acme.com/toy=one', world.image, 'true')).stderr).toContain('poststop');
});
