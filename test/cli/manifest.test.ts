/** manifest lists on the real program, and both ways with Debian's skopeo and buildah. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushImage } from '#tools/image/push.ts';
import { foreignImage, pushMulti, servedDigest, type Multi } from './multi-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

interface Entry {
  digest: string;
  platform?: Record<string, unknown>;
  annotations?: Record<string, string>;
}
interface List {
  mediaType: string;
  manifests: Entry[];
  annotations?: Record<string, string>;
}

let world: CliWorld;
let multi: Multi;
let arm: string;
let whole: string;
const riscv = foreignImage('riscv64');
beforeAll(async () => {
  world = await cliWorld();
  multi = await pushMulti(world.registry.url, 'multi', '1', false);
  whole = `${world.registry.host}/multi:1`;
  await pushImage(world.registry.url, 'riscv', '1', riscv);
  await pushImage(world.registry.url, 'arm', '1', multi.arm);
  arm = `${world.registry.host}/arm:1`;
  await world.sampan('pull', '-q', world.image);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const ok = async (...args: string[]): Promise<string> => {
  const outcome = await world.sampan(...args);
  expect({ args, ...outcome }).toMatchObject({ status: 0 });
  return outcome.stdout.trim();
};
const inspect = async (name: string): Promise<List> => JSON.parse(await ok('manifest', 'inspect', name)) as List;
const host = (): string => multi.host.manifestDescriptor.digest;

test('a list is made of images of the store and of registries, changed, pushed and removed', async () => {
  const created = await ok('manifest', 'create', '--annotation', 'who=me', 'my/list:1', world.image, `docker://${arm}`);
  expect(created).toMatch(/^sha256:[0-9a-f]{64}$/);
  const made = await inspect('my/list:1');
  expect(made).toMatchObject({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    annotations: { who: 'me' },
    manifests: [
      { digest: host(), platform: { architecture: 'amd64', os: 'linux' } },
      { digest: multi.arm.manifestDescriptor.digest, platform: { architecture: 'arm64', os: 'linux' } },
    ],
  });
  await ok(
    'manifest',
    'add',
    '--variant',
    'rva22',
    '--os-features',
    'a,b',
    '--annotation',
    'k=v=w',
    'my/list:1',
    `${world.registry.host}/riscv:1`,
  );
  const riscvDigest = riscv.manifestDescriptor.digest;
  expect((await inspect('my/list:1')).manifests[2]).toMatchObject({
    digest: riscvDigest,
    platform: { architecture: 'riscv64', variant: 'rva22', 'os.features': ['a', 'b'] },
    annotations: { k: 'v=w' },
  });
  await ok(
    'manifest',
    'annotate',
    '--arch',
    'arm',
    '--variant',
    'v7',
    '--os-version',
    '1.2',
    'my/list:1',
    multi.arm.manifestDescriptor.digest,
  );
  await ok('manifest', 'annotate', '--index', '--annotation', 'of=list', 'my/list:1');
  const changed = await inspect('my/list:1');
  expect(changed.annotations).toEqual({ who: 'me', of: 'list' });
  expect(changed.manifests[1]?.platform).toEqual({
    architecture: 'arm',
    os: 'linux',
    variant: 'v7',
    'os.version': '1.2',
  });
  await ok('manifest', 'remove', 'my/list:1', multi.arm.manifestDescriptor.digest);
  expect((await inspect('my/list:1')).manifests.map(({ digest }) => digest)).toEqual([host(), riscvDigest]);
  expect(existsSync(join(world.root, 'blobs', ...multi.arm.manifestDescriptor.digest.split(':')))).toBe(false);
  expect(await ok('images', '--format', '{{.Repository}}:{{.Tag}}', 'my/list')).toBe('my/list:1');

  const file = join(world.root, 'digest');
  const pushed = await ok(
    'manifest',
    'push',
    '-q',
    '--digestfile',
    file,
    'my/list:1',
    `docker://${world.registry.host}/list:1`,
  );
  expect(readFileSync(file, 'utf8')).toBe(pushed);
  expect(await servedDigest(world.registry.url, 'list', '1')).toBe(pushed);
  expect(await servedDigest(world.registry.url, 'list', riscvDigest)).toBe(riscvDigest);
  expect(await ok('run', '--rm', 'my/list:1', 'echo', 'host')).toBe('host');
  await ok('manifest', 'push', '-q', '--purge', 'my/list:1', `${world.registry.host}/list:2`);
  expect((await world.sampan('manifest', 'exists', 'my/list:1')).status).toBe(1);
  expect((await world.sampan('manifest', 'inspect', 'my/list:1')).status).not.toBe(0);
});

test('--all takes every image of an index, without it this machine’s; --amend adds; a digest counts once', async () => {
  await ok('manifest', 'create', 'all:1', `docker://${whole}`);
  expect((await inspect('all:1')).manifests.map(({ digest }) => digest)).toEqual([host()]);
  await ok('manifest', 'create', '--amend', '--all', 'all:1', `docker://${whole}`);
  const { manifests } = await inspect('all:1');
  expect(manifests).toEqual((JSON.parse(await ok('manifest', 'inspect', `docker://${whole}`)) as List).manifests);
  await ok('manifest', 'add', 'all:1', world.image);
  expect((await inspect('all:1')).manifests.length).toBe(manifests.length);
  await ok('manifest', 'rm', 'all:1');
  expect((await world.sampan('manifest', 'exists', 'all:1')).status).toBe(1);
});

test('inspect shows registries’ manifests too, and each by itself with --verbose', async () => {
  const single = JSON.parse(await ok('manifest', 'inspect', '--verbose', `docker://${arm}`)) as Record<string, unknown>;
  expect(single).toMatchObject({
    Ref: `${arm}@${multi.arm.manifestDescriptor.digest}`,
    Descriptor: { digest: multi.arm.manifestDescriptor.digest },
    OCIManifest: { schemaVersion: 2 },
  });
  const list = JSON.parse(await ok('manifest', 'inspect', '-v', `docker://${whole}`)) as {
    Descriptor: { digest: string; platform: object };
  }[];
  expect(list.map(({ Descriptor }) => Descriptor.digest)).toEqual(
    [multi.host, multi.arm, multi.note, multi.riscv].map(({ manifestDescriptor }) => manifestDescriptor.digest),
  );
  expect(list[1]?.Descriptor.platform).toEqual({ architecture: 'arm64', os: 'linux' });
});

test('what cannot be done is refused, says why and changes nothing', async () => {
  await ok('manifest', 'create', 'there:1');
  const before = await ok('manifest', 'inspect', 'there:1');
  const none = `sha256:${'0'.repeat(64)}`;
  const cases: [string[], number, string][] = [
    [['create'], 125, 'argument'],
    [['create', 'there:1'], 4, '--amend'],
    [['create', world.image], 4, 'an image'],
    [['create', `x@${none}`], 2, 'digest'],
    [['create', 'UPPER'], 2, 'UPPER'],
    [['create', 'new:1', `${world.registry.host}/nonesuch:1`], 3, 'nonesuch'],
    [['create', 'new:1', '127.0.0.1:1/x'], 7, '127.0.0.1:1'],
    [['add', 'nonesuch:1', world.image], 3, 'nonesuch:1'],
    [['add', '--all', '--arch', 'arm', 'there:1', world.image], 125, '--all'],
    [['add', '--annotation', 'none', 'there:1', world.image], 2, 'KEY=VALUE'],
    [['annotate', 'there:1', none], 3, none],
    [['annotate', 'there:1'], 125, '--index'],
    [['remove', 'there:1', none], 3, none],
    [['remove', 'there:1', 'nonesuch'], 3, 'nonesuch'],
    [['push', 'nonesuch:1', `${world.registry.host}/x:1`], 3, 'nonesuch:1'],
    [['push', '--format', 'v1', 'there:1', `${world.registry.host}/x:1`], 125, 'v2s2'],
    [['push', 'there:1', '127.0.0.1:1/x:1'], 7, '127.0.0.1:1'],
    [['rm', 'there:1', 'nonesuch'], 3, 'nonesuch'],
    [['rm', world.image], 3, 'manifest list'],
    [['inspect', `${world.registry.host}/nonesuch:1`], 3, 'nonesuch'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan('manifest', ...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect(await ok('manifest', 'inspect', 'there:1')).toBe(before);
  expect((await world.sampan('manifest', 'exists', 'new:1')).status).toBe(1);
  const plain = await world.sampan('push', 'there:1', `${world.registry.host}/x:1`);
  expect(plain).toMatchObject({ status: 5 });
  expect(plain.stderr).toContain('--all-platforms');
  expect(JSON.parse(await ok('image', 'inspect', 'there:1'))).toMatchObject([{ RepoTags: ['there:1'], Manifests: [] }]);
  const run = await world.sampan('run', '--rm', '--pull', 'never', 'there:1');
  expect(run).toMatchObject({ status: 125 });
  expect(run.stderr).toContain('no image for');
  await ok('manifest', 'rm', 'there:1');
  expect(readdirSync(join(world.root, 'work'))).toEqual([]);
});

test('several that add at the same time all have their entry', async () => {
  const images = [world.image, `docker://${arm}`, `docker://${world.registry.host}/riscv:1`];
  await ok('manifest', 'create', 'race:1');
  await Promise.all(images.map((image) => ok('manifest', 'add', 'race:1', image)));
  expect((await inspect('race:1')).manifests.length).toBe(3);
  expect(await ok('image', 'prune', '-f')).not.toContain('race');
  expect(await ok('image', 'prune', '-af')).toContain('untagged: race:1');
  expect((await world.sampan('manifest', 'exists', 'race:1')).status).toBe(1);
  expect(readdirSync(join(world.root, 'blobs/sha256'))).toEqual([]);
  await ok('pull', '-q', world.image);
});

test('create and add killed at any moment leave the old list or the new one, and nothing else', async () => {
  for (let round = 0; round < 16; round++) {
    const child = world.spawn([
      'manifest',
      'create',
      '--amend',
      '--all',
      'killed:1',
      `docker://${whole}`,
      `docker://${arm}`,
    ]);
    await sleep(20 + round * 30);
    child.kill('SIGKILL');
    await child.exited;
    if ((await world.sampan('manifest', 'exists', 'killed:1')).status === 0) {
      expect((await inspect('killed:1')).manifests.length).toBe(4);
      await ok('manifest', 'push', '-q', 'killed:1', `${world.registry.host}/killed:${round}`);
      await ok('manifest', 'rm', 'killed:1');
    }
    await ok('image', 'prune', '-f');
    expect(readdirSync(join(world.root, 'work'))).toEqual([]);
    // Only what the image that was pulled needs.
    expect(readdirSync(join(world.root, 'blobs/sha256')).length).toBe(multi.host.blobs.size + 1);
  }
}, 120_000);

const installed = (program: string): boolean => spawnSync('which', [program]).status === 0;

describe.skipIf(!installed('skopeo') || !installed('buildah'))('others', () => {
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const buildah = (...args: string[]): string =>
    run(
      'buildah',
      '--root',
      join(world.root, 'buildah'),
      '--runroot',
      join(world.root, 'buildah-run'),
      '--storage-driver',
      'vfs',
      ...args,
    );

  test('skopeo and buildah read a pushed list, in both formats', async () => {
    const target = `${world.registry.host}/for-others`;
    await ok('manifest', 'create', 'for/others:1', world.image, `docker://${arm}`);
    await ok('manifest', 'push', '-q', 'for/others:1', `${target}:oci`);
    await ok('manifest', 'push', '-q', '--format', 'v2s2', 'for/others:1', `${target}:v2s2`);
    const types = {
      oci: 'application/vnd.oci.image.index.v1+json',
      v2s2: 'application/vnd.docker.distribution.manifest.list.v2+json',
    };
    for (const [tag, mediaType] of Object.entries(types)) {
      const raw = JSON.parse(
        run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${target}:${tag}`),
      ) as List;
      expect(raw).toMatchObject({
        mediaType,
        manifests: [{ platform: { architecture: 'amd64' } }, { platform: { architecture: 'arm64' } }],
      });
      const to = `dir:${join(world.root, `others-${tag}`)}`;
      run(
        'skopeo',
        'copy',
        '-q',
        '--insecure-policy',
        '--all',
        '--src-tls-verify=false',
        `docker://${target}:${tag}`,
        to,
      );
    }
    for (const tag of Object.keys(types)) {
      const id = buildah('pull', '-q', '--tls-verify=false', `docker://${target}:${tag}`).trim();
      expect(`sha256:${id}`).toBe(await ok('images', '-q', '--no-trunc', world.image));
    }
    await ok('manifest', 'rm', 'for/others:1');
  });

  test('a list that buildah has made and pushed is pulled whole, copied and run', async () => {
    const target = `${world.registry.host}/by-buildah:1`;
    buildah('manifest', 'create', 'made');
    for (const image of [world.image, arm])
      buildah('manifest', 'add', '--tls-verify=false', 'made', `docker://${image}`);
    buildah('manifest', 'push', '-q', '--all', '--tls-verify=false', 'made', `docker://${target}`);
    await ok('pull', '-q', '--all-platforms', target);
    expect((await inspect(target)).manifests.length).toBe(2);
    expect(await ok('run', '--rm', target, 'echo', 'x')).toBe('x');
    await ok('push', '--all-platforms', target, `${world.registry.host}/by-buildah:2`);
    expect(await servedDigest(world.registry.url, 'by-buildah', '2')).toBe(
      await servedDigest(world.registry.url, 'by-buildah', '1'),
    );
    await ok('rmi', target);
  });
});
