import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '#store/digest.ts';
import { openHosting, type DirectoryHosting } from './open.ts';
import type { Uploads } from './port.ts';

let root: string;
let opened: DirectoryHosting[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sampan-uploads-'));
  opened = [];
});
afterEach(() => {
  for (const hosting of opened) hosting.close();
  rmSync(root, { recursive: true, force: true });
});

/** As another process has it. */
function uploads(): Uploads {
  const hosting = openHosting({ root });
  opened.push(hosting);
  if (hosting.changes === undefined) throw new Error('it is read only');
  return hosting.changes.uploads;
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield Buffer.from(text);
}

test('A chunk that goes on after the end of its range is refused and leaves nothing', async () => {
  const one = uploads();
  const id = one.start('app', 'sha256');
  const range = { start: 0, end: 4 };
  for (const texts of [['12345', '6'], ['123456'], ['123'], ['12345', '']]) {
    const size = one.append('app', id, { bytes: pieces(...texts), range });
    if (texts.join('') === '12345') expect(await size).toBe(5);
    else {
      await expect(size).rejects.toMatchObject({ facts: { code: 'SIZE_INVALID' } });
      expect(one.size('app', id)).toBe(0);
    }
  }
  await one.finish('app', id, digestOf(Buffer.from('12345')));
});

test('What one server has taken back is not what it hashes when another one has gone on', async () => {
  const [one, other] = [uploads(), uploads()];
  const id = one.start('app', 'sha256');
  await one.append('app', id, { bytes: pieces('12345') });
  const short = one.append('app', id, { bytes: pieces('wrong'), range: { start: 5, end: 99 } });
  await expect(short).rejects.toMatchObject({ facts: { code: 'SIZE_INVALID' } });
  await other.append('app', id, { bytes: pieces('right') });
  // The digest of bytes that were never kept must not become the name of others.
  await expect(one.finish('app', id, digestOf(Buffer.from('12345wrong')))).rejects.toMatchObject({
    facts: { code: 'DIGEST_INVALID' },
  });
});
