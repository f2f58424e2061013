/** image copy on the real program, between all kinds of places, and both ways with Debian's skopeo. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushImage } from '#tools/image/push.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { artifact, pushMulti, servedDigest, type Multi } from './multi-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let other: TestRegistry;
let multi: Multi;
let source: string;
/** The same without an index in an index, which skopeo does not read. */
let flat: Multi;
let flatSource: string;
beforeAll(async () => {
  world = await cliWorld();
  other = await startRegistry();
  multi = await pushMulti(world.registry.url, 'multi', '1');
  flat = await pushMulti(world.registry.url, 'flat', '1', false);
  flatSource = `docker://${world.registry.host}/flat:1`;
  source = `docker://${world.registry.host}/multi:1`;
}, 60_000);
afterAll(async () => {
  await other.stop();
  await world[Symbol.asyncDispose]();
});

const place = (name: string): string => join(world.root, name);
const copy = async (...args: string[]): Promise<string> => {
  const outcome = await world.sampan('image', 'copy', ...args);
  expect({ args, ...outcome }).toMatchObject({ status: 0 });
  return outcome.stdout.trim();
};
const skopeo = (...args: string[]): string =>
  execFileSync('skopeo', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const SKOPEO_COPY = ['copy', '-q', '--insecure-policy', '--all', '--preserve-digests'];
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('an index goes round through every kind of place and comes back byte by byte', async () => {
  const places = ['oci-archive:A:x/y:1', 'oci:L:tag', 'dir:D', 'store:kept/multi:1'].map((text) =>
    text.replace(/:([ALD])/, (_, file: string) => `:${place(file)}`),
  );
  let at = source;
  for (const next of places) {
    expect(await copy('--all', at, next)).toBe(multi.digest);
    at = next;
  }
  expect(await copy('--all', at, `docker://${other.host}/round:1`)).toBe(multi.digest);
  expect(await servedDigest(other.url, 'round', '1')).toBe(multi.digest);
  for (const { manifestDescriptor } of [multi.host, multi.arm, multi.riscv, multi.note]) {
    expect(await servedDigest(other.url, 'round', manifestDescriptor.digest)).toBe(manifestDescriptor.digest);
  }
  expect((await world.sampan('run', '--rm', 'kept/multi:1', 'echo', 'x')).stdout).toBe('x\n');
  expect(await world.sampan('rmi', 'kept/multi:1')).toMatchObject({ status: 0 });
  expect(readdirSync(place('blobs/sha256'))).toEqual([]);
});

test('without --all this machine’s image is taken, or that of --platform; the index alone goes where its images are', async () => {
  const host = multi.host.manifestDescriptor.digest;
  const arm = multi.arm.manifestDescriptor.digest;
  expect(await copy(source, `docker://${other.host}/one:host`)).toBe(host);
  expect(await copy('--platform', 'linux/arm64', source, `docker://${other.host}/one:arm`)).toBe(arm);
  expect(await copy('--platform', 'linux/riscv64', source, `oci:${place('riscv')}`)).toBe(
    multi.riscv.manifestDescriptor.digest,
  );
  const alone = await world.sampan(
    'image',
    'copy',
    '--multi-arch',
    'index-only',
    source,
    `docker://${other.host}/bare:1`,
  );
  expect(alone.status).toBe(2);
  expect(alone.stderr).toContain('manifest');
  await copy('--all', source, `docker://${other.host}/full:1`);
  expect(await copy('--multi-arch', 'index-only', source, `docker://${other.host}/full:2`)).toBe(multi.digest);
});

test('within one registry blobs are mounted', async () => {
  const outcome = await world.sampan('image', 'copy', '--all', source, `docker://${world.registry.host}/mounted:1`);
  expect(outcome.stderr.match(/Mounted from multi/g)?.length).toBeGreaterThan(5);
  expect(outcome.stderr).not.toContain('Copying');
});

test('what skopeo copies with --all is read, and what is copied is read by skopeo, with the same digest', async () => {
  for (const [transport, file] of [
    ['oci', 'sk-layout'],
    ['oci-archive', 'sk-archive'],
    ['dir', 'sk-dir'],
  ] as const) {
    const theirs = `${transport}:${place(`${file}-theirs`)}${transport === 'dir' ? '' : ':t'}`;
    skopeo(...SKOPEO_COPY, '--src-tls-verify=false', flatSource, theirs);
    expect(await copy('--all', theirs, `docker://${other.host}/${file}:1`)).toBe(flat.digest);
    const ours = `${transport}:${place(`${file}-ours`)}${transport === 'dir' ? '' : ':t'}`;
    await copy('--all', flatSource, ours);
    expect(`sha256:${hash(Buffer.from(skopeo('inspect', '--raw', ours).replace(/\n$/, '')))}`).toBe(flat.digest);
    skopeo(...SKOPEO_COPY, '--dest-tls-verify=false', ours, `docker://${other.host}/${file}:2`);
    expect(await servedDigest(other.url, file, '2')).toBe(flat.digest);
  }
  const archive = place('for-docker.tar');
  await copy(source, `docker-archive:${archive}:some/app:3`);
  expect(skopeo('inspect', '--raw', `docker-archive:${archive}:some/app:3`)).toContain('layers');
  skopeo(
    'copy',
    '-q',
    '--insecure-policy',
    `docker-archive:${archive}`,
    `docker-archive:${place('back.tar')}:some/app:4`,
  );
  expect(await copy(`docker-archive:${place('back.tar')}:some/app:4`, 'store:back:1')).toMatch(/^sha256:/);
  expect((await world.sampan('run', '--rm', 'back:1', 'echo', 'x')).stdout).toBe('x\n');
});

test('manifests are written in another format, layers keep their digests, and --preserve-digests forbids it', async () => {
  const name = `${other.host}/converted`;
  const plain = await world.push('plain', '1');
  const before = JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${plain}`)) as { Layers: string[] };
  const digest = await copy('--format', 'v2s2', `docker://${plain}`, `docker://${name}:1`);
  const raw = JSON.parse(skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}:1`)) as {
    mediaType: string;
  };
  expect(raw.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  expect(await servedDigest(other.url, 'converted', '1')).toBe(digest);
  const after = JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${name}:1`)) as { Layers: string[] };
  expect(after.Layers).toEqual(before.Layers);
  const back = await copy('--format', 'oci', `docker://${name}:1`, `docker://${name}:2`);
  expect(back).toBe((await servedDigest(world.registry.url, 'plain', '1')) ?? '');
  const kept = ['image', 'copy', '--preserve-digests', '--format', 'v2s2', `docker://${plain}`, `docker://${name}:3`];
  expect((await world.sampan(...kept)).status).toBe(5);
  expect(await servedDigest(other.url, 'converted', '3')).toBe(null);
  const attested = await world.sampan('image', 'copy', '--all', '-f', 'v2s2', source, `docker://${name}:4`);
  expect(attested.status).toBe(8);
  expect(attested.stderr).toContain('in-toto');
});

