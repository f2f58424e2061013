/** commit on the real program, and what others read of it: Debian's skopeo, umoci and podman. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupsOfSampan, cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
const sampan = (...args: string[]) => world.sampan(...args);
beforeAll(async () => {
  world = await cliWorld();
  await sampan('pull', '-q', world.image);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const place = (name: string): string => join(world.root, name);
const installed = (program: string): boolean => spawnSync('which', [program]).status === 0;
const run = (command: readonly string[]): string => {
  const [program = '', ...args] = command;
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
};
const blob = (digest: string): Buffer => readFileSync(place(`blobs/${digest.replace(':', '/')}`));
const inspect = async (name: string) => JSON.parse((await sampan('image', 'inspect', name)).stdout)[0];
const documents = async (name: string) => {
  const image = await inspect(name);
  const manifest = JSON.parse(blob(image.Descriptor.digest).toString());
  return { image, manifest, config: JSON.parse(blob(image.Id).toString()) };
};
const SCRIPT =
  'echo made >/etc/made; rm /etc/group; rm -r /home; mkdir /home; ln /etc/made /linked; chown 7:8 /etc/made; mkfifo /pipe';

describe.each(['overlay', 'copy'])('with the %s snapshotter', (snapshotter) => {
  const driven = (...args: string[]) => sampan('--snapshotter', snapshotter, ...args);
  beforeAll(async () => {
    await driven('rmi', '-f', world.image);
    await driven('pull', '-q', world.image);
    mkdirSync(place('volume'), { recursive: true });
    const args = ['-v', `${place('volume')}:/data`, '-e', 'TOLD=1', '-w', '/tmp', '-u', 'root', '-l', 'l=1'];
    const ran = await driven(
      'run',
      '--name',
      snapshotter,
      ...args,
      world.image,
      'sh',
      '-c',
      `${SCRIPT}; touch /data/secret`,
    );
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });
  afterAll(async () => {
    await driven('rm', snapshotter);
    await driven('rmi', '-f', 'made:1');
  });

  test('the image shows what the container did, its settings and its history, and nothing of its mounts', async () => {
    const words = [
      '-a',
      'Ann <a@x>',
      '-m',
      'changed things',
      '-c',
      'ENV MORE=2',
      '-c',
      'EXPOSE 80',
      '--change',
      'CMD ["cat", "/etc/made"]',
    ];
    const { status, stdout, stderr } = await driven('commit', ...words, snapshotter, 'made:1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { image, manifest, config } = await documents('made:1');
    expect(stdout).toBe(`${image.Id}\n`);
    expect(config).toMatchObject({
      author: 'Ann <a@x>',
      architecture: 'amd64',
      config: {
        Cmd: ['cat', '/etc/made'],
        Env: expect.arrayContaining(['TOLD=1', 'MORE=2']),
        ExposedPorts: { '80/tcp': {} },
        WorkingDir: '/tmp',
        User: 'root',
        Labels: { l: '1' },
      },
    });
    expect(config.history.at(-1)).toEqual({
      created: config.created,
      created_by: `sh -c ${SCRIPT}; touch /data/secret`,
      author: 'Ann <a@x>',
      comment: 'changed things',
    });
    expect(config.rootfs.diff_ids.length).toBe(2);
    expect(manifest.mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      const bytes = blob(digest);
      expect(bytes.length).toBe(size);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    }
    const names = execFileSync('tar', ['-tzf', '-'], { input: blob(manifest.layers[1].digest) }).toString();
    expect(names).toBe('etc/\netc/.wh.group\netc/made\nhome/\nhome/.wh.app\nlinked\npipe\n');
    expect((await driven('run', '--rm', 'made:1')).stdout).toBe('made\n');
    const seen = await driven(
      'run',
      '--rm',
      'made:1',
      'sh',
      '-c',
      'stat -c "%u %g %h" /linked; ls /home; ls /etc; pwd; echo $TOLD$MORE',
    );
    expect(seen.stdout).toBe('7 8 2\nhostname\nhosts\nmade\nos-release\npasswd\nresolv.conf\n/tmp\n12\n');
    expect((await driven('history', '--format', '{{.Comment}}|{{.Size}}', 'made:1')).stdout.split('\n')[0]).toBe(
      'changed things|5B',
    );
  });

  test('the same tree gives the same layer', async () => {
    const diffIds: string[] = [];
    for (const name of ['same:1', 'same:2']) {
      await driven('commit', snapshotter, name);
      diffIds.push((await inspect(name)).RootFS.Layers[1]);
    }
    expect(diffIds[0]).toBe(diffIds[1]);
    await driven('rmi', 'same:1', 'same:2');
  });
});

test('formats, one layer alone, an id file, no name, and a commit of a commit', async () => {
  await sampan('run', '--name', 'forms', world.image, 'sh', '-c', SCRIPT);
  expect((await sampan('commit', '-f', 'docker', 'forms', 'docker:1')).status).toBe(0);
  const docker = await documents('docker:1');
  expect(docker.manifest).toMatchObject({
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json' },
  });
  for (const { mediaType } of docker.manifest.layers)
    expect(mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
  expect((await sampan('commit', '--squash', '--iidfile', place('iid'), 'forms', 'squashed:1')).status).toBe(0);
  const squashed = await documents('squashed:1');
  expect(squashed.manifest.layers.length).toBe(1);
  expect(readFileSync(place('iid'), 'utf8')).toBe(squashed.image.Id);
  expect((await sampan('diff', 'squashed:1', 'docker:1')).stdout).toBe('');
  const { stdout } = await sampan('commit', 'forms');
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect((await sampan('images', '--format', '{{.Repository}}', '--filter', 'dangling=true')).stdout).toBe('<none>\n');
  await sampan('run', '--name', 'again', 'squashed:1', 'rm', '/etc/made');
  await sampan('commit', 'again', 'again:1');
  expect((await sampan('diff', 'again:1')).stdout).toBe('C /etc\nD /etc/made\n');
  expect((await sampan('run', '--rm', 'again:1', 'cat', '/linked')).stdout).toBe('made\n');
  await sampan('rm', 'forms', 'again');
});

test('what cannot be is refused, and nothing is left', async () => {
  await sampan('run', '--name', 'odd', world.image, 'touch', '/tmp/.wh.file');
  expect(await sampan('commit', 'odd')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('the file /tmp/.wh.file cannot be in a layer'),
  });
  expect((await sampan('commit', 'nothing')).stderr).toContain('No such container: nothing');
  expect((await sampan('commit', '-c', 'FROM x', 'odd')).stderr).toContain('read the change "FROM x"');
  expect((await sampan('commit', '-f', 'zip', 'odd')).stderr).toContain('"zip" is not a format');
  expect((await sampan('commit', 'odd', `x@sha256:${'0'.repeat(64)}`)).stderr).toContain('a digest cannot be given');
  expect(readdirSync(place('work'))).toEqual([]);
  await sampan('rm', 'odd');
});

const count = async (): Promise<number> => Number((await sampan('exec', 'moves', 'cat', '/tmp/count')).stdout);

let moving = '';
/** Whether its processes are held, by what the kernel says of its groups. */
function isHeld(): boolean {
  const groups = cgroupsOfSampan().filter((group) => group.includes(moving));
  const states = groups.flatMap((group) => ['freezer.state', 'cgroup.freeze'].map((name) => join(group, name)));
  return states.some((path) => existsSync(path) && /^(FROZEN|1)/.test(readFileSync(path, 'latin1')));
}

