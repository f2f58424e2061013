import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseBytes } from '#base/units.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let other: string;
beforeAll(async () => {
  world = await cliWorld();
  other = await world.push('other', '2', { Env: ['OTHER=1'], Labels: { keep: 'yes' } });
  for (const image of [world.image, other]) expect((await world.sampan('pull', '-q', image)).status).toBe(0);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface Verbose {
  Images: {
    ID: string;
    RepoTags: string[];
    Size: number;
    SharedSize: number;
    UniqueSize: number;
    Containers: number;
  }[];
  Containers: { Names: string; Size: number; State: string }[];
}
const verbose = async (): Promise<Verbose> =>
  JSON.parse((await world.sampan('system', 'df', '-v', '--format', 'json')).stdout) as Verbose;
const df = async (type: string, field: string): Promise<string> => {
  const { stdout } = await world.sampan('system', 'df', '--format', `{{.Type}}=={{.${field}}}`);
  return (
    stdout
      .split('\n')
      .find((line) => line.startsWith(`${type}==`))
      ?.slice(type.length + 2) ?? ''
  );
};
const onDisk = (...directories: string[]): number =>
  directories
    .map((name) => execFileSync('du', ['-s', '-B1', join(world.root, name)], { encoding: 'utf8' }))
    .reduce((sum, line) => sum + Number.parseInt(line, 10), 0);

test('system df has the table of docker, and its sizes are those of the disk', async () => {
  const { stdout } = await world.sampan('system', 'df');
  expect(stdout).toMatch(
    /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +0 +\S+ +\S+ \(100%\)\nContainers +0 +0 +0B +0B\nLocal Volumes +0 +0 +0B +0B\nBuild Cache +0 +0 +0B +0B\n$/,
  );
  const { Images } = await verbose();
  const [one, two] = Images;
  // Directories of the store's own are part of what du counts, and of no image.
  const unique = Images.reduce((sum, image) => sum + image.UniqueSize, 0);
  const total = unique + (one?.SharedSize ?? 0);
  const disk = onDisk('blobs', 'snapshots');
  expect(total).toBeLessThanOrEqual(disk);
  expect(disk - total).toBeLessThan(64 * 1024);
  for (const image of Images) expect(image.Size).toBe(image.SharedSize + image.UniqueSize);
  expect(one?.SharedSize).toBe(two?.SharedSize ?? 0);
  expect(one?.SharedSize).toBeGreaterThan(one?.UniqueSize ?? Infinity);
  expect(parseBytes(await df('Images', 'Size'), 'size')).toBeGreaterThan(0);
});

test('What a container is made from is not reclaimable, and what it has written is', async () => {
  await world.sampan('run', '--name', 'writer', world.image, 'dd', 'if=/dev/zero', 'of=/big', 'bs=1M', 'count=3');
  await world.sampan('run', '-d', '--name', 'up', world.image, 'sleep', '1000');
  const { Images, Containers } = await verbose();
  expect(Images.find(({ RepoTags }) => RepoTags[0] === world.image)?.Containers).toBe(2);
  expect(Containers.map(({ Names, State }) => `${Names} ${State}`).sort()).toEqual(['up running', 'writer exited']);
  expect(Containers.find(({ Names }) => Names === 'writer')?.Size).toBeGreaterThan(3 * 2 ** 20 - 1);
  expect(await df('Containers', 'TotalCount')).toBe('2');
  expect(await df('Containers', 'Active')).toBe('1');
  const reclaimable = await df('Images', 'Reclaimable');
  expect(reclaimable).toMatch(/^\S+ \(\d+%\)$/);
  const text = (await world.sampan('system', 'df', '-v')).stdout;
  expect(text).toContain('SHARED SIZE   UNIQUE SIZE   CONTAINERS\n');
  expect(text).toMatch(/writer\n/);
  // It is what a prune gives back: the documents of the other image.
  const before = onDisk('blobs', 'snapshots');
  await world.sampan('image', 'prune', '-af');
  const freed = before - onDisk('blobs', 'snapshots');
  expect(reclaimable.startsWith(`${(freed / 1000).toPrecision(3).replace(/\.?0+$/, '')}kB`)).toBe(true);
  await world.sampan('rm', '-f', 'writer', 'up');
  await world.sampan('pull', '-q', other);
});

test('system prune takes stopped containers, then images, and tells what it would take', async () => {
  await world.sampan('untag', other);
  await world.sampan('run', '--name', 'stopped', world.image, 'true');
  await world.sampan('run', '-d', '--name', 'up', world.image, 'sleep', '1000');
  const id = (await world.sampan('ps', '-aq', '--no-trunc')).stdout.split('\n')[1] ?? '';
  const dry = await world.sampan('system', 'prune', '--dry-run');
  expect(dry.stdout).toMatch(/^Containers that would be deleted:\n[0-9a-f]{64}\n\nImages that would be deleted:\n/);
  expect((await world.sampan('ps', '-aq')).stdout.split('\n').length).toBe(3);
  const refused = await world.call(['system', 'prune'], { input: 'n\n' });
  expect(refused).toMatchObject({
    status: 130,
    stdout: expect.stringContaining('  - all stopped containers\n') as string,
  });
  expect(await world.sampan('system', 'prune', '-f', '--volumes', '--filter', 'until=1h')).toMatchObject({ status: 2 });
  const done = await world.sampan('system', 'prune', '-f');
  expect(done.stdout).toContain(`Deleted Containers:\n${id}\n\nDeleted Images:\ndeleted: sha256:`);
  expect((await world.sampan('ps', '-a')).stdout).toContain('up\n');
  await world.sampan('rm', '-f', 'up');
  expect((await world.sampan('system', 'prune', '-af')).stdout).toContain(`untagged: ${world.image}\n`);
  expect(onDisk('blobs', 'snapshots')).toBeLessThan(64 * 1024);
  for (const image of [world.image, other]) await world.sampan('pull', '-q', image);
});

test('container prune takes what its filters say', async () => {
  await world.sampan('run', '--name', 'one', '--label', 'x=1', world.image, 'true');
  await world.sampan('run', '--name', 'two', world.image, 'true');
  expect((await world.sampan('container', 'prune', '-f', '--filter', 'until=1h')).stdout).toBe(
    'Total reclaimed space: 0B\n',
  );
  expect((await world.sampan('container', 'prune', '-f', '--filter', 'reference=1h')).status).toBe(2);
  await world.sampan('container', 'prune', '-f', '--filter', 'label=x=1');
  expect((await world.sampan('ps', '-a')).stdout).toMatch(/ two\n$/);
  await world.sampan('container', 'prune', '-f', '--filter', 'label!=x');
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
});

test('Trees show the layers of an image, and the platforms of images', async () => {
  const { stdout } = await world.sampan('image', 'tree', world.image);
  expect(stdout).toMatch(/^Image ID: [0-9a-f]{12}\nTags: {5}\[/);
  expect(stdout).toMatch(/\n└── ID: [0-9a-f]{12} Size: \S+ Top Layer of: \[.*busybox:1.*\]\n$/);
  expect((await world.sampan('image', 'tree', 'nothing')).status).toBe(3);
  await world.sampan('run', '--name', 'user', world.image, 'true');
  const tree = (await world.sampan('images', '--tree')).stdout;
  expect(tree).toMatch(/^IMAGE +ID +DISK USAGE +CONTENT SIZE +IN USE\n/);
  expect(tree).toMatch(
    new RegExp(`\n${world.image} +[0-9a-f]{12} +\\S+ +\\S+ +U\n└─ linux/amd64 +[0-9a-f]{12} +\\S+ +\\S+ +U\n?`),
  );
  await world.sampan('rm', 'user');
});

test('inspect shows the whole configuration, author, comment and health check', async () => {
  const healthcheck = { Test: ['CMD', 'true'], Interval: 5_000_000_000 };
  const named = await world.push('healthy', '1', { Healthcheck: healthcheck } as object);
  await world.sampan('pull', '-q', named);
  const [inspected] = JSON.parse((await world.sampan('inspect', named)).stdout) as Record<string, unknown>[];
  expect(inspected).toMatchObject({ Author: '', Parent: '', Config: { Healthcheck: healthcheck } });
  const layer = join(world.root, 'rootfs.tar');
  execFileSync('tar', ['cf', layer, '-C', world.root, 'containers']);
  await world.sampan('import', '-m', 'said of it', layer, 'made:1');
  expect((await world.sampan('inspect', '--format', '{{.Comment}}', 'made:1')).stdout).toBe('said of it\n');
  await world.sampan('rmi', named, 'made:1');
});

test('verify finds damage under a running container, mends it, and the container goes on', async () => {
  expect((await world.sampan('image', 'verify')).stdout).toMatch(
    /^2 images, \d+ blobs \(\S+\), \d+ layers: all as their digests say\n$/,
  );
  await world.sampan('run', '-d', '--name', 'up', world.image, 'sh', '-c', 'exec sleep 1000');
  const [layer = ''] = execFileSync(
    'find',
    [join(world.root, 'snapshots/overlay'), '-name', 'busybox', '-path', '*/bin/*'],
    { encoding: 'utf8' },
  ).split('\n');
  execFileSync('sh', ['-c', 'echo x >> "$1"; echo y > "$2"', 'sh', layer, join(layer, '../../added')]);
  const found = await world.sampan('image', 'verify', world.image);
  expect(found.status).toBe(9);
  expect(found.stdout).toContain('/bin/busybox: content, size');
  expect(found.stdout).toContain('/added: not part of the layer');
  const json = JSON.parse((await world.sampan('image', 'verify', '--format', 'json')).stdout) as {
    findings: { state: string; images: { names: string[] }[] }[];
  };
  expect(json.findings[0]).toMatchObject({ state: 'wrong' });
  expect(json.findings[0]?.images.flatMap(({ names }) => names).sort()).toEqual([world.image, other].sort());
  const mended = await world.sampan('image', 'verify', '--repair');
  expect(mended).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('mended: unpacked again; the old files stay until') as string,
  });
  expect((await world.sampan('exec', 'up', 'ls', '/added')).stdout).toBe('/added\n');
  expect((await world.sampan('run', '--rm', world.image, 'ls', '/added')).status).toBe(1);
  await world.sampan('stop', '-t', '0', 'up');
  await world.sampan('start', 'up');
  expect((await world.sampan('exec', 'up', 'ls', '/added')).status).toBe(1);
  await world.sampan('rm', '-f', 'up');
  await world.sampan('image', 'prune', '-f');
  expect(execFileSync('find', [join(world.root, 'snapshots'), '-name', 'added'], { encoding: 'utf8' })).toBe('');
  expect((await world.sampan('image', 'verify')).status).toBe(0);
});

test('verify fetches a damaged blob again from where it came from, and says when it cannot', async () => {
  const blobs = execFileSync('find', [join(world.root, 'blobs'), '-type', 'f', '-size', '+100k'], { encoding: 'utf8' });
  const path = blobs.split('\n')[0] ?? '';
  const spoil = (): void =>
    void execFileSync('sh', ['-c', 'printf x | dd of="$1" bs=1 seek=5000 conv=notrunc status=none', 'sh', path]);
  spoil();
  expect((await world.sampan('image', 'verify', '-q')).status).toBe(9);
  const mended = await world.sampan('image', 'verify', '--repair');
  expect(mended).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`mended: fetched again from ${world.image.replace(/\/.*/, '')}/`) as string,
  });
  spoil();
  await world.registry.stop();
  const lost = await world.sampan('image', 'verify', '--repair');
  expect(lost.status).toBe(9);
  expect(lost.stdout).toMatch(/not mended: .*\n[^]*could not be compared[^]*: 2 found, 2 not to be mended\n$/);
  // What is unpacked was right, and is left alone.
  expect((await world.sampan('run', '--rm', world.image, 'echo', 'whole')).stdout).toBe('whole\n');
});
