// The registry client on Node, whose fetch is another one: uploads whole, in chunks, and cut.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '#store/digest.ts';
import { openRepository } from '#store/registry/client.ts';
import { fakeRegistry } from '#store/testing/fake-registry.ts';

test('blobs are uploaded, and go on after a cut', async () => {
  const registry = await fakeRegistry();
  const retry = { attempts: 5, firstPauseMs: 2 };
  const client = openRepository({ registry: registry.host, repository: 'app', push: { mountFrom: [] }, retry });
  try {
    for (const [size, cut] of [
      [1000, 0],
      [6_000_000, 0],
      [6_000_000, 2_000_000],
    ]) {
      const bytes = randomBytes(size);
      const digest = digestOf(bytes);
      if (cut > 0) registry.uploads.cut(cut, true);
      const open = async function* (start, end) {
        for (let at = start; at < end; at += 65536) yield bytes.subarray(at, Math.min(at + 65536, end));
      };
      assert.equal(await client.has(digest, size), false);
      assert.equal(await client.upload({ digest, size, open }), 'sent');
      assert.ok(registry.content(`/v2/app/blobs/${digest}`)?.equals(bytes));
    }
  } finally {
    await registry.close();
  }
});