test('an artifact with subject and annotations passes through places unchanged', async () => {
  const note = artifact(multi.host);
  await pushImage(world.registry.url, 'multi', 'note', note);
  const digest = note.manifestDescriptor.digest;
  const from = `docker://${world.registry.host}/multi:note`;
  expect(await copy(from, `oci:${place('notes')}:n`)).toBe(digest);
  expect(JSON.parse(readFileSync(join(place('notes'), 'index.json'), 'utf8'))).toMatchObject({
    manifests: [{ digest, artifactType: 'application/vnd.example.sbom.v1+json' }],
  });
  expect(await copy(`oci:${place('notes')}:n`, 'store:some/note:1')).toBe(digest);
  expect(await copy('store:some/note:1', `docker://${other.host}/note:1`)).toBe(digest);
  expect(await servedDigest(other.url, 'note', '1')).toBe(digest);
  const archive = await world.sampan('image', 'copy', from, `docker-archive:${place('note.tar')}`);
  expect(archive).toMatchObject({ status: 8 });
  expect((await world.sampan('rmi', 'some/note:1')).status).toBe(0);
});

test('credentials for each side, and TLS that need not be verified', async () => {
  const htpasswd = place('htpasswd');
  writeFileSync(htpasswd, `tester:${await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 4 })}\n`);
  await using locked = await startRegistry({ htpasswd });
  const to = `docker://${locked.host}/app:1`;
  expect((await world.sampan('image', 'copy', source, to)).status).toBe(6);
  await copy('--dest-creds', 'tester:secret', source, to);
  expect((await world.sampan('image', 'copy', to, `oci:${place('locked')}`)).status).toBe(6);
  await copy('--src-creds', 'tester:secret', '--src-tls-verify=false', to, `oci:${place('locked')}`);
  const auth = place('auth.json');
  const encoded = Buffer.from('tester:secret').toString('base64');
  writeFileSync(auth, JSON.stringify({ auths: { [locked.host]: { auth: encoded } } }));
  await copy('--authfile', auth, to, `oci:${place('locked')}:again`);
  expect(
    (await world.sampan('image', 'copy', '--authfile', auth, '--src-no-creds', to, `dir:${place('no')}`)).status,
  ).toBe(6);
});

