/** Images both ways: what Debian's engines make runs here, and what we save and push is theirs digest for digest. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { SAMPAN } from '#tools/places.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { containerd, ctr } from './containerd-world.ts';
import { docker, dockerd } from './docker-world.ts';
import { type Daemon, directoryOf, forgetGroups, missing, type Outcome, run } from './world.ts';

const absent = (...programs: string[]) => missing(...programs, 'docker-registry', 'skopeo');
const titled = (name: string, reason: string | undefined) =>
  `${name}${reason === undefined ? '' : `: skipped, ${reason}`}`;
const reason = absent();

/** Two stores of ours: what comes back from others is not to be there yet. */
const ours = (store: string, ...args: string[]): Outcome =>
  run([SAMPAN, '--root', join(directoryOf('ours'), store), '--run-root', join('/run/alone', `r-${store}`), ...args]);
const done = ({ status, stdout, stderr }: Outcome): string => {
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};
const idOf = (store: string, name: string): string => done(ours(store, 'images', '-q', '--no-trunc', name)).trim();
const digestIn = (store: string, name: string): string =>
  (JSON.parse(done(ours(store, 'image', 'inspect', name))) as { Descriptor: { digest: string } }[])[0]?.Descriptor
    .digest ?? '';
const file = (name: string): string => join(directoryOf('files'), name);

let registry: TestRegistry;
let image = '';
let id = '';
let digest = '';

/** What has come is as it was; the second store is empty again. */
function comesBack(from: string, name: string, says: readonly string[] = ['echo', 'x'], said = 'x\n'): string {
  done(ours('second', ...(from.startsWith('/') ? ['load', '-i', from] : ['pull', '-q', from])));
  const found = idOf('second', name);
  expect(done(ours('second', 'run', '--rm', '--network', 'none', name, ...says))).toBe(said);
  done(ours('second', 'rmi', '-f', found));
  return found;
}

/** The image's root file system as an archive. */
function exportRoot(to: string): void {
  done(ours('first', 'run', '--name', 'root', '--network', 'none', image, 'true'));
  done(ours('first', 'export', '-o', to, 'root'));
  done(ours('first', 'rm', 'root'));
}

beforeAll(async () => {
  if (reason !== undefined) return;
  registry = await startRegistry();
  await pushImage(registry.url, 'first', '1', busyboxImage({ Cmd: ['sh'] }));
  image = `${registry.host}/first:1`;
  done(ours('first', 'pull', '-q', image));
  [id, digest] = [idOf('first', image), digestIn('first', image)];
  for (const format of ['docker-archive', 'oci-archive']) {
    done(ours('first', 'save', '--format', format, '-o', file(format), image));
  }
}, 60_000);
afterAll(async () => {
  await registry?.stop();
  forgetGroups();
});

describe.skipIf(absent('containerd') !== undefined)(titled('containerd', absent('containerd')), () => {
  let daemon: Daemon;
  beforeAll(async () => void (daemon = await containerd()), 60_000);
  afterAll(() => daemon[Symbol.asyncDispose]());

  test('ctr imports both archives, exports what we load, and pulls what we push', () => {
    for (const format of ['docker-archive', 'oci-archive']) {
      done(ctr('images', 'import', file(format)));
      expect(done(ctr('images', 'list', `name==${image}`))).toContain(` ${digest} `);
      expect(done(ctr('images', 'check', `name==${image}`))).toContain('complete');
      done(ctr('images', 'export', file('from-ctr'), image));
      expect(comesBack(file('from-ctr'), image)).toBe(id);
      done(ctr('images', 'remove', '--sync', image));
    }
    const pushed = `${registry.host}/by-us:ctr`;
    done(ours('first', 'push', '-q', image, pushed));
    done(ctr('images', 'pull', '--plain-http', pushed));
    expect(done(ctr('images', 'list', `name==${pushed}`))).toContain(` ${digest} `);
    const back = `${registry.host}/by-ctr:1`;
    done(ctr('images', 'push', '--plain-http', back, pushed));
    expect(comesBack(back, back)).toBe(id);
  });

  const noDocker = absent('dockerd', 'docker');
  test.skipIf(noDocker !== undefined)(
    titled('docker loads the docker-archive, saves what we load, and pulls what we push', noDocker),
    async () => {
      await using _ = await dockerd();
      done(docker('load', '-i', file('docker-archive')));
      expect(done(docker('images', '-q', '--no-trunc', image)).trim()).toBe(id);
      const echo = ['run', '--rm', '--network', 'none', image, 'echo', 'docker'];
      expect(done(docker(...echo))).toBe('docker\n');
      done(docker('save', '-o', file('from-docker'), image));
      expect(comesBack(file('from-docker'), image)).toBe(id);
      done(docker('rmi', '-f', id));
      const pushed = `${registry.host}/by-us:docker`;
      done(ours('first', 'push', '-q', image, pushed));
      done(docker('pull', '-q', pushed));
      expect(done(docker('inspect', '-f', '{{.Id}} {{index .RepoDigests 0}}', pushed))).toBe(
        `${id} ${registry.host}/by-us@${digest}\n`,
      );
      const back = `${registry.host}/by-docker:1`;
      done(docker('tag', pushed, back));
      done(docker('push', '-q', back));
      expect(comesBack(back, back)).toBe(id);
    },
    60_000,
  );
});

