// The sources as a library on Node: no bundler, no Bun.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePlan } from '#kernel/encode.ts';
import { Fault, isFault, sentence } from '#base/fault.ts';

test('a plan has the same bytes on Node', () => {
  const bytes = encodePlan({ programs: [{ name: 'main', steps: [{ op: 'hostname', name: 'box' }] }] });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(view.getUint32(20, true), bytes.byteLength);
  assert.equal(new TextDecoder('latin1').decode(bytes.subarray(0, 4)), 'SMPN');
  assert.ok(new TextDecoder('latin1').decode(bytes).includes('box\0'));
});

test('a fault tells its chain', () => {
  const fault = new Fault('notFound', 'open the store', { cause: new Error('no such file') });
  assert.ok(isFault(fault, 'notFound'));
  assert.equal(sentence(fault), 'open the store: no such file');
});
