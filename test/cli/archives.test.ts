/** save and load on the real program, and both ways with Debian's skopeo, umoci and podman. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let id: string;
let other: string;
beforeAll(async () => {
  world = await cliWorld();
  id = (await world.sampan('pull', '-q', world.image)).stdout.trim();
  other = await world.push('other', '2', { Env: ['OTHER=1'] });
  await world.sampan('pull', '-q', other);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const place = (name: string): string => join(world.root, name);
/** The same program on a store of its own. */
const second = (...args: string[]) => world.sampan('--root', place('second'), ...args);
const forget = async (): Promise<void> => {
  const ids = (await second('images', '-q', '--no-trunc')).stdout.split('\n').filter(Boolean);
  if (ids.length > 0) await second('rmi', '-f', ...ids);
};
const installed = (program: string): boolean => spawnSync('which', [program]).status === 0;
const run = (command: readonly string[]): string => {
  const [program = '', ...args] = command;
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
};

test('save to a file and load from it, several images, names and IDs kept; the loaded image runs', async () => {
  const file = place('two.tar');
  expect(await world.sampan('save', '-o', file, world.image, other)).toMatchObject({
    status: 0,
    stdout: '',
    stderr: '',
  });
  const loaded = await second('load', '-i', file);
  expect(loaded.stdout).toBe(`Loaded image: ${world.image}\nLoaded image: ${other}\n`);
  expect((await second('images', '-q', '--no-trunc', world.image)).stdout.trim()).toBe(id);
  expect((await second('run', '--rm', other, 'sh', '-c', 'echo $OTHER')).stdout).toBe('1\n');
  await forget();
});

test('save and load through pipes, compressed on the way or not', async () => {
  for (const through of ['cat', 'gzip -1', 'zstd -1 -q']) {
    const line = `"$0" --root "$1" save "$2" | ${through} | "$0" --root "$3" load`;
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: world.root };
    const result = spawnSync('bash', ['-o', 'pipefail', '-c', line, SAMPAN, world.root, id, place('second')], { env });
    expect({ through, out: String(result.stdout), err: String(result.stderr) }).toEqual({
      through,
      out: `Loaded image ID: ${id}\n`,
      err: '',
    });
    expect((await second('rmi', id)).stdout).toContain(`Deleted: ${id}`);
  }
});

test('a layout directory is written whole, loaded, and never written over', async () => {
  const layout = place('layout');
  mkdirSync(layout);
  expect((await world.sampan('save', '--format', 'oci-dir', '-o', layout, world.image)).status).toBe(0);
  for (const name of readdirSync(join(layout, 'blobs/sha256'))) {
    expect(
      createHash('sha256')
        .update(readFileSync(join(layout, 'blobs/sha256', name)))
        .digest('hex'),
    ).toBe(name);
  }
  expect((await second('load', '--input', layout)).stdout).toBe(`Loaded image: ${world.image}\n`);
  expect((await world.sampan('save', '--format', 'oci-dir', '-o', layout, world.image)).status).toBe(4);
  await forget();
});

