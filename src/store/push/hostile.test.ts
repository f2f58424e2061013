/** Registries that break off, lie, or ask for too much while an image is pushed to them. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFault, type Fault } from '#base/fault.ts';
import { digestOf } from '#store/digest.ts';
import { parseReference } from '#store/reference.ts';
import { answer, fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { PushOptions } from './push.ts';

const image = testImage([
  plainLayer({ name: 'large', content: randomBytes(6_000_000) }),
  gzipLayer({ name: 'small', content: randomBytes(100_000) }),
]);
let source: FakeRegistry;
let target: FakeRegistry;
let at: TestStore;
let name: string;

beforeEach(async () => {
  [source, target] = await Promise.all([fakeRegistry(), fakeRegistry()]);
  source.add('app', '1', image);
  at = testStore({ idleMs: 200, uploadChunk: 4 * 1024 * 1024 });
  name = `${source.host}/app:1`;
  await at.store.pull(name);
});
afterEach(async () => {
  at.close();
  await Promise.all([source.close(), target.close()]);
});

const push = (options: PushOptions = {}) => at.store.push(name, parseReference(`${target.host}/copy:2`), options);
const failing = (options: PushOptions = {}): Promise<Fault> =>
  push(options).then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => (isFault(error) ? error : expect.unreachable(String(error))),
  );
const requests = (method: string, path = /./): number =>
  target.seen.filter((one) => one.method === method && path.test(one.path)).length;
const bearer = (): Record<string, string> => ({
  'WWW-Authenticate': `Bearer realm="http://${target.host}/token",service="s",scope="repository:copy:pull,push"`,
});

function arrived(): void {
  expect(digestOf(target.content('/v2/copy/manifests/2') ?? '')).toBe(image.manifestDigest);
  for (const [digest, bytes] of image.blobs) {
    if (digest !== image.manifestDigest) expect(target.content(`/v2/copy/blobs/${digest}`)?.equals(bytes)).toBe(true);
  }
}

/** What a failed push leaves: nothing here, and no tag there. */
function nothingStays(): void {
  expect(target.content('/v2/copy/manifests/2')).toBeUndefined();
  expect(at.database.all('SELECT * FROM lease')).toEqual([]);
  expect(at.store.images.find(name)?.digests).toEqual([`${source.host}/app@${image.manifestDigest}`]);
}

/** Lets an answer pass on its way out with other headers. */
function withHeaders(response: ServerResponse, change: (headers: Record<string, string>) => void): false {
  const writeHead = response.writeHead.bind(response) as (status: number, headers: object) => ServerResponse;
  response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
    const changed = { ...headers };
    change(changed);
    return writeHead(status, changed);
  }) as typeof response.writeHead;
  return false;
}

/** Answers when all of the request has come, as an honest registry does. */
function afterwards(request: IncomingMessage, reply: () => void): true {
  request.resume().once('end', reply);
  return true;
}

test('A refusal in the middle of an upload is final', async () => {
  const errors = [{ code: 'DENIED', message: 'the quota is used up' }];
  target.misbehave(
    /uploads\/\w/,
    (request, response) =>
      request.method === 'PATCH' && afterwards(request, () => void answer(response, 403, { errors })),
  );
  const fault = await failing();
  expect(fault).toMatchObject({ kind: 'denied', facts: { status: 403 } });
  expect(fault.message).toContain('the quota is used up');
  expect(requests('PATCH')).toBe(1);
  nothingStays();
});

test('A refusal that does not wait for the bytes, and one that never ends, are told all the same', async () => {
  target.misbehave(/uploads\/\w/, (request, response) => request.method === 'PATCH' && answer(response, 403, {}));
  expect(['denied', 'unavailable']).toContain((await failing()).kind);
  nothingStays();
  target.behave();
  target.misbehave(/uploads\/$/, (_, response) => {
    response.writeHead(403);
    const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024, 'no ')), 1);
    response.once('close', () => clearInterval(timer));
    return true;
  });
  expect(await failing()).toMatchObject({ kind: 'denied' });
  nothingStays();
});

test('An upload whose chunk fails goes on, and a registry that is always broken is given up', async () => {
  for (const status of [500, 502, 503]) {
    target.misbehave(/uploads\/\w/, (request, response, visit) =>
      request.method === 'PATCH' && visit < 3 ? afterwards(request, () => void answer(response, status, {})) : false,
    );
  }
  await push();
  arrived();
  target.behave();
  target.misbehave(/uploads\/\w/, (request, response) =>
    request.method === 'PATCH' ? afterwards(request, () => void answer(response, 500, {})) : false,
  );
  at.database.run("DELETE FROM image_name WHERE kind = 'digest' AND name LIKE ?", `${target.host}%`);
  const before = requests('PATCH');
  const elsewhere = parseReference(`${target.host}/other:1`);
  expect(await at.store.push(name, elsewhere, {}).catch((error: unknown) => error)).toMatchObject({
    kind: 'unavailable',
    facts: { status: 500 },
  });
  expect(requests('PATCH') - before).toBe(5);
  expect(target.content('/v2/other/manifests/1')).toBeUndefined();
});

test('A manifest whose answer is cut off is sent again', async () => {
  target.misbehave(/manifests/, (request, response, visit) => {
    if (request.method !== 'PUT' || visit > 1) return false;
    request.resume().once('end', () => response.destroy());
    return true;
  });
  await push();
  arrived();
  expect(requests('PUT', /manifests/)).toBe(2);
});

