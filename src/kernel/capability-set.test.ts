import { expect, test } from 'bun:test';
import { allCapabilities, capabilityBits, capabilityNames, holds } from './capability-set.ts';

test('names become bits by their kernel numbers, unknown ones are told', () => {
  expect(capabilityBits(['CAP_CHOWN', 'CAP_SYS_ADMIN', 'net_raw', 'CAP_NOPE'])).toEqual({
    bits: (1n << 0n) | (1n << 21n) | (1n << 13n),
    unknown: ['CAP_NOPE'],
  });
});

test('bits become names again', () => {
  expect(capabilityNames((1n << 5n) | (1n << 40n))).toEqual(['CAP_KILL', 'CAP_CHECKPOINT_RESTORE']);
});

test('all capabilities end at the last one of the kernel', () => {
  expect(allCapabilities(40)).toBe(0x1ffffffffffn);
  expect(holds(allCapabilities(23), 'CAP_SYS_RESOURCE')).toBe(false);
  expect(holds(allCapabilities(24), 'CAP_SYS_RESOURCE')).toBe(true);
});
