/** `registry serve` as a person calls it: addresses, passwords, TLS, read-only, logs, its end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnRegistry } from '#tools/own-registry.ts';
import { SAMPAN } from '#tools/places.ts';
import {
  clientOf,
  digestOf,
  expectStatus,
  madeImage,
  noise,
  patch,
  pushBlob,
  pushedImage,
  putManifest,
  putWhole,
  startUpload,
  locationOf,
} from './client.ts';
import { wire } from './wire.ts';

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'sampan-serve-'));
});
afterAll(() => rmSync(place, { recursive: true }));

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

function sampan(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(SAMPAN, args, { encoding: 'utf8', timeout: 20_000 });
}

async function htpasswd(): Promise<string> {
  const path = join(place, 'htpasswd');
  const hash = await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 5 });
  writeFileSync(path, `# people\nann:${hash.replace('$2b', '$2y')}\n`);
  return path;
}

describe('passwords', () => {
  test('nobody does anything without one, and everybody is told how to log in', async () => {
    await using registry = await startOwnRegistry({ flags: ['--htpasswd', await htpasswd()] });
    const { call } = clientOf(registry.url);
    for (const [path, method] of [
      ['', 'GET'],
      ['a/manifests/1', 'GET'],
      ['a/blobs/uploads/', 'POST'],
      ['_catalog', 'GET'],
    ]) {
      const response = await call(path ?? '', { method: method ?? '' });
      await expectStatus(response, 401);
      expect(response.headers.get('www-authenticate')).toStartWith('Basic realm=');
    }
    for (const wrong of [basic('ann', 'wrong'), basic('bob', 'secret'), basic('', ''), { authorization: 'Bearer x' }]) {
      await expectStatus(await call('', { headers: wrong }), 401);
    }
    await expectStatus(await call('', { headers: basic('ann', 'secret') }), 200);
    await expectStatus(await call('a/blobs/uploads/', { method: 'POST', headers: basic('ann', 'secret') }), 202);
    await sleep(50);
    expect(registry.log()).toContain(' ann "POST /v2/a/blobs/uploads/" 202');
    expect(registry.log()).not.toContain('secret');
  });

  test('with --anonymous-pull everybody reads, and only users write', async () => {
    const root = join(place, 'anonymous');
    const open = await startOwnRegistry({ root });
    await pushedImage(clientOf(open.url), 'box', '1');
    await open.stop();
    await using registry = await startOwnRegistry({
      root,
      flags: ['--htpasswd', await htpasswd(), '--anonymous-pull'],
    });
    const { call } = clientOf(registry.url);
    await expectStatus(await call('box/manifests/1'), 200);
    await expectStatus(await call('box/tags/list'), 200);
    // What clients without credentials of their own send.
    await expectStatus(await call('box/manifests/1', { headers: basic('', '') }), 200);
    await expectStatus(await call('box/manifests/1', { headers: basic('ann', 'wrong') }), 401);
    for (const [path, method] of [
      ['box/manifests/1', 'DELETE'],
      ['box/manifests/2', 'PUT'],
      ['box/blobs/uploads/', 'POST'],
      ['box/blobs/uploads/x', 'GET'],
      ['', 'GET'],
    ]) {
      await expectStatus(await call(path ?? '', { method: method ?? '' }), 401);
    }
    await expectStatus(await call('box/manifests/1', { method: 'DELETE', headers: basic('ann', 'secret') }), 202);
  });

  test('with --anonymous-pull there are tokens: for anybody to read, for users to write, and for nobody to make', async () => {
    await using registry = await startOwnRegistry({ flags: ['--htpasswd', await htpasswd(), '--anonymous-pull'] });
    const { call } = clientOf(registry.url);
    const asked = await call('box/blobs/uploads/', { method: 'POST' });
    const [, realm = ''] =
      /^Bearer realm="([^"]+)",service="[^"]+",scope="repository:box:pull,push"$/.exec(
        asked.headers.get('www-authenticate') ?? '',
      ) ?? [];
    expect(realm).toBe(`${registry.url}/token`);
    const tokenFor = async (headers: Record<string, string>) => {
      const response = await expectStatus(
        await fetch(`${realm}?service=x&scope=repository:box:pull,push`, { headers }),
        200,
      );
      return { authorization: `Bearer ${((await response.json()) as { token: string }).token}` };
    };
    await expectStatus(await fetch(realm, { headers: basic('ann', 'wrong') }), 401);
    const [anybody, ann] = [await tokenFor({}), await tokenFor(basic('ann', 'secret'))];
    await expectStatus(await call('', { headers: anybody }), 200);
    await expectStatus(await call('box/manifests/1', { headers: anybody }), 404);
    await expectStatus(await call('box/blobs/uploads/', { method: 'POST', headers: anybody }), 401);
    await expectStatus(await call('box/blobs/uploads/', { method: 'POST', headers: ann }), 202);
    const [text = '', signature = ''] = ann.authorization.replace('Bearer ', '').split('.');
    const forged = Buffer.from(JSON.stringify({ user: 'bob', until: Date.now() * 2 })).toString('base64url');
    for (const token of [`${forged}.${signature}`, `${text}.`, `${text}.AAAA`, 'x', '..']) {
      const headers = { authorization: `Bearer ${token}` };
      await expectStatus(await call('box/blobs/uploads/', { method: 'POST', headers }), 401);
      await expectStatus(await call('', { headers }), 401);
    }
    // Another server's words are not ours.
    await using other = await startOwnRegistry({ flags: ['--htpasswd', await htpasswd(), '--anonymous-pull'] });
    await expectStatus(await clientOf(other.url).call('box/blobs/uploads/', { method: 'POST', headers: ann }), 401);
    // Where all must log in, there are none.
    await using closed = await startOwnRegistry({ flags: ['--htpasswd', await htpasswd()] });
    await expectStatus(await fetch(`${closed.url}/token`), 401);
    await expectStatus(await fetch(`${closed.url}/token`, { headers: basic('ann', 'secret') }), 404);
  });

  const htpasswdIsThere = spawnSync('sh', ['-c', 'command -v htpasswd']).status === 0;
  test.skipIf(!htpasswdIsThere)("what Debian's htpasswd writes with -B is read", async () => {
    const path = join(place, 'by-htpasswd');
    execFileSync('htpasswd', ['-cbB', '-C', '5', path, 'ann', 'päss wörd'], { stdio: 'ignore' });
    await using registry = await startOwnRegistry({ flags: ['--htpasswd', path] });
    const { call } = clientOf(registry.url);
    await expectStatus(await call('', { headers: basic('ann', 'päss wörd') }), 200);
    await expectStatus(await call('', { headers: basic('ann', 'pass word') }), 401);
  });
});

test('TLS', async () => {
  const [key, certificate] = [join(place, 'key.pem'), join(place, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  execFileSync('openssl', [...words, ...subject], { stdio: 'ignore' });
  await using registry = await startOwnRegistry({ flags: ['--tls-cert', certificate, '--tls-key', key] });
  expect(registry.url).toStartWith('https://127.0.0.1:');
  const trusting = { tls: { ca: await Bun.file(certificate).text() } } as RequestInit;
  await expectStatus(await fetch(`${registry.url}/v2/`, trusting), 200);
  await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow(/certificate/);
  const bytes = noise(3_000_000);
  const path = `${registry.url}/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`;
  await expectStatus(await fetch(path, { method: 'POST', body: bytes as BodyInit, ...trusting }), 201);
  const got = await fetch(`${registry.url}/v2/a/blobs/${digestOf(bytes)}`, trusting);
  expect(digestOf(Buffer.from(await got.arrayBuffer()))).toBe(digestOf(bytes));
});

test('read-only: what is there is served, and every change is 405', async () => {
  const root = join(place, 'read-only');
  const writable = await startOwnRegistry({ root });
  const [bytes, blob] = [await pushedImage(clientOf(writable.url), 'box', '1'), noise()];
  await pushBlob(clientOf(writable.url), 'box', blob);
  await writable.stop();
  await using registry = await startOwnRegistry({ root, flags: ['--read-only'] });
  const client = clientOf(registry.url);
  await expectStatus(await client.call('box/manifests/1'), 200);
  for (const [path, method] of [
    ['box/blobs/uploads/', 'POST'],
    [`box/blobs/${digestOf(blob)}`, 'DELETE'],
    ['box/manifests/1', 'DELETE'],
    ['box/blobs/uploads/x', 'PATCH'],
  ]) {
    await expectStatus(await client.call(path ?? '', { method: method ?? '' }), 405);
  }
  await expectStatus(await putManifest(client, 'box', '2', bytes), 405);
  await expectStatus(await client.call('box/manifests/1'), 200);
});

test('a socket: a dead server leaves one that the next takes over, a live one keeps it', async () => {
  const path = join(place, 'registry.sock');
  const listen = `unix:${path}`;
  const ask = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request({ socketPath: path, path: '/v2/' }, (response) => resolve(response.statusCode));
      asked.on('error', reject).end();
    });
  const first = await startOwnRegistry({ listen });
  expect(first.url).toBe(listen);
  expect(await ask()).toBe(200);
  await expect(startOwnRegistry({ listen })).rejects.toThrow(/listen on unix:.*in use|EADDRINUSE/);
  expect(await ask()).toBe(200);
  await first.kill();
  expect(statSync(path).isSocket()).toBe(true);
  await using second = await startOwnRegistry({ listen });
  expect(await ask()).toBe(200);
  await first.stop();
  expect(second.url).toBe(listen);
});

test('the end: what is under way is finished, and the status is 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await using registry = await startOwnRegistry();
    const client = clientOf(registry.url);
    const bytes = noise(400_000);
    const location = await startUpload(client, 'box');
    const slowly = new ReadableStream<Uint8Array>({
      async pull(controller) {
        for (let at = 0; at < bytes.length; at += 100_000) {
          controller.enqueue(bytes.subarray(at, at + 100_000));
          await sleep(100);
        }
        controller.close();
      },
    });
    const sending = client.call(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT', body: slowly });
    await sleep(150);
    const ended = registry.end(signal);
    await expectStatus(await sending, 201);
    expect(await ended).toBe(0);
    await expect(client.call('')).rejects.toThrow();
  }
});

test('an upload goes on after the server was ended and started again', async () => {
  const [root, bytes] = [join(place, 'restarted'), noise(2000)];
  const first = await startOwnRegistry({ root });
  const client = clientOf(first.url);
  const location = locationOf(
    await patch(client, await startUpload(client, 'box'), bytes.subarray(0, 1000)),
    first.url,
  );
  expect(await first.end('SIGTERM')).toBe(0);
  await first.stop();
  await using second = await startOwnRegistry({ root });
  const again = clientOf(second.url);
  const moved = new URL(new URL(location).pathname, second.url).href;
  const status = await expectStatus(await again.call(moved), 204);
  expect(status.headers.get('range')).toBe('0-999');
  await expectStatus(await patch(again, moved, bytes.subarray(1000), '1000-1999'), 202);
  await expectStatus(await putWhole(again, moved, digestOf(bytes), Buffer.alloc(0)), 201);
  await expectStatus(await again.call(`box/blobs/${digestOf(bytes)}`), 200);
});

test('the access log: one line a request, as text or JSON, whatever is asked for', async () => {
  const path = `box/manifests/${encodeURIComponent('a\n2026 "GET" forged')}`;
  for (const format of ['text', 'json']) {
    await using registry = await startOwnRegistry({ flags: ['--log-format', format] });
    await clientOf(registry.url).call(path, { headers: { 'user-agent': 'me "and" you' } });
    await sleep(50);
    const lines = registry.log().trim().split('\n');
    expect(lines.length).toBe(1);
    if (format === 'text')
      expect(lines[0]).toMatch(
        /^\S+Z 127\.0\.0\.1 - "GET \/v2\/box\/manifests\/a%0A\S+" 404 0 \d+ \d+ms "me \?and\? you"$/,
      );
    else expect(JSON.parse(lines[0] ?? '')).toMatchObject({ method: 'GET', status: 404, agent: 'me "and" you' });
  }
});

test('each mistake on the command line is said, and changes nothing', () => {
  const broken = join(place, 'broken');
  writeFileSync(broken, 'ann:{SHA}not-bcrypt\n');
  const root = join(place, 'never');
  const cases: [string[], number, string][] = [
    [[], 125, '--root DIR or --from-store'],
    [['--root', root, '--from-store'], 125, '--root DIR or --from-store'],
    [['--root', root, '--listen', 'nonsense'], 2, 'nonsense'],
    [['--root', root, '--listen', '127.0.0.1:70000'], 2, '70000'],
    [['--root', root, '--listen', '192.0.2.1:0'], 2, '192.0.2.1'],
    [['--root', root, '--tls-cert', 'x'], 125, '--tls-key'],
    [['--root', root, '--tls-cert', '/nonesuch', '--tls-key', '/nonesuch'], 3, '/nonesuch'],
    [['--root', root, '--anonymous-pull'], 125, '--htpasswd'],
    [['--root', root, '--htpasswd', '/nonesuch'], 3, '/nonesuch'],
    [['--root', root, '--htpasswd', broken], 2, 'line 1'],
    [['--root', root, '--log-format', 'xml'], 125, 'xml'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = sampan('registry', 'serve', ...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
    expect(outcome.stderr).not.toContain('not-bcrypt');
  }
  for (const args of [[], ['--root', join(place, 'nothing')], ['--root', root, '--min-age', 'soon']]) {
    expect(sampan('registry', 'gc', ...args).status).not.toBe(0);
  }
});

test('a blob of 300 MB goes in and out of a server that holds little of it', async () => {
  await using registry = await startOwnRegistry();
  const file = join(place, 'large');
  execFileSync('sh', ['-c', `head -c 300000000 /dev/urandom > ${file}`]);
  const digest = `sha256:${execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)}`;
  const blobs = `${registry.url}/v2/large/blobs`;
  await expectStatus(await fetch(`${blobs}/uploads/?digest=${digest}`, { method: 'POST', body: Bun.file(file) }), 201);
  const hash = createHash('sha256');
  const response = await expectStatus(await fetch(`${blobs}/${digest}`), 200);
  for await (const chunk of response.body ?? []) hash.update(chunk);
  expect(hash.digest('hex')).toBe(digest.slice(7));
  // A reader that stops must not fill the server's memory either.
  const { socket } = await wire(registry.host);
  socket.pause();
  socket.write(`GET /v2/large/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await sleep(1500);
  socket.destroy();
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(await Bun.file(`/proc/${registry.pid}/status`).text())?.[1]);
  expect(peak).toBeLessThan(200_000);
});

test('HEAD is answered wherever GET is, with the same length and nothing after it', async () => {
  await using registry = await startOwnRegistry();
  const client = clientOf(registry.url);
  const digest = digestOf(await pushedImage(client, 'box', '1'));
  for (const path of ['', '_catalog', 'box/tags/list', `box/referrers/${digest}`, 'box/manifests/1']) {
    const [get, head] = [await client.call(path), await client.call(path, { method: 'HEAD' })];
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String((await get.arrayBuffer()).byteLength));
    expect(await head.text()).toBe('');
  }
});

test('an image pushed to one server is read from another one on the same directory at the same time', async () => {
  const root = join(place, 'shared');
  await using first = await startOwnRegistry({ root });
  await using second = await startOwnRegistry({ root });
  const bytes = await madeImage(clientOf(first.url), 'box');
  await expectStatus(await putManifest(clientOf(second.url), 'box', '1', bytes), 201);
  await expectStatus(await clientOf(first.url).call('box/manifests/1'), 200);
});
