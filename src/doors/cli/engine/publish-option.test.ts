import { expect, test } from 'bun:test';
import { pastaWish } from './pasta-option.ts';
import { readExposed, readPorts } from './publish-option.ts';

test.each([
  ['80', [{ containerPort: 80, protocol: 'tcp' }]],
  [':80', [{ containerPort: 80, protocol: 'tcp' }]], // docker: any port of the host
  ['8080:80', [{ containerPort: 80, hostPort: 8080, protocol: 'tcp' }]],
  ['127.0.0.1::53/UDP', [{ containerPort: 53, hostIp: '127.0.0.1', protocol: 'udp' }]],
  ['[::1]:8080:80/sctp', [{ containerPort: 80, hostPort: 8080, hostIp: '::1', protocol: 'sctp' }]],
  ['8000-8001:90-91', [8000, 8001].map((hostPort, at) => ({ containerPort: 90 + at, hostPort, protocol: 'tcp' }))],
  ['8000-8009:90', [{ containerPort: 90, hostPort: 8000, hostPortEnd: 8009, protocol: 'tcp' }]],
])('%s', (text, wishes) => expect(readPorts([text])).toEqual(wishes));

test.each([
  '',
  '0:80',
  '80:0',
  '3-1:1-3',
  '1-3:1-2',
  '65535-65536:1-2',
  '1:2/icmp',
  'a:1',
  '1.2.3:1:2',
  '1:2:3:4',
  '[::1:80:80',
  '::1:80:80',
  '1-5000',
])('"%s" is refused', (text) => expect(() => readPorts([text])).toThrow('read --publish:'));

test('exposed ports are single ones', () => {
  expect(readExposed(['80', '90-91/udp'])).toEqual(['80/tcp', '90/udp', '91/udp']);
  expect(() => readExposed(['x'])).toThrow('no port');
});

test('pasta takes each port as it is told', () => {
  expect(pastaWish('back', [])).toBeUndefined();
  expect(pastaWish('pasta:--map-gw,-4', readPorts(['8080:80']))).toEqual({
    network: 'pasta',
    pasta: ['--map-gw', '-4'],
    publish: [{ containerPort: 80, hostPort: 8080, protocol: 'tcp' }],
  });
  for (const text of ['80', '1-3:80', '8080:80/sctp'])
    expect(() => pastaWish('pasta', readPorts([text]))).toThrow('read --publish: with pasta');
});