test('a layout that is there gets a further image, and one of the same name is replaced', async () => {
  const layout = place('grown');
  await copy('--platform', 'linux/arm64', source, `oci:${layout}:a`);
  await copy('--platform', 'linux/riscv64', source, `oci:${layout}:b`);
  await copy(source, `oci:${layout}:a`);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  expect(manifests.map(({ digest }) => digest)).toEqual([
    multi.riscv.manifestDescriptor.digest,
    multi.host.manifestDescriptor.digest,
  ]);
  const several = await world.sampan('image', 'copy', `oci:${layout}`, `dir:${place('several')}`);
  expect(several.status).toBe(2);
  expect(several.stderr).toContain('b, a');
  expect((await world.sampan('image', 'copy', `oci:${layout}:c`, `dir:${place('several')}`)).status).toBe(3);
});

test('what cannot be done is refused and leaves nothing', async () => {
  const cases: [string[], number, string][] = [
    [[source], 125, 'argument'],
    [['docker:nothing', 'dir:x'], 2, 'docker://NAME'],
    [['docker-daemon:x:1', 'dir:x'], 8, 'docker-daemon'],
    [['oci:', 'dir:x'], 2, 'colon'],
    [[`oci:${place('nonesuch')}`, 'store:x:1'], 3, 'nonesuch'],
    [['nonesuch', `dir:${place('x')}`], 3, 'nonesuch'],
    [[source, `docker://${other.host}/x@sha256:${'0'.repeat(64)}`], 2, 'digest'],
    [[source, `store:x@sha256:${'0'.repeat(64)}`], 2, 'digest'],
    [['--all', '--multi-arch', 'all', source, `dir:${place('x')}`], 125, 'exclusive'],
    [['--multi-arch', 'some', source, `dir:${place('x')}`], 125, 'index-only'],
    [['--format', 'v1', source, `dir:${place('x')}`], 125, 'v2s2'],
    [['--all', source, `docker-archive:${place('x.tar')}`], 8, 'oci-archive'],
    [['--platform', 'linux/s390x', source, `dir:${place('x')}`], 8, 'linux/arm64'],
    [[source, `oci-archive:${place('no/such/file')}`], 2, 'no/such/file'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan('image', 'copy', ...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect(readdirSync(world.root).filter((name) => /^\.?x/.test(name))).toEqual([]);
  expect(readdirSync(place('work'))).toEqual([]);
});

test('a damaged blob is found out on the way, in whatever place it goes to', async () => {
  const layout = place('damaged');
  await copy('--all', source, `oci:${layout}:1`);
  const [layer = ''] = [...multi.arm.blobs.keys()];
  for (const digest of [layer, multi.arm.manifestDescriptor.digest]) {
    const path = join(layout, 'blobs', ...digest.split(':'));
    const good = readFileSync(path);
    const bad = Buffer.from(good);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bad);
    for (const to of [
      `docker://${other.host}/damaged:1`,
      `oci-archive:${place('bad.tar')}`,
      'store:bad:1',
      `dir:${place('bad')}`,
    ]) {
      const outcome = await world.sampan('image', 'copy', '--all', `oci:${layout}:1`, to);
      expect({ to, digest, status: outcome.status }).toEqual({ to, digest, status: 9 });
    }
    writeFileSync(path, good);
  }
  expect(await servedDigest(other.url, 'damaged', '1')).toBe(null);
  expect(readdirSync(world.root).filter((name) => name.includes('bad'))).toEqual([]);
  expect((await world.sampan('images', 'bad')).stdout).not.toContain('bad');
});

test('a copy into a layout or a registry that is killed leaves no name of a part, and the next one succeeds', async () => {
  for (let round = 0; round < 10; round++) {
    rmSync(place('killed'), { recursive: true, force: true });
    mkdirSync(place('killed'));
    for (const to of [`oci:${place('killed')}:1`, `docker://${other.host}/killed-${round}:1`]) {
      const child = world.spawn(['image', 'copy', '--all', flatSource, to]);
      await sleep(30 + round * 25);
      child.kill('SIGKILL');
      await child.exited;
      expect(await copy('--all', flatSource, to)).toBe(flat.digest);
    }
    expect(readdirSync(place('killed')).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    skopeo(...SKOPEO_COPY, `oci:${place('killed')}:1`, `dir:${place(`killed-${round}`)}`);
  }
  await world.sampan('images');
  expect(readdirSync(place('work'))).toEqual([]);
}, 120_000);
