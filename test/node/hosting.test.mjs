// The embedded registry on Node: a push, a pull, a range, an upload that is resumed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveRegistry } from '#doors/registry/serve.ts';
import { hostDirectory } from '#engine/hosting/hosting.ts';
import { digestOf } from '#store/digest.ts';

test('blobs and manifests go in and come out', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sampan-node-registry-'));
  const hosting = hostDirectory({ root });
  const lines = [];
  const log = (line) => lines.push(line);
  const serving = await serveRegistry({ hosting, listen: '127.0.0.1:0', anonymousPull: false, logFormat: 'text', log });
  const call = (path, init) => fetch(new URL(path, `${serving.url}/v2/`), init);
  try {
    const bytes = randomBytes(3_000_000);
    const digest = digestOf(bytes);
    const started = await call('box/blobs/uploads/', { method: 'POST' });
    const location = started.headers.get('location');
    const headers = { 'content-range': '0-999999' };
    const first = await call(location, { method: 'PATCH', body: bytes.subarray(0, 1_000_000), headers });
    assert.equal(first.status, 202);
    assert.equal((await call(location, { method: 'PATCH', body: bytes, headers })).status, 416);
    const rest = await call(`${location}?digest=${digest}`, { method: 'PUT', body: bytes.subarray(1_000_000) });
    assert.equal(rest.status, 201);
    const blob = await call(`box/blobs/${digest}`);
    assert.equal(digestOf(Buffer.from(await blob.arrayBuffer())), digest);
    const part = await call(`box/blobs/${digest}`, { headers: { range: 'bytes=-10' } });
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(-10)));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: bytes.length };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
    const put = await call('box/manifests/1', {
      method: 'PUT',
      body: manifest,
      headers: { 'content-type': mediaType },
    });
    assert.equal(put.status, 201);
    assert.equal(await (await call('box/manifests/1')).text(), manifest);
    assert.deepEqual(await (await call('box/tags/list')).json(), { name: 'box', tags: ['1'] });
    assert.equal((await call('box/manifests/2')).status, 404);
  } finally {
    await serving.stop(1000);
    hosting.close();
    rmSync(root, { recursive: true });
  }
  assert.ok(lines.some((line) => line.includes('"PUT /v2/box/manifests/1" 201')));
});
