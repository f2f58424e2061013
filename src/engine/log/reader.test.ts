import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINES } from './lines.ts';
import { logReader, type LogReader } from './reader.ts';
import { lastLines, within } from './window.ts';

let directory: string;
let seen: string[];
let lost: number;
let rotated: number;
const at = (name: string): string => join(directory, name);
const line = (text: string, tag = 'F'): string => `2026-11-23T10:00:00.000000001Z stdout ${tag} ${text}\n`;
const write = (...texts: string[]): void => appendFileSync(at('log'), texts.map((text) => line(text)).join(''));

/** As the monitor does it, with three files in all. */
function rotate(): void {
  writeFileSync(at('rotated'), `${++rotated}\n`);
  for (const [from, to] of [
    ['log.1', 'log.2'],
    ['log', 'log.1'],
  ] as const) {
    try {
      renameSync(at(from), at(to));
    } catch {
      // not so many yet
    }
  }
  writeFileSync(at('log'), '');
  writeFileSync(at('rotated'), `${++rotated}\n`);
}

function open(tail?: number): LogReader {
  return logReader({
    place: { directory, path: at('log') },
    format: LINES,
    decode: LINES.decoder((bytes, start, end) => seen.push(bytes.toString('utf8', start, end).replace('\n', ''))),
    ...(tail === undefined ? {} : { tail }),
    onLost: (files) => {
      lost += files;
      seen.push('(lost)');
    },
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-log-'));
  [seen, lost, rotated] = [[], 0, 0];
});
afterEach(() => rmSync(directory, { recursive: true }));

test('all files are read, oldest first, and then what is added', () => {
  write('a');
  rotate();
  write('b');
  rotate();
  write('c');
  const reader = open();
  reader.drain(false);
  write('d');
  reader.drain(false);
  expect(seen).toEqual(['a', 'b', 'c', 'd']);
  reader.close();
});

test('several rotations between two looks lose and repeat nothing while the files are there', () => {
  write('a');
  const reader = open();
  reader.drain(false);
  write('b');
  rotate();
  write('c');
  rotate();
  write('d');
  reader.drain(false);
  rotate();
  write('e');
  rotate();
  reader.drain(false);
  write('f');
  reader.drain(false);
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(lost).toBe(0);
  reader.close();
});

test('what was rotated away before it could be read is told at its place', () => {
  write('a');
  const reader = open();
  reader.drain(false);
  for (const text of ['b', 'c', 'd', 'e', 'f']) {
    rotate();
    write(text);
  }
  reader.drain(false);
  // Its own file is still open, and three are there.
  expect(seen).toEqual(['a', '(lost)', 'd', 'e', 'f']);
  expect(lost).toBe(2);
  reader.close();
});

test('a file that somebody moved away and had opened anew is read to its end first', () => {
  write('a');
  const reader = open();
  reader.drain(false);
  write('b');
  renameSync(at('log'), at('moved'));
  reader.drain(false);
  write('c');
  reader.drain(false);
  expect(seen).toEqual(['a', 'b', 'c']);
  reader.close();
});

test('a count that a killed monitor left odd stops nobody', () => {
  write('a');
  rotate();
  write('b');
  writeFileSync(at('rotated'), '3\n');
  const reader = open();
  reader.drain(false);
  expect(seen).toEqual(['a', 'b']);
  reader.close();
});

test('a log that comes only later is found', () => {
  const reader = open();
  reader.drain(false);
  write('a');
  reader.drain(false);
  expect(seen).toEqual(['a']);
  reader.close();
});

test('bounded, it ends at what was there at the beginning', () => {
  write('a');
  const reader = open();
  write('b');
  reader.drain(true);
  expect(seen).toEqual(['a']);
  reader.close();
});

test('half a record waits for its rest, and is given up where a new file begins', () => {
  appendFileSync(at('log'), line('whole').slice(0, 20));
  const reader = open();
  reader.drain(false);
  expect(seen).toEqual([]);
  appendFileSync(at('log'), line('whole').slice(20) + line('torn').slice(0, 43));
  reader.drain(false);
  rotate();
  write('next');
  reader.drain(false);
  expect(seen).toEqual(['whole', 'next']);
  reader.close();
});

test.each([0, 1, 2, 3, 5, 6, 7, 100, 5000])('the last %d lines are found from the end, over several files', (count) => {
  const all = Array.from({ length: 6000 }, (_, index) => `${index} ${'x'.repeat(index % 97)}`);
  write(...all.slice(0, 2500));
  rotate();
  write(...all.slice(2500, 5996));
  rotate();
  write(...all.slice(5996));
  const reader = open(count);
  reader.drain(true);
  expect(seen).toEqual(count === 0 ? [] : all.slice(-count));
  reader.close();
});

test('a line in parts counts as one, also the last one without its end', () => {
  appendFileSync(at('log'), line('a') + line('b1', 'P') + line('b2') + line('c1', 'P'));
  for (const [count, wanted] of [
    [1, ['c1']],
    [2, ['b1', 'b2', 'c1']],
    [3, ['a', 'b1', 'b2', 'c1']],
  ] as const) {
    seen = [];
    const reader = open(count);
    reader.drain(true);
    expect(seen).toEqual([...wanted]);
    reader.close();
    const kept = lastLines(count);
    LINES.decoder(kept.take)(Buffer.from(line('a') + line('b1', 'P') + line('b2') + line('c1', 'P')));
    seen = [];
    kept.give((bytes, start, end) => seen.push(bytes.toString('utf8', start, end).replace('\n', '')));
    expect(seen).toEqual([...wanted]);
  }
});

test('a window takes whole milliseconds at both ends', () => {
  const stamped = (time: string): string => `2026-11-23T10:00:0${time}Z stdout F ${time}\n`;
  const bytes = Buffer.from(
    ['0.999999999', '1.000000000', '1.500000000', '2.000999999', '2.001000000'].map(stamped).join(''),
  );
  const [since, until] = [Date.parse('2026-11-23T10:00:01Z'), Date.parse('2026-11-23T10:00:02Z')];
  LINES.decoder(
    within({ since, until }, (all, start, end) => seen.push(all.toString('utf8', start, end).replace('\n', ''))),
  )(bytes);
  expect(seen).toEqual(['1.000000000', '1.500000000', '2.000999999']);
});

test('an empty place has no lines, whatever is asked', () => {
  for (const tail of [undefined, 0, 3]) {
    const reader = open(tail);
    reader.drain(true);
    reader.close();
  }
  writeFileSync(at('log'), '');
  unlinkSync(at('log'));
  expect(seen).toEqual([]);
});
