import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newOwner } from '#store/content/work-area.ts';
import { changePrivateFile } from './private-file.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-private-'));
  path = join(directory, 'auth.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('A file is made with its directory, for its owner alone', () => {
  const deep = join(directory, 'a/b/auth.json');
  changePrivateFile(deep, () => 'new');
  expect(readFileSync(deep, 'utf8')).toBe('new');
  expect([statSync(deep).mode & 0o777, statSync(join(directory, 'a')).mode & 0o777]).toEqual([0o600, 0o700]);
});

test('What a dead process left beside it is cleared, that of a living one stays', () => {
  const living = `auth.json.sampan-${newOwner()}`;
  for (const name of ['auth.json.sampan-4194303-1-abcdef', living, 'auth.json.other']) {
    writeFileSync(join(directory, name), 'secret');
  }
  changePrivateFile(path, () => undefined);
  expect(readdirSync(directory).sort()).toEqual(['auth.json.other', living].sort());
});

test('A change by another program meanwhile is not lost', () => {
  writeFileSync(path, 'a');
  let tries = 0;
  changePrivateFile(path, () => {
    const text = readFileSync(path, 'utf8');
    if (++tries === 1) writeFileSync(path, `${text}, theirs`);
    return `${text}, ours`;
  });
  expect(readFileSync(path, 'utf8')).toBe('a, theirs, ours');
  expect(readdirSync(directory)).toEqual(['auth.json']);
});

test('A file that keeps changing is given up, and what cannot be written is said', () => {
  let count = 0;
  const change = (): string => {
    writeFileSync(path, 'x'.repeat(++count));
    return 'ours';
  };
  expect(() => changePrivateFile(path, change)).toThrow('keep changing');
  expect(() => changePrivateFile(join(path, 'below-a-file'), () => 'x')).toThrow('below-a-file');
  expect(readdirSync(directory)).toEqual(['auth.json']);
});
