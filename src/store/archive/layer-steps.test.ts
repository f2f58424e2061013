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
  const recorder = new Recorder();
  const steps = new LayerSteps(recorder);
  const reader = new TarReader(steps);
  reader.push(tar(...items));
  reader.finish();
  steps.finish(false);
  return recorder.steps;
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

for (const name of ['.wh.', '.wh..', '.wh...']) {
  test(`${name} is refused`, () => {
    expect(() => stepsOf({ name })).toThrow('deletes nothing that can be named');
  });
}
