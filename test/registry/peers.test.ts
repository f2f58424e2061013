/** Real programs at our registry: Debian's skopeo, podman and buildah, and our own commands. dockerd is in test/engines. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tar } from '#store/testing/tar-writer.ts';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { busyboxImage } from '#tools/image/busybox.ts';
import { writeLayout } from '#tools/image/layout.ts';
import { makeImage } from '#tools/image/oci-image.ts';
import { pushImage } from '#tools/image/push.ts';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { freePort } from '#tools/registry.ts';
import { bytesOf, clientOf, digestOf, expectStatus, noise } from './client.ts';
import { inspectDirectory } from './directory.ts';

let place: string;
let registry: OwnRegistry;
let locked: OwnRegistry;
const image = busyboxImage({ Cmd: ['sh'] });
const { digest } = image.manifestDescriptor;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'sampan-peers-'));
  writeLayout(join(place, 'layout'), image, 'one');
  const htpasswd = join(place, 'htpasswd');
  writeFileSync(htpasswd, `ann:${await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 5 })}\n`);
  registry = await startOwnRegistry();
  locked = await startOwnRegistry({ flags: ['--htpasswd', htpasswd, '--anonymous-pull'] });
}, 60_000);
afterAll(async () => {
  await registry.stop();
  await locked.stop();
  rmSync(place, { recursive: true, force: true });
});

function run(command: string, ...args: string[]): string {
  const env = { ...process.env, HOME: place, TMPDIR: place, XDG_RUNTIME_DIR: place };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 60_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}: ${stdout}${stderr}`);
  return stdout.trim();
}

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const served = async (name: string): Promise<string> => {
  const response = await expectStatus(await clientOf(registry.url).call(name), 200);
  return digestOf(await bytesOf(response));
};

describe('skopeo', () => {
  const to = (name: string) => `docker://${registry.host}/${name}`;
  const LAX = ['--src-tls-verify=false', '--dest-tls-verify=false'];

  test('copies to it, inspects, lists, copies from it byte for byte, and deletes', async () => {
    run('skopeo', 'copy', '-q', ...LAX, `oci:${place}/layout:one`, to('skopeo/box:1'));
    expect(await served('skopeo/box/manifests/1')).toBe(digest);
    const shown = JSON.parse(run('skopeo', 'inspect', '--tls-verify=false', to('skopeo/box:1'))) as object;
    expect(shown).toMatchObject({ Digest: digest, RepoTags: ['1'] });
    run('skopeo', 'copy', '-q', ...LAX, to('skopeo/box:1'), `dir:${place}/copied`);
    expect(digestOf(readFileSync(join(place, 'copied/manifest.json')))).toBe(digest);
    run('skopeo', 'copy', '-q', ...LAX, to('skopeo/box:1'), to('skopeo/other:2'));
    expect(JSON.parse(run('skopeo', 'list-tags', '--tls-verify=false', to('skopeo/other')))).toMatchObject({
      Tags: ['2'],
    });
    run('skopeo', 'delete', '--tls-verify=false', to('skopeo/other:2'));
    await expectStatus(await clientOf(registry.url).call('skopeo/other/manifests/2'), 404);
  });

  test('copies an image in Docker’s form', async () => {
    run('skopeo', 'copy', '-q', ...LAX, '--format', 'v2s2', `oci:${place}/layout:one`, to('forms:docker'));
    const raw = run('skopeo', 'inspect', '--raw', '--tls-verify=false', to('forms:docker'));
    expect(JSON.parse(raw)).toMatchObject({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' });
  });

  test('with a password: anybody reads, and who has logged in writes', () => {
    const name = `docker://${locked.host}/box:1`;
    const auth = ['--authfile', join(place, 'auth.json')];
    expect(() => run('skopeo', 'copy', '-q', ...LAX, `oci:${place}/layout:one`, name)).toThrow(
      /authentication required|unauthorized|log in/i,
    );
    expect(() =>
      run('skopeo', 'login', ...auth, '--tls-verify=false', '-u', 'ann', '-p', 'wrong', locked.host),
    ).toThrow(/invalid username|unauthorized/i);
    run('skopeo', 'login', ...auth, '--tls-verify=false', '-u', 'ann', '-p', 'secret', locked.host);
    run('skopeo', 'copy', '-q', ...LAX, ...auth, `oci:${place}/layout:one`, name);
    expect(run('skopeo', 'inspect', '--tls-verify=false', '--format', '{{.Digest}}', name)).toBe(digest);
  });
});

describe.skipIf(!has('podman') || !has('buildah'))('podman and buildah', () => {
  const stores = (name: string) => {
    const root = join(place, name);
    mkdirSync(root, { recursive: true });
    return ['--root', `${root}/root`, '--runroot', `${root}/run`, '--storage-driver', 'vfs'];
  };
  const LAX = '--tls-verify=false';

  test('buildah pushes, podman pulls and finds it, and the other way round', async () => {
    const buildah = (...args: string[]) => run('buildah', ...stores('buildah'), ...args);
    run('tar', '-C', join(place, 'layout'), '-cf', join(place, 'layout.tar'), '.');
    buildah('pull', `oci-archive:${place}/layout.tar`);
    const id = buildah('images', '-q', '--no-trunc');
    buildah('push', LAX, id, `docker://${registry.host}/by/buildah:1`);
    expect(await served('by/buildah/manifests/1')).toStartWith('sha256:');
    const podman = (...args: string[]) =>
      run('podman', ...stores('podman'), '--cgroup-manager', 'cgroupfs', '--events-backend', 'file', ...args);
    expect(podman('pull', '-q', LAX, `${registry.host}/by/buildah:1`)).toBe(id.replace('sha256:', ''));
    podman('push', '-q', LAX, `${registry.host}/by/buildah:1`, `${registry.host}/by/podman:1`);
    expect(buildah('pull', '-q', LAX, `docker://${registry.host}/by/podman:1`)).toContain(
      id.replace('sha256:', '').slice(0, 12),
    );
    expect(podman('search', LAX, '--format', '{{.Name}}', `${registry.host}/by/`).split('\n').sort()).toEqual(
      ['buildah', 'podman'].map((name) => `${registry.host}/by/${name}`),
    );
    expect(podman('search', LAX, '--list-tags', `${registry.host}/by/podman`)).toMatch(/by\/podman +1$/);
    podman('manifest', 'create', 'list');
    podman('manifest', 'add', LAX, 'list', `docker://${registry.host}/by/podman:1`);
    podman('manifest', 'push', '--all', LAX, 'list', `docker://${registry.host}/by/list:1`);
    const list = await clientOf(registry.url).call('by/list/manifests/1');
    expect(list.headers.get('content-type')).toMatch(/index|list/);
  });
});

describe('our own commands', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld();
    expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());

  test('push, skip, mount and pull', async () => {
    expect(await world.sampan('push', world.image, `${registry.host}/ours/box:1`)).toMatchObject({ status: 0 });
    const again = await world.sampan('push', world.image, `${registry.host}/ours/box:2`);
    expect(again.stdout).toContain('Layer already exists');
    expect((await world.sampan('push', world.image, `${registry.host}/ours/other:1`)).stdout).toContain(
      'Mounted from ours/box',
    );
    expect(await world.sampan('rmi', `${registry.host}/ours/box:1`)).toMatchObject({ status: 3 });
    const pulled = await world.sampan('pull', `${registry.host}/ours/other:1`);
    expect(pulled).toMatchObject({ status: 0 });
    const original = await bytesOf(await clientOf(world.registry.url).call('busybox/manifests/1'));
    expect(await served('ours/other/manifests/1')).toBe(digestOf(original));
  });

  test('a push goes on when the server dies and is there again', async () => {
    const layers = [40_000_000, 40_000_000, 1000].map((size) => {
      const packed = tar({ name: 'data', content: noise(size) });
      return { packed, diffId: digestOf(packed), mediaType: 'application/vnd.oci.image.layer.v1.tar' };
    });
    const large = makeImage(layers, { Cmd: ['data'] });
    await pushImage(world.registry.url, 'large', '1', large);
    const source = `${world.registry.host}/large:1`;
    expect(await world.sampan('pull', '-q', source)).toMatchObject({ status: 0 });
    const root = join(place, 'dying');
    const listen = `127.0.0.1:${await freePort()}`;
    let dying = await startOwnRegistry({ root, listen });
    const pushing = world.sampan('push', source, `${listen}/large:1`);
    let deaths = 0;
    for (let ended = false; deaths < 2 && !ended; deaths++) {
      ended = await Promise.race([pushing.then(() => true), sleep(250 + deaths * 100).then(() => false)]);
      await dying.kill();
      await dying.stop();
      dying = await startOwnRegistry({ root, listen });
    }
    const { status } = await pushing;
    // A machine that is slow to start the server again may outlast the client's patience.
    expect([0, 7]).toContain(status ?? -1);
    if (status !== 0) {
      expect(await world.sampan('push', source, `${listen}/large:1`)).toMatchObject({ status: 0 });
    }
    const response = await expectStatus(await clientOf(dying.url).call('large/manifests/1'), 200);
    expect(digestOf(await bytesOf(response))).toBe(large.manifestDescriptor.digest);
    expect(deaths).toBeGreaterThan(0);
    inspectDirectory(root);
    await dying.stop();
  }, 60_000);

  test('login, push and logout', async () => {
    const name = `${locked.host}/ours:1`;
    expect(await world.sampan('push', world.image, name)).toMatchObject({ status: 6 });
    const login = (password: string) =>
      world.call(['login', '-u', 'ann', '--password-stdin', locked.host], { input: password });
    expect(await login('wrong')).toMatchObject({ status: 6 });
    expect(await login('secret')).toMatchObject({ status: 0 });
    expect(await world.sampan('push', world.image, name)).toMatchObject({ status: 0 });
    expect(await world.sampan('logout', locked.host)).toMatchObject({ status: 0 });
    expect(await world.sampan('pull', '-q', name)).toMatchObject({ status: 0 });
    expect(await world.sampan('push', world.image, name)).toMatchObject({ status: 6 });
  });
});

test('after all this every file is what it says, and nothing is unfinished', () => {
  expect(inspectDirectory(registry.root)).toMatchObject({ trash: 0, uploads: 0 });
  expect(registry.log()).not.toContain('ERROR');
});
