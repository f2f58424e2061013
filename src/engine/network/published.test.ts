import { expect, test } from 'bun:test';
import { forwardedResolvers } from './pasta.ts';
import { readPublished } from './published.ts';

test.each([
  ['8080:80', { hostPort: 8080, containerPort: 80, count: 1, protocol: 'tcp' }],
  ['127.0.0.1:53:53/udp', { address: '127.0.0.1', hostPort: 53, containerPort: 53, count: 1, protocol: 'udp' }],
  ['[::1]:8080:80', { address: '::1', hostPort: 8080, containerPort: 80, count: 1, protocol: 'tcp' }],
  ['8000-8009:9000-9009', { hostPort: 8000, containerPort: 9000, count: 10, protocol: 'tcp' }],
] as const)('%s', (text, port) => {
  expect(readPublished(text, '-p')).toEqual(port);
});

test.each([
  '',
  '80',
  ':80',
  '0:80',
  '80:0',
  '1-3:80',
  '3-1:1-3',
  '65535-65536:1-2',
  '1:2/sctp',
  'a:1',
  '1.2.3:1:2',
  '1:2:3:4',
])('"%s" is refused', (text) => {
  expect(() => readPublished(text, '-p')).toThrow('read -p:');
});

test('a resolver on the host’s loopback is reached through pasta', () => {
  expect(forwardedResolvers('nameserver 10.0.0.1\nsearch a\n')).toBe('nameserver 10.0.0.1\nsearch a\n');
  expect(forwardedResolvers('nameserver 127.0.0.53\nsearch a\n')).toBe('nameserver 169.254.1.1\nsearch a\n');
  expect(forwardedResolvers('')).toBe('nameserver 169.254.1.1\n');
});
