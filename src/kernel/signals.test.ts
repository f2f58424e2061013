import { expect, test } from 'bun:test';
import { signalNumber } from './signals.ts';

test('signals by name, with and without SIG, in any case, and by number', () => {
  expect([signalNumber('KILL'), signalNumber('sigterm'), signalNumber('SIGHUP'), signalNumber('9')]).toEqual([
    9, 15, 1, 9,
  ]);
  expect([signalNumber('RTMIN+3'), signalNumber('SIGRTMAX-1'), signalNumber('RTMIN')]).toEqual([37, 63, 34]);
});

test('what is no signal is refused', () => {
  for (const text of ['', '0', '65', '-9', 'NOPE', 'RTMIN+40', '9x']) {
    expect(() => signalNumber(text)).toThrow('unknown signal');
  }
});