async function moves(): Promise<boolean> {
  const before = await count();
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await count()) > before) return true;
    await sleep(20);
  }
  return false;
}

test('a running container is held while it is read, and goes on; with --pause=false it is not held', async () => {
  const loop =
    'head -c 40000000 /dev/urandom >/tmp/big; i=0; while :; do i=$((i+1)); echo $i >/tmp/new; mv /tmp/new /tmp/count; done';
  moving = (await sampan('run', '-d', '--name', 'moves', world.image, 'sh', '-c', loop)).stdout.trim();
  for (let tries = 0; (await count()) === 0 && tries < 100; tries += 1) await sleep(50);
  for (const pause of [true, false]) {
    const commit = sampan('commit', `--pause=${pause}`, 'moves', `moves:${pause}`);
    let held = false;
    for (let done = false; !done; held ||= isHeld())
      done = await Promise.race([commit.then(() => true), sleep(20).then(() => false)]);
    expect(await commit).toMatchObject({ status: 0, stderr: '' });
    expect({ pause, held }).toEqual({ pause, held: pause });
    expect({ held: isHeld(), moves: await moves() }).toEqual({ held: false, moves: true });
  }
}, 120_000);

test('killed while it holds a container, the next command lets it go', async () => {
  let held = 0;
  for (let round = 0; round < 12; round += 1) {
    const child = world.spawn(['commit', 'moves', 'killed:1']);
    await sleep(40 + round * 60);
    child.kill('SIGKILL');
    await child.exited;
    held += isHeld() ? 1 : 0;
    await sampan('ps');
    expect({ round, held: isHeld(), moves: await moves() }).toEqual({ round, held: false, moves: true });
    await sampan('rmi', '-f', 'killed:1');
  }
  expect(held).toBeGreaterThan(0);
  await sampan('rmi', 'moves:true', 'moves:false');
  // The next one that changes the store clears what was left.
  expect((await sampan('image', 'prune', '-f')).status).toBe(0);
  expect(readdirSync(place('work'))).toEqual([]);
}, 120_000);

