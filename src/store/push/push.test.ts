import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { digestOf } from '#store/digest.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import { answer, fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage, zstdLayer, type TestLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { PushProgress } from './progress.ts';
import type { PushOptions, PushedImage } from './push.ts';

const image = testImage([
  plainLayer({ name: 'large', content: randomBytes(9_000_000) }),
  gzipLayer({ name: 'small', content: randomBytes(200_000) }),
  zstdLayer({ name: 'third' }),
]);
const large = (image.layers[0] as TestLayer).blob;
let source: FakeRegistry;
let target: FakeRegistry;
let at: TestStore;
let name: string;

beforeEach(async () => {
  [source, target] = await Promise.all([fakeRegistry(), fakeRegistry()]);
  source.add('app', '1', image);
  at = testStore({ uploadChunk: 4 * 1024 * 1024 });
  name = `${source.host}/app:1`;
  await at.store.pull(name);
});
afterEach(async () => {
  at.close();
  await Promise.all([source.close(), target.close()]);
});

const to = (text: string): Reference => parseReference(`${target.host}/${text}`);
const push = (options: PushOptions = {}, text = 'copy:2'): Promise<PushedImage> =>
  at.store.push(name, to(text), options);
const login = { credentials: () => ({ username: 'u', password: 'p' }) };
const seen = (method: string, path: RegExp): string[] =>
  target.seen.filter((one) => one.method === method && path.test(one.path)).map((one) => one.path);
const leases = (): unknown[] => at.database.all('SELECT * FROM lease');

function isThere(repository: string, tag: string): void {
  expect(digestOf(target.content(`/v2/${repository}/manifests/${tag}`) ?? '')).toBe(image.manifestDigest);
  for (const [digest, bytes] of image.blobs) {
    const path = digest === image.manifestDigest ? `manifests/${digest}` : `blobs/${digest}`;
    expect(target.content(`/v2/${repository}/${path}`)?.equals(bytes)).toBe(true);
  }
}

