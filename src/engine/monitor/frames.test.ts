import { expect, test } from 'bun:test';
import { FRAME, frame, frameParser, resizeFrame } from './frames.ts';

test('frames survive being cut anywhere', () => {
  const bytes = Buffer.concat([frame(FRAME.stdout, Buffer.from('hello')), frame(FRAME.exited), resizeFrame(24, 80)]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const seen: [number, string][] = [];
    const feed = frameParser((type, payload) => seen.push([type, payload.toString('hex')]));
    feed(bytes.subarray(0, cut));
    feed(bytes.subarray(cut));
    expect(seen).toEqual([
      [FRAME.stdout, Buffer.from('hello').toString('hex')],
      [FRAME.exited, ''],
      [FRAME.resize, '00180050'],
    ]);
  }
});

test('a frame is type, three zeros, length, payload', () => {
  expect(frame(FRAME.stderr, Buffer.from('ab')).toString('hex')).toBe('02000000000000026162');
});