test('a container that is removed while it is read gives no image', async () => {
  const commit = sampan('commit', '--pause=false', 'moves', 'gone:1');
  await sleep(150);
  await sampan('rm', '-f', 'moves');
  const { status } = await commit;
  const listed = (await sampan('images', '-q', 'gone:1')).stdout;
  expect({ status: status === 0, listed: listed !== '' }).toEqual({ status: false, listed: false });
});

test('killed at any moment, it leaves a whole image or none', async () => {
  await sampan('run', '--name', 'rounds', world.image, 'sh', '-c', `${SCRIPT}; head -c 300000 /dev/urandom >/tmp/some`);
  for (let round = 0; round < 30; round += 1) {
    const child = world.spawn(['commit', 'rounds', 'round:1']);
    await sleep(20 + round * 8);
    child.kill('SIGKILL');
    await child.exited;
    const there = (await sampan('images', '-q', 'round:1')).stdout !== '';
    if (there) expect((await sampan('run', '--rm', 'round:1', 'cat', '/etc/made')).stdout).toBe('made\n');
    await sampan('rmi', '-f', 'round:1');
  }
  await sampan('image', 'prune', '-f');
  expect(readdirSync(place('work'))).toEqual([]);
  expect(readdirSync(place('trash'))).toEqual([]);
  expect((await sampan('commit', 'rounds', 'round:1')).status).toBe(0);
  expect((await sampan('run', '--rm', 'round:1', 'cat', '/etc/made')).stdout).toBe('made\n');
  await sampan('rm', 'rounds');
}, 120_000);

describe('read by others', () => {
  let tree: string;
  beforeAll(async () => {
    await sampan('run', '--name', 'shared', world.image, 'sh', '-c', SCRIPT);
    await sampan('commit', 'shared', 'shared:1');
    await sampan('save', '--format', 'oci-dir', '-o', place('layout'), 'shared:1');
    await sampan('save', '-o', place('shared.tar'), 'shared:1');
    tree = (await sampan('image', 'mount', 'shared:1')).stdout.trim();
  });
  afterAll(() => sampan('image', 'unmount', '--all'));
  const listing = (directory: string): string =>
    execFileSync('sh', [
      '-c',
      `cd "$0" && find . -mindepth 1 -printf '%P %y %m %U:%G %l %Ts ' \\( -type d -printf '\\n' -o -printf '%n\\n' \\) | sort`,
      directory,
    ]).toString();

  test.skipIf(!installed('skopeo'))('skopeo copies it, and every digest holds', async () => {
    const { image, manifest } = await documents('shared:1');
    expect(JSON.parse(run(['skopeo', 'inspect', `oci:${place('layout')}:1`]))).toMatchObject({
      Digest: image.Descriptor.digest,
      Layers: manifest.layers.map((layer: { digest: string }) => layer.digest),
    });
    run(['skopeo', 'copy', '--insecure-policy', '-q', `oci:${place('layout')}:1`, `dir:${place('skopeo')}`]);
    for (const { digest } of [manifest.config, ...manifest.layers])
      expect(readFileSync(place(`skopeo/${digest.slice(7)}`)).equals(blob(digest))).toBe(true);
  });

  test.skipIf(!installed('umoci'))('umoci unpacks the same tree', () => {
    run(['umoci', 'unpack', '--image', `${place('layout')}:1`, place('bundle')]);
    expect(listing(place('bundle/rootfs'))).toBe(listing(tree));
  });

  test.skipIf(!installed('podman'))('podman loads it, shows the same tree and the same changes', async () => {
    const podman = (...args: string[]): string =>
      run(['podman', '--root', place('podman'), '--runroot', place('podman-run'), '--storage-driver', 'vfs', ...args]);
    podman('load', '-q', '-i', place('shared.tar'));
    const path = podman('image', 'mount', 'shared:1').trim();
    expect(listing(path)).toBe(listing(tree));
    podman('image', 'unmount', 'shared:1');
    expect(podman('image', 'diff', 'shared:1').trim().split('\n').sort()).toEqual(
      (await sampan('diff', 'shared:1')).stdout.trim().split('\n').sort(),
    );
    podman('rmi', '-a', '-f');
    rmSync(place('podman'), { recursive: true, force: true });
  });

  test('it is pushed, pulled elsewhere and runs', async () => {
    const name = `${world.registry.host}/shared:1`;
    await sampan('tag', 'shared:1', name);
    expect((await sampan('push', '-q', name)).status).toBe(0);
    const other = ['--root', place('other')];
    expect((await sampan(...other, 'run', '--rm', name, 'cat', '/etc/made')).stdout).toBe('made\n');
  });
});