test('An image arrives byte for byte, and its manifest last', async () => {
  expect(await push()).toEqual({ digest: image.manifestDigest, size: image.manifest.length });
  isThere('copy', '2');
  expect(target.seen.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/copy/manifests/2' });
  expect(seen('PATCH', /./).length).toBe(3); // the large one in chunks, the others whole
  expect(leases()).toEqual([]);
  expect(at.store.images.find(name)?.digests).toContain(`${target.host}/copy@${image.manifestDigest}`);
});

test('What is there is not sent again', async () => {
  await push();
  target.seen.length = 0;
  const phases = new Set<string>();
  await push({ onProgress: ({ phase }) => void phases.add(phase) }, 'copy:3');
  expect(new Set(target.seen.map(({ method }) => method))).toEqual(new Set(['HEAD', 'PUT']));
  expect([...phases].sort()).toEqual(['exists', 'waiting']);
  isThere('copy', '3');
});

test('Blobs of another repository of the registry are mounted', async () => {
  await push();
  const sent = target.uploads.received();
  const told: PushProgress[] = [];
  await push({ onProgress: (event) => void told.push(event) }, 'team/other:1');
  isThere('team/other', '1');
  expect(target.uploads.received()).toBe(sent);
  expect(told.filter(({ phase }) => phase === 'mounted').map(({ from }) => from)).toEqual(['copy', 'copy', 'copy']);
});

test('A mount that is refused is followed by an upload', async () => {
  await push();
  target.misbehave(/mount=/, (_, response) => answer(response, 403, {}));
  await push({}, 'other:1');
  isThere('other', '1');
});

test('An upload that is cut goes on where the registry is', async () => {
  target.uploads.cut(3_000_000, true);
  await push();
  isThere('copy', '2');
  expect(seen('GET', /uploads/).length).toBe(1);
  // Nothing of it twice, but for what was under way.
  const whole = [...image.blobs.values()].reduce((sum, { length }) => sum + length, 0) - image.manifest.length;
  expect(target.uploads.received()).toBe(whole);
});

test('An upload that is cut wherever it may be succeeds, at a registry that forgets and at one that keeps', async () => {
  for (const [round, bytes] of [1, 70_000, 4_000_000, large.length - 1, large.length].entries()) {
    for (const kept of [true, false]) {
      target.uploads.cut(bytes, kept, 2);
      const repository = `cut-${round}-${kept}`;
      await at.store.push(name, to(`${repository}:1`), {});
      isThere(repository, '1');
      // No mounts in the next round.
      at.database.run("DELETE FROM image_name WHERE kind = 'digest'");
    }
  }
});

test('A registry that always cuts is given up, and the tag is not there', async () => {
  target.uploads.cut(100_000, false, 1000);
  expect(await push().catch((error: unknown) => error)).toMatchObject({ kind: 'unavailable' });
  expect(target.content('/v2/copy/manifests/2')).toBeUndefined();
  expect(leases()).toEqual([]);
});

test('429, 503 and 500 are tried again', async () => {
  const busy = (status: number) => (_: unknown, response: Parameters<typeof answer>[0], visit: number) =>
    visit < 3 && answer(response, status, {}, { 'Retry-After': '0' });
  target.misbehave(/uploads\/$/, busy(429));
  target.misbehave(/uploads\/\w+\?/, busy(503));
  target.misbehave(/manifests/, busy(500));
  await push();
  isThere('copy', '2');
});

test('A refusal is final and says what the registry said', async () => {
  const errors = [{ code: 'DENIED', message: 'the quota is used up' }];
  target.misbehave(/uploads\/$/, (_, response) => answer(response, 403, { errors }));
  const error = (await push().catch((caught: unknown) => caught)) as Error;
  expect(error).toMatchObject({ kind: 'denied' });
  expect(error.message).toContain('the quota is used up');
  expect(seen('POST', /./).length).toBeLessThanOrEqual(4); // one for each blob under way
});

test('Answers that cannot be are no success', async () => {
  const other = digestOf('other');
  const ahead = { Location: '/v2/x/blobs/uploads/abc?_state=1', Range: '0-99999999' };
  const lies: [string, RegExp, Parameters<FakeRegistry['misbehave']>[1]][] = [
    ['another manifest', /manifests/, (_, to) => answer(to, 201, {}, { 'Docker-Content-Digest': other })],
    ['another blob', /digest=/, (_, to) => answer(to, 201, {}, { 'Docker-Content-Digest': other })],
    ['an upload nowhere', /uploads\/$/, (_, to) => answer(to, 202, {})],
    ['another protocol', /uploads\/$/, (_, to) => answer(to, 202, {}, { Location: 'ftp://x/' })],
    ['too far', /uploads\/\w/, (from, to) => from.method === 'PATCH' && answer(to, 202, {}, ahead)],
    [
      'never further',
      /uploads\/\w/,
      (from, to) => from.method === 'PATCH' && answer(to, 202, {}, { ...ahead, Range: '0-0' }),
    ],
    ['no redirect', /uploads\/$/, (_, to) => answer(to, 302, {}, { Location: '/v2/' })],
    ['a mount nobody asked for', /uploads\/$/, (_, to) => answer(to, 201, {})],
  ];
  for (const [round, [what, path, how]] of lies.entries()) {
    target.misbehave(path, how);
    const outcome = await push({}, `lie-${round}:1`).catch((error: unknown) => error);
    expect({ what, isFault: outcome instanceof Fault }).toEqual({ what, isFault: true });
    target.behave();
  }
});

test('A token is asked for once, for all that the push needs', async () => {
  await push();
  target.seen.length = 0;
  target.misbehave(/^\/v2\//, (request, response) => {
    if (request.headers.authorization === 'Bearer secret') return false;
    const realm = `Bearer realm="http://${target.host}/token",service="s",scope="repository:new:pull"`;
    return answer(response, 401, {}, { 'WWW-Authenticate': realm });
  });
  target.misbehave(/^\/token/, (_, response) => answer(response, 200, { token: 'secret' }));
  await push(login, 'new:1');
  const tokens = target.seen.filter(({ path }) => path.startsWith('/token'));
  expect(tokens.length).toBe(1);
  expect(new URL(`http://x${tokens[0]?.path ?? ''}`).searchParams.getAll('scope')).toEqual([
    'repository:new:pull,push',
    'repository:copy:pull',
  ]);
});

