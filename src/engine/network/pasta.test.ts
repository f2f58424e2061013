import { expect, test } from 'bun:test';
import { forwardedResolvers } from './pasta.ts';

test('a resolver on the host’s loopback is reached through pasta', () => {
  expect(forwardedResolvers('nameserver 10.0.0.1\nsearch a\n')).toBe('nameserver 10.0.0.1\nsearch a\n');
  expect(forwardedResolvers('nameserver 127.0.0.53\nsearch a\n')).toBe('nameserver 169.254.1.1\nsearch a\n');
  expect(forwardedResolvers('')).toBe('nameserver 169.254.1.1\n');
});