test('429 in the middle waits as long as it asks for, and a wait can be cancelled', async () => {
  let first = 0;
  let waited = 0;
  target.misbehave(/uploads\/\w/, (request, response) => {
    if (request.method !== 'PATCH') return false;
    if (first > 0) {
      waited ||= performance.now() - first;
      return false;
    }
    first = performance.now();
    return afterwards(request, () => void answer(response, 429, {}, { 'Retry-After': '1' }));
  });
  await push();
  arrived();
  expect(waited).toBeGreaterThan(990);
  target.behave();
  target.misbehave(/manifests/, (_, response) => answer(response, 429, {}, { 'Retry-After': '3600' }));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const begun = performance.now();
  expect(await failing({ signal: controller.signal })).toMatchObject({ kind: 'cancelled' });
  expect(performance.now() - begun).toBeLessThan(5000);
});

test('A location without a state, a relative one, and one with what is no state of ours are followed', async () => {
  const forms: ((location: string) => string)[] = [
    (location) => location.replace(/\?.*/, ''),
    (location) => location.replace(/^.*\//, ''),
    (location) => `${location}&digest=sha256:${'0'.repeat(64)}#fragment`,
  ];
  for (const [round, form] of forms.entries()) {
    let asked = 0;
    target.misbehave(/uploads\/$/, (_, response) =>
      withHeaders(response, (headers) => {
        asked++;
        headers['Location'] = form(headers['Location'] ?? '');
      }),
    );
    await at.store.push(name, parseReference(`${target.host}/form-${round}:1`), {});
    // Nothing is mounted in the next round.
    at.database.run("DELETE FROM image_name WHERE kind = 'digest' AND name LIKE ?", `${target.host}%`);
    expect({ round, asked }).toEqual({ round, asked: 3 });
    expect(digestOf(target.content(`/v2/form-${round}/manifests/1`) ?? '')).toBe(image.manifestDigest);
    target.behave();
  }
});

test('A chunk that is taken without a place to go on is a lie that ends the push', async () => {
  target.misbehave(/uploads\/\w/, (request, response) =>
    request.method === 'PATCH' ? afterwards(request, () => void answer(response, 202, {})) : false,
  );
  expect(await failing()).toMatchObject({ kind: 'corrupt' });
  nothingStays();
});

test('An upload that goes on at another host takes its bytes there, and no credentials', async () => {
  const other = await fakeRegistry();
  let got = 0;
  other.misbehave(/./, (request, response) => {
    request.on('data', (chunk: Buffer) => (got += chunk.length));
    request.on('end', () =>
      request.method === 'PATCH'
        ? answer(response, 202, {}, { Location: '/moved?x=1' })
        : answer(response, 201, {}, { Location: '/v2/' }),
    );
    return true;
  });
  target.misbehave(/^\/v2\//, (request, response) =>
    request.headers.authorization === undefined
      ? answer(response, 401, {}, { 'WWW-Authenticate': 'Basic' })
      : request.method === 'POST' && answer(response, 202, {}, { Location: `http://${other.host}/moved` }),
  );
  await push({ credentials: () => ({ username: 'u', password: 'p' }) }).catch(() => undefined); // the target has nothing
  const sent = [...image.blobs].reduce((sum, [, { length }]) => sum + length, 0) - image.manifest.length;
  expect(got).toBe(sent);
  expect(other.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  await other.close();
});

test('A registry that finds another digest in whole bytes is quoted, and the disk is not blamed', async () => {
  const errors = [{ code: 'DIGEST_INVALID', message: 'provided digest did not match uploaded content' }];
  target.misbehave(/digest=/, (request, response) =>
    request.method === 'PUT' ? afterwards(request, () => void answer(response, 400, { errors })) : false,
  );
  const fault = await failing();
  expect(fault).toMatchObject({ kind: 'invalid', facts: { status: 400 } });
  expect(fault.message).toContain('did not match');
  nothingStays();
});

test('A token that expires in the middle of an upload is bought anew', async () => {
  let tokens = 0;
  const uses = new Map<string, number>();
  const refused = new Set<string>();
  target.misbehave(/^\/token/, (_, response) => answer(response, 200, { token: `token-${++tokens}` }));
  target.misbehave(/^\/v2\//, (request, response) => {
    const token = request.headers.authorization ?? '';
    const asked = `${request.method ?? ''} ${request.url ?? ''}`;
    const used = (uses.get(token) ?? 0) + 1;
    uses.set(token, used);
    // Each token is good for three requests; what was refused once is taken, since uploads side by side use up each other's.
    if (token.startsWith('Bearer token-') && (used <= 3 || refused.has(asked))) return false;
    refused.add(asked);
    return afterwards(request, () => void answer(response, 401, {}, bearer()));
  });
  await push();
  arrived();
  expect(tokens).toBeGreaterThan(2);
});

test('A registry that takes no token ends the push after one more', async () => {
  let tokens = 0;
  target.misbehave(/^\/token/, (_, response) => answer(response, 200, { token: `token-${++tokens}` }));
  target.misbehave(/uploads\/\w/, (request, response) =>
    afterwards(request, () => void answer(response, 401, {}, bearer())),
  );
  expect(await failing()).toMatchObject({ kind: 'denied', facts: { status: 401 } });
  expect(tokens).toBeLessThan(6);
  nothingStays();
});

test('A registry that takes the bytes and never answers is given up', async () => {
  target.misbehave(/uploads\/\w/, (request) => request.method === 'PATCH' && afterwards(request, () => undefined));
  const begun = performance.now();
  const fault = await failing();
  expect(fault).toMatchObject({ kind: 'unavailable' });
  expect(fault.message).toContain('no progress');
  expect(performance.now() - begun).toBeLessThan(20_000);
  nothingStays();
}, 40_000);

test('Redirects in a circle end', async () => {
  target.misbehave(/uploads\/\w/, (request, response) =>
    afterwards(request, () => void answer(response, 307, {}, { Location: request.url ?? '' })),
  );
  expect(await failing()).toMatchObject({ kind: 'unavailable' });
  nothingStays();
});