test('what cannot be done is refused, says why and leaves no file', async () => {
  writeFileSync(place('junk'), 'junk'.repeat(1000));
  const cases: [string[], number, string][] = [
    [['save'], 125, 'argument'],
    [['save', '-o', place('n.tar'), 'nonesuch'], 3, 'No such image: nonesuch'],
    [['save', '--format', 'rar', id], 125, 'docker-archive'],
    [['save', '--format', 'oci-dir', id], 125, '--output'],
    [['save', '-o', place('no/such/file'), id], 2, 'no/such/file'],
    [['load', '-i', place('nonesuch')], 3, 'nonesuch'],
    [['load', '-i', place('junk')], 9, 'archive'],
    [['load', '-i', world.root], 9, 'index.json'],
    [['load'], 9, 'there is none in it'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan(...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect(readdirSync(world.root).filter((name) => /n\.tar/.test(name))).toEqual([]);
  expect(readdirSync(place('work'))).toEqual([]);
});

test('a reader that goes away is a failure', async () => {
  const line = '"$0" --root "$1" save "$2" | head -c 100 >/dev/null; exit ${PIPESTATUS[0]}';
  expect(spawnSync('bash', ['-c', line, SAMPAN, world.root, id]).status).not.toBe(0);
});

test('a load killed at any moment leaves nothing, and the next one succeeds', async () => {
  const file = place('kill.tar');
  await world.sampan('save', '-o', file, world.image, other);
  await second('images');
  for (let round = 0; round < 30; round += 1) {
    const child = world.spawn(['--root', place('second'), 'load', '-i', file]);
    await sleep(round * 8);
    child.kill('SIGKILL');
    await child.exited;
    if (round % 10 === 9) {
      const loaded = await second('load', '-i', file);
      expect(loaded).toMatchObject({ status: 0, stdout: `Loaded image: ${world.image}\nLoaded image: ${other}\n` });
      expect(readdirSync(place('second/work'))).toEqual([]);
      expect((await second('run', '--rm', world.image, 'echo', 'x')).stdout).toBe('x\n');
      await forget();
      expect(
        execFileSync('find', [place('second/blobs'), place('second/snapshots'), '-type', 'f'], { encoding: 'utf8' }),
      ).toBe('');
    }
  }
});

test('Ctrl-C during a load from a pipe that gives nothing ends it at once', async () => {
  const child = Bun.spawn(['bash', '-c', 'sleep 30 | "$0" --root "$1" load', SAMPAN, place('second')], {
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let pid = '';
  for (let tries = 0; pid === '' && tries < 100; tries += 1) {
    await sleep(20);
    pid = spawnSync('pgrep', ['-f', `${place('second')} load$`, '-P', String(child.pid)], { encoding: 'utf8' }).stdout;
  }
  await sleep(500);
  const started = Date.now();
  process.kill(Number(pid), 'SIGINT');
  while (existsSync(`/proc/${pid.trim()}`) && Date.now() - started < 5000) await sleep(20);
  expect(Date.now() - started).toBeLessThan(3000);
  spawnSync('pkill', ['-P', String(child.pid)]);
  await child.exited;
  expect(readdirSync(place('second/work'))).toEqual([]);
});

describe.skipIf(!installed('skopeo'))('skopeo', () => {
  const COPY = ['skopeo', 'copy', '--insecure-policy', '-q'];

  test('reads what is saved, with the same digests', async () => {
    const file = place('skopeo.tar');
    const layout = place('skopeo-layout');
    for (const [transport, format] of [
      ['docker-archive', 'docker-archive'],
      ['oci-archive', 'docker-archive'],
      ['oci-archive', 'oci-archive'],
    ] as const) {
      await world.sampan('save', '--format', format, '-o', file, world.image);
      const raw = JSON.parse(run(['skopeo', 'inspect', '--raw', `${transport}:${file}`])) as {
        config: { digest: string };
      };
      expect(raw.config.digest).toBe(id);
      run([...COPY, `${transport}:${file}`, `dir:${place(`copy-${transport}-${format}`)}`]);
    }
    await world.sampan('save', '--format', 'oci-dir', '-o', layout, world.image);
    expect(JSON.parse(run(['skopeo', 'inspect', `oci:${layout}:1`]))).toMatchObject({
      Digest: JSON.parse((await world.sampan('image', 'inspect', id)).stdout)[0].Descriptor.digest,
    });
  });

  test('what it writes is loaded and runs', async () => {
    const source = place('skopeo-source');
    await world.sampan('save', '--format', 'oci-dir', '-o', source, world.image);
    for (const [transport, name] of [
      ['docker-archive', 'copied/by:docker'],
      ['oci-archive', 'copied/by:oci'],
      ['oci', 'copied/by:layout'],
    ]) {
      const target = place(`from-skopeo-${transport}`);
      run([...COPY, `oci:${source}:1`, `${transport}:${target}:${name}`]);
      const loaded = await second('load', '-i', target);
      expect(loaded).toMatchObject({ status: 0, stdout: `Loaded image: ${name}\n`, stderr: '' });
      expect((await second('images', '-q', '--no-trunc', name ?? '')).stdout.trim()).toBe(id);
      expect((await second('run', '--rm', name ?? '', 'echo', 'x')).stdout).toBe('x\n');
      await forget();
    }
  });
});

describe.skipIf(!installed('umoci'))('umoci', () => {
  test('unpacks what is saved, and what it changes is loaded', async () => {
    const layout = place('umoci');
    await world.sampan('save', '--format', 'oci-dir', '-o', layout, world.image);
    run(['umoci', 'unpack', '--image', `${layout}:1`, place('umoci-bundle')]);
    writeFileSync(place('umoci-bundle/rootfs/made'), 'by umoci\n');
    run(['umoci', 'repack', '--image', `${layout}:made/by:umoci`, place('umoci-bundle')]);
    const loaded = await second('load', '-i', layout);
    expect(loaded).toMatchObject({ status: 0, stderr: '' });
    expect(loaded.stdout).toContain('Loaded image: made/by:umoci\n');
    expect((await second('run', '--rm', 'made/by:umoci', 'cat', '/made')).stdout).toBe('by umoci\n');
    expect((await second('history', '--format', '{{.CreatedBy}}', 'made/by:umoci')).stdout).toContain('umoci');
    await forget();
  });
});

describe.skipIf(!installed('podman'))('podman', () => {
  const podman = (...args: string[]): string =>
    run(['podman', '--root', place('podman'), '--runroot', place('podman-run'), '--storage-driver', 'vfs', ...args]);

  test('loads what is saved, and what it saves is loaded', async () => {
    for (const format of ['docker-archive', 'oci-archive']) {
      const file = place(`for-podman-${format}.tar`);
      // Podman reads no more than one image from an oci-archive.
      const names = format === 'oci-archive' ? [world.image] : [world.image, other];
      await world.sampan('save', '--format', format, '-o', file, ...names);
      expect(podman('load', '-q', '-i', file)).toContain(world.image);
      expect(podman('images', '-q', '--no-trunc', world.image).trim()).toBe(id);
      const back = place(`from-podman-${format}.tar`);
      podman('save', '-q', '--format', format, '-o', back, world.image);
      expect((await second('load', '-i', back)).stdout).toContain(`Loaded image: ${world.image}\n`);
      expect((await second('run', '--rm', world.image, 'echo', 'x')).stdout).toBe('x\n');
      await forget();
      podman('rmi', '-a', '-f');
    }
  });
});