test('An identity token buys a token, in the body of a request', async () => {
  let form = '';
  target.misbehave(/^\/v2\//, (request, response) => {
    if (request.headers.authorization === 'Bearer bought') return false;
    const realm = `Bearer realm="http://${target.host}/token",service="s"`;
    return answer(response, 401, {}, { 'WWW-Authenticate': realm });
  });
  target.misbehave(/^\/token/, (request, response) => {
    request.on('data', (chunk: Buffer) => (form += chunk.toString()));
    request.on('end', () => answer(response, 200, { access_token: 'bought' }));
    return true;
  });
  await push({ credentials: () => ({ identityToken: 'precious' }) });
  const fields = new URLSearchParams(form);
  expect(fields.get('grant_type')).toBe('refresh_token');
  expect(fields.get('refresh_token')).toBe('precious');
  expect(fields.get('scope')).toBe('repository:copy:pull,push');
  expect(target.seen.filter(({ path, authorization }) => `${path}${authorization}`.includes('precious'))).toEqual([]);
});

const demandBasic = (registry: FakeRegistry, path = /^\/v2\//): void =>
  registry.misbehave(
    path,
    (request, response) =>
      request.headers.authorization === undefined && answer(response, 401, {}, { 'WWW-Authenticate': 'Basic' }),
  );

test('Credentials are not shown to another host that uploads are sent to, even if it asks for them', async () => {
  const other = await fakeRegistry();
  demandBasic(other);
  demandBasic(target);
  target.misbehave(/uploads\/$/, (request, response) =>
    request.headers.authorization === undefined
      ? answer(response, 401, {}, { 'WWW-Authenticate': 'Basic' })
      : answer(response, 202, {}, { Location: `http://${other.host}/v2/copy/blobs/uploads/abc` }),
  );
  expect(await push(login).catch((error: unknown) => error)).toMatchObject({ kind: 'denied' });
  expect(other.seen.length).toBeGreaterThan(0);
  expect(other.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  await other.close();
});

test('A redirected upload brings the bytes, and not the credentials', async () => {
  const other = await fakeRegistry();
  const got: Buffer[] = [];
  other.misbehave(/./, (request, response) => {
    request.on('data', (chunk: Buffer) => got.push(chunk));
    request.on('end', () => answer(response, 201, {}));
    return true;
  });
  demandBasic(target);
  const small = digestOf((image.layers[1] as TestLayer).blob);
  target.misbehave(new RegExp(`uploads/\\w+\\?.*digest=${encodeURIComponent(small)}`), (request, response) => {
    request.resume();
    return answer(response, 307, {}, { Location: `http://${other.host}/elsewhere` });
  });
  await push(login).catch(() => undefined); // the target lacks the blob, so it refuses the manifest
  expect(Buffer.concat(got).equals((image.layers[1] as TestLayer).blob)).toBe(true);
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  await other.close();
});

test('A fault tells nothing of what is as good as a password', async () => {
  target.misbehave(/_state=/, (_, response) => answer(response, 400, {}));
  const error = (await push(login).catch((caught: unknown) => caught)) as Error & { facts: object };
  expect(JSON.stringify([error.message, error.facts, String(error.cause)])).not.toMatch(/_state|secret/);
});

test('A blob that the disk has lost or changed is said to be so, unless the registry has it', async () => {
  const path = `${at.root}/blobs/sha256/${digestOf(large).slice(7)}`;
  writeFileSync(path, randomBytes(large.length));
  expect(await push().catch((error: unknown) => error)).toMatchObject({
    kind: 'corrupt',
    facts: { digest: digestOf(large) },
  });
  rmSync(path);
  expect(await push().catch((error: unknown) => error)).toMatchObject({
    kind: 'notFound',
    facts: { digest: digestOf(large) },
  });
  target.add('copy', 'old', image);
  await push();
  isThere('copy', '2');
});

test('Names that cannot be pushed are refused', async () => {
  expect(at.store.push('nonesuch', to('x:1'))).rejects.toMatchObject({ kind: 'notFound' });
  expect(at.store.push(name, to(`x@${digestOf('x')}`))).rejects.toMatchObject({ kind: 'invalid' });
});

test('A cancelled push says so, and its leases go', async () => {
  const controller = new AbortController();
  const onProgress = ({ phase }: PushProgress): void => (phase === 'upload' ? controller.abort() : undefined);
  expect(await push({ onProgress, signal: controller.signal }).catch((error: unknown) => error)).toMatchObject({
    kind: 'cancelled',
  });
  expect(leases()).toEqual([]);
});

test('An image that is removed during its push arrives whole', async () => {
  let removed = false;
  const onProgress = ({ phase }: PushProgress): void => {
    if (removed || phase !== 'upload') return;
    removed = true;
    at.store.images.remove(name);
    void at.store.collect();
  };
  await push({ onProgress });
  isThere('copy', '2');
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});
