import { expect, test } from 'bun:test';
import { closeSync, mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAll, scratchFile } from './scratch.ts';

test('a scratch file holds what it is given and what is appended, and has no name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-scratch-'));
  try {
    const fd = scratchFile(directory, Buffer.from('plan'));
    writeSync(fd, '!');
    expect(readAll(fd).toString()).toBe('plan!');
    expect(readdirSync(directory)).toEqual([]);
    closeSync(fd);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
