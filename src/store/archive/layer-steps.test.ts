import { expect, test } from 'bun:test';
import type { FileStep } from '#kernel/plan.ts';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';
import { LayerSteps } from './layer-steps.ts';
import { StepQueue } from './step-queue.ts';
import { TarReader } from './tar-reader.ts';

class Recorder extends StepQueue {
  readonly steps: string[] = [];
  override step(step: FileStep): void {
    this.steps.push('path' in step ? `${step.op} ${step.path}` : step.op);
  }
}

function stepsOf(...items: TarItem[]): string[] {
  return read(items).steps;
}

function read(items: readonly TarItem[]): { steps: string[]; implied: string[] } {
  const recorder = new Recorder();
  const steps = new LayerSteps(recorder);
  const reader = new TarReader(steps);
  reader.push(tar(...items));
  reader.finish();
  steps.finish(false);
  const implied = steps.implied().map((one) => Object.values(one).join(' '));
  return { steps: recorder.steps, implied };
}

test('Names are brought into one form', () => {
  const items = ['./', './a', '/b', 'c//d', 'e/./f/'].map((name) => ({ name, type: name.endsWith('/') ? '5' : '0' }));
  expect(stepsOf(...items)).toEqual(['directory .', 'file a', 'file b', 'file c/d', 'directory e/f', 'end']);
});

test('A whiteout deletes what is below, wherever it stands in the archive', () => {
  expect(stepsOf({ name: 'd/.wh.gone' }, { name: 'd/x' })).toEqual(['file d/x', 'whiteout d/gone', 'end']);
});

test("A whiteout beside the layer's own object of that name hides only what is below", () => {
  expect(stepsOf({ name: 'a' }, { name: '.wh.a' })).toEqual(['file a', 'end']);
  expect(stepsOf({ name: '.wh.d' }, { name: 'd/x' })).toEqual(['file d/x', 'opaque d', 'end']);
});

test('Opaque directories are marked, private files of aufs left out', () => {
  expect(stepsOf({ name: 'd/.wh..wh..opq' }, { name: '.wh..wh.plnk' })).toEqual(['opaque d', 'end']);
});

test('Names that are more than can be remembered are refused, and no earlier', () => {
  const steps = new LayerSteps(new Recorder(), { mostNames: 1000 });
  const reader = new TarReader(steps);
  // Each takes its name, where it leads and 64 bytes.
  const file = (at: number): TarItem => ({ name: `file-${at}`, type: '2', link: 'x'.repeat(29) });
  reader.push(tar(...Array.from({ length: 10 }, (_, at) => file(at))).subarray(0, 10 * 512));
  expect(() => reader.push(tar(file(10)))).toThrow('more than 1000 bytes');
});

test('A name with a NUL byte is refused, wherever it stands', () => {
  const link = { name: 'a', type: '1', link: 'b' };
  for (const pax of [{ path: 'x\0lb' }, { linkpath: 'b\0mc' }])
    expect(() => stepsOf({ ...link, pax })).toThrow('NUL byte');
});

for (const name of ['.wh.', '.wh..', '.wh...']) {
  test(`${name} is refused`, () => {
    expect(() => stepsOf({ name })).toThrow('deletes nothing that can be named');
  });
}

const impliedBy = (...items: TarItem[]): string[] => read(items).implied;

test('Directories that are not listed are told of, those above first, and what holds nothing but marks', () => {
  const listed = { name: 'listed/', type: '5' };
  expect(impliedBy({ name: 'b/c/x' }, { name: 'b/a/x' }, { name: 'listed/x' }, listed)).toEqual([
    'parent ',
    'parent b',
    'parent b/a',
    'parent b/c',
  ]);
  expect(
    impliedBy({ name: './', type: '5' }, { name: 'm/n/.wh.x' }, { name: 'o/.wh..wh..opq' }, { name: 'p/x' }),
  ).toEqual(['marks m', 'marks m/n', 'marks o', 'parent p']);
});

test('A hard link to what the layer has not is left for later, with those to it; a later entry of the name takes it back', () => {
  const link = (name: string, to: string): TarItem => ({ name, type: '1', link: to });
  const root = { name: './', type: '5' };
  expect(read([root, link('a', 'd/below'), link('b', 'a'), { name: 'x' }, link('y', 'x')])).toEqual({
    steps: ['directory .', 'file x', 'hardlink y', 'end'],
    implied: ['parent d', 'link a d/below', 'link b d/below'],
  });
  expect(read([root, link('a', 'below'), { name: 'a' }])).toEqual({
    steps: ['directory .', 'file a', 'end'],
    implied: [],
  });
});

test('A hard link that can lead nowhere is left to the launcher, which refuses it', () => {
  const items: TarItem[] = [
    { name: 's', type: '2', link: '/' },
    { name: 'a', type: '1', link: 's/etc/passwd' },
    { name: 'b', type: '1', link: '../x' },
  ];
  expect(stepsOf(...items)).toEqual(['symlink s', 'hardlink a', 'hardlink b', 'end']);
});

test('Paths of very many directories that are not listed are refused, or left as they are', () => {
  const deep = { name: 'x', pax: { path: 'p/'.repeat(20_000) } };
  expect(impliedBy(deep).length).toBeLessThan(2100);
  const chains = Array.from({ length: 40 }, (_, at) => ({ name: 'x', pax: { path: `${at}/${'q/'.repeat(1000)}x` } }));
  expect(() => impliedBy(...chains)).toThrow('directories that it does not list');
});