const noBuildah = absent('buildah');
describe.skipIf(noBuildah !== undefined)(titled('buildah', noBuildah), () => {
  const place = noBuildah === undefined ? directoryOf('buildah-sharing') : '';
  const stores = ['--root', `${place}/root`, '--runroot', `${place}/run`, '--storage-driver', 'vfs'];
  const buildah = (...args: string[]): string => done(run(['buildah', ...stores, ...args]));

  test('what it builds on what we pushed runs here, from archives, layouts and the registry', () => {
    const pushed = `${registry.host}/by-us:buildah`;
    done(ours('first', 'push', '-q', image, pushed));
    writeFileSync(file('made'), 'by buildah\n');
    const work = buildah('from', '--tls-verify=false', pushed).trim();
    buildah('copy', work, file('made'), '/made');
    buildah('config', '--env', 'MADE=yes', work);
    const says = ['sh', '-c', 'cat /made; echo $MADE'];
    const said = 'by buildah\nyes\n';
    for (const format of ['oci', 'docker']) {
      const name = `${registry.host}/by-buildah:${format}`;
      buildah('commit', '--format', format, '--tls-verify=false', work, `docker://${name}`);
      const found = comesBack(name, name, says, said);
      const archive = file(`buildah-${format}`);
      buildah('commit', '--format', format, work, `${format}-archive:${archive}:made/by:${format}`);
      expect(found).toMatch(/^sha256:/);
      comesBack(archive, `made/by:${format}`, says, said);
    }
    buildah('commit', work, `oci:${file('layout')}:made/by:layout`);
    comesBack(file('layout'), 'made/by:layout', says, said);
    buildah('rm', '--all');
  }, 60_000);
});

const noPodman = absent('podman');
describe.skipIf(noPodman !== undefined)(titled('podman', noPodman), () => {
  const place = noPodman === undefined ? directoryOf('podman-sharing') : '';
  const stores = ['--root', `${place}/root`, '--runroot', `${place}/run`, '--tmpdir', `${place}/tmp`];
  const ways = ['--cgroup-manager', 'cgroupfs', '--storage-driver', 'vfs', '--events-backend', 'file'];
  const podman = (...args: string[]): string => done(run(['podman', ...stores, ...ways, ...args]));

  test('pulls what we push; what it imports and pushes runs here', () => {
    const pushed = `${registry.host}/by-us:podman`;
    done(ours('first', 'push', '-q', image, pushed));
    expect(podman('pull', '-q', '--tls-verify=false', pushed).trim()).toBe(id.slice('sha256:'.length));
    exportRoot(file('root.tar'));
    podman('import', '-q', '--change', 'CMD=["echo","imported"]', file('root.tar'), 'made/by:podman');
    const back = `${registry.host}/by-podman:1`;
    for (const format of ['oci', 'v2s2']) {
      podman('push', '-q', '--tls-verify=false', '--format', format, 'made/by:podman', `docker://${back}`);
      comesBack(back, back, [], 'imported\n');
    }
  }, 60_000);
});

describe.skipIf(reason !== undefined)(titled('what we import', reason), () => {
  test('is read by skopeo byte for byte, from an archive and from the registry', () => {
    exportRoot(file('ours.tar'));
    done(ours('first', 'import', '--change', 'CMD ["sh"]', file('ours.tar'), 'imported:1'));
    const pushed = `${registry.host}/imported:1`;
    done(ours('first', 'push', '-q', 'imported:1', pushed));
    done(ours('first', 'save', '--format', 'oci-archive', '-o', file('imported'), 'imported:1'));
    const expected = digestIn('first', 'imported:1');
    for (const [from, name] of [
      [`docker://${pushed}`, 'registry'],
      [`oci-archive:${file('imported')}`, 'archive'],
    ] as const) {
      const copy = file(`copy-${name}`);
      done(run(['skopeo', 'copy', '--insecure-policy', '--src-tls-verify=false', '-q', from, `dir:${copy}`]));
      const sums = new Map(readdirSync(copy).map((blob) => [blob, sha256(join(copy, blob))]));
      expect(sums.get('manifest.json')).toBe(expected.slice('sha256:'.length));
      const blobs = [...sums].filter(([blob]) => /^[0-9a-f]{64}$/.test(blob));
      expect(blobs.length).toBe(2);
      for (const [blob, sum] of blobs) expect(sum).toBe(blob);
    }
  }, 60_000);
});

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
