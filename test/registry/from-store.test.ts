/** `registry serve --from-store`: one machine's images for its neighbours. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { makeImage } from '#tools/image/oci-image.ts';
import { pushIndex } from '#tools/image/push.ts';
import {
  bytesOf,
  clientOf,
  digestOf,
  expectRefusal,
  expectStatus,
  MEDIA,
  noise,
  putManifest,
  type Client,
} from './client.ts';

let world: CliWorld;
let neighbour: CliWorld;
let served: OwnRegistry;
let client: Client;
let digest: string;

beforeAll(async () => {
  [world, neighbour] = [await cliWorld(), await cliWorld()];
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  for (const name of ['box:1', 'box:2', 'quay.io/team/box:1']) await world.sampan('tag', world.image, name);
  served = await serve(world);
  client = clientOf(served.url);
  const original = await clientOf(world.registry.url).call('busybox/manifests/1');
  digest = digestOf(await bytesOf(original));
}, 60_000);
afterAll(async () => {
  await served.stop();
  for (const one of [world, neighbour]) await one[Symbol.asyncDispose]();
});

const serve = ({ root }: CliWorld): Promise<OwnRegistry> =>
  startOwnRegistry({ globals: ['--root', root], source: ['--from-store'] });

test('images are there by the path of their names, with the registry and without it, byte for byte', async () => {
  const registry = clientOf(world.registry.url);
  const original = await bytesOf(await registry.call('busybox/manifests/1'));
  for (const name of ['busybox', 'library/box', 'docker.io/library/box', 'team/box', 'quay.io/team/box']) {
    for (const reference of ['1', digest]) {
      const response = await expectStatus(await client.call(`${name}/manifests/${reference}`), 200);
      expect(response.headers.get('docker-content-digest')).toBe(digest);
      expect(response.headers.get('content-type')).toContain('manifest.v1+json');
      expect((await bytesOf(response)).equals(original)).toBe(true);
    }
    const { config, layers } = JSON.parse(original.toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const blob of [config, ...layers]) {
      const bytes = await bytesOf(await expectStatus(await client.call(`${name}/blobs/${blob.digest}`), 200));
      expect(digestOf(bytes)).toBe(blob.digest);
      await expectStatus(await client.call(`${name}/blobs/${blob.digest}`, { method: 'HEAD' }), 200);
    }
  }
});

test('lists name what is there', async () => {
  const list = async (path: string): Promise<unknown> => (await expectStatus(await client.call(path), 200)).json();
  expect(await list('library/box/tags/list')).toEqual({ name: 'library/box', tags: ['1', '2'] });
  expect(await list('team/box/tags/list')).toEqual({ name: 'team/box', tags: ['1'] });
  expect(await list('_catalog')).toEqual({
    repositories: ['busybox', 'docker.io/library/box', 'library/box', 'quay.io/team/box', 'team/box'],
  });
  await expectRefusal(await client.call('nonesuch/tags/list'), 404, 'NAME_UNKNOWN');
});

test('what is not there, or is of another repository, is unknown; nothing can be changed', async () => {
  await expectStatus(await client.call('library/box/manifests/3'), 404);
  await expectStatus(await client.call(`other/manifests/${digest}`), 404);
  await expectStatus(await client.call(`other/blobs/${digest}`), 404);
  await expectStatus(await client.call(`library/box/blobs/${digestOf(noise())}`), 404);
  await expectStatus(await putManifest(client, 'library/box', '9', Buffer.from('{}')), 405);
  await expectStatus(await client.call('library/box/blobs/uploads/', { method: 'POST' }), 405);
  await expectStatus(await client.call('library/box/manifests/1', { method: 'DELETE' }), 405);
});

test('what is no document is served as a blob alone: a layer is not read to find out what it is', async () => {
  const manifest = await bytesOf(await client.call(`library/box/manifests/${digest}`));
  const { config, layers } = JSON.parse(manifest.toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  for (const blob of [config, ...layers]) {
    await expectRefusal(await client.call(`library/box/manifests/${blob.digest}`), 404, 'MANIFEST_UNKNOWN');
    await expectStatus(await client.call(`library/box/blobs/${blob.digest}`, { method: 'HEAD' }), 200);
  }
});

test('a neighbour pulls from it, directly and as the mirror of docker.io', async () => {
  expect(await neighbour.sampan('pull', '-q', `${served.host}/library/box:1`)).toMatchObject({ status: 0 });
  const settings = join(neighbour.root, 'mirror.conf');
  writeFileSync(
    settings,
    `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "${served.host}"\ninsecure = true\n`,
  );
  const pulled = await neighbour.call(['pull', '-q', 'box:2'], { env: { CONTAINERS_REGISTRIES_CONF: settings } });
  expect(pulled).toMatchObject({ status: 0 });
  const shown = await neighbour.sampan('image', 'inspect', '--format', '{{index .RepoDigests 0}}', 'box:2');
  expect(shown.stdout).toContain(digest);
  const skopeo = [
    'inspect',
    '--tls-verify=false',
    '--format',
    '{{.Digest}}',
    `docker://${served.host}/docker.io/library/box:1`,
  ];
  expect(execFileSync('skopeo', skopeo, { encoding: 'utf8' }).trim()).toBe(digest);
});

test('an index that was pulled whole is served whole, and all that it leads to', async () => {
  const images = ['amd64', 'arm64'].map((architecture) => makeImage([], { Cmd: [architecture] }, architecture));
  await pushIndex(world.registry.url, 'multi', 'all', images);
  const name = `${world.registry.host}/multi:all`;
  expect(await world.sampan('pull', '-q', '--all-platforms', name)).toMatchObject({ status: 0 });
  const original = await bytesOf(await clientOf(world.registry.url).call('multi/manifests/all'));
  const response = await expectStatus(await client.call('multi/manifests/all'), 200);
  expect(response.headers.get('content-type')).toBe(MEDIA.index);
  expect((await bytesOf(response)).equals(original)).toBe(true);
  for (const { manifestDescriptor, blobs } of images) {
    const member = await expectStatus(await client.call(`multi/manifests/${manifestDescriptor.digest}`), 200);
    expect(digestOf(await bytesOf(member))).toBe(manifestDescriptor.digest);
    for (const blob of blobs.keys()) await expectStatus(await client.call(`multi/blobs/${blob}`), 200);
    await expectStatus(await client.call(`library/box/manifests/${manifestDescriptor.digest}`), 404);
  }
  const copy = [
    'copy',
    '-q',
    '--all',
    '--src-tls-verify=false',
    `docker://${served.host}/multi:all`,
    `oci:${neighbour.root}/multi`,
  ];
  execFileSync('skopeo', copy);
  expect(await neighbour.sampan('pull', '-q', '--all-platforms', `${served.host}/multi:all`)).toMatchObject({
    status: 0,
  });
});

test('an image that is removed stays for whom has its manifest, and goes with the server', async () => {
  const { image } = world;
  const other = await world.push('leaving', '1', { Cmd: ['leaving'] });
  expect(await world.sampan('pull', '-q', other)).toMatchObject({ status: 0 });
  const leaving = await serve(world);
  const asking = clientOf(leaving.url);
  const manifest = await bytesOf(await expectStatus(await asking.call('leaving/manifests/1'), 200));
  const config = (JSON.parse(manifest.toString()) as { config: { digest: string } }).config.digest;
  expect(await world.sampan('rmi', other)).toMatchObject({ status: 0 });
  expect(await world.sampan('image', 'prune', '-f')).toMatchObject({ status: 0 });
  const bytes = await bytesOf(await expectStatus(await asking.call(`leaving/blobs/${config}`), 200));
  expect(digestOf(bytes)).toBe(config);
  await expectStatus(await asking.call('leaving/manifests/1'), 404);
  // Killed, it takes its leases with it.
  await leaving.kill();
  await leaving.stop();
  await sleep(10);
  expect(await world.sampan('rmi', image)).toMatchObject({ status: 0 });
  await world.sampan('image', 'prune', '-f');
  const path = join(world.root, 'blobs/sha256', config.slice(7));
  expect(await Bun.file(path).exists()).toBe(false);
});
