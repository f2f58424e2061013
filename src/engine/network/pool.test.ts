import { expect, test } from 'bun:test';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '#base/ip.ts';
import { numberIn } from './device-number.ts';
import { parseRoutes, parseRoutes6 } from './host-routes.ts';
import { parseSockets } from './listeners.ts';
import { firstAddress, freeAddress, freeSubnet, isUsable, uniqueLocal } from './pool.ts';

const prefix = (text: string) => parsePrefix(text, 'x').prefix;

test('the first free block is found, past what is in use, and through all pools', () => {
  expect(formatPrefix(freeSubnet([]))).toBe('10.88.0.0/16');
  expect(formatPrefix(freeSubnet([prefix('10.88.7.0/24'), prefix('10.89.0.0/16')]))).toBe('10.90.0.0/16');
  expect(formatPrefix(freeSubnet([prefix('10.0.0.0/8')]))).toBe('172.16.0.0/16');
  expect(formatPrefix(freeSubnet([prefix('10.0.0.0/8'), prefix('172.16.0.0/12')]))).toBe('192.168.0.0/24');
  expect(() => freeSubnet([prefix('0.0.0.0/0')])).toThrow('in use');
});

test('addresses are given from the lowest on, never those of the network itself', () => {
  const [block, range] = [prefix('10.7.0.0/29'), prefix('10.7.0.4/30')];
  const taken = new Set(['10.7.0.1']);
  const given: string[] = [];
  for (let i = 0; i < 5; i++) {
    given.push(formatAddress(freeAddress(block, block, taken)));
    taken.add(given.at(-1) ?? '');
  }
  expect(given).toEqual(['10.7.0.2', '10.7.0.3', '10.7.0.4', '10.7.0.5', '10.7.0.6']);
  expect(() => freeAddress(block, block, taken)).toThrow('none left');
  expect(formatAddress(freeAddress(block, range, new Set()))).toBe('10.7.0.4');
  expect(formatAddress(firstAddress(prefix('fd00:7::/64')))).toBe('fd00:7::1');
  for (const [text, usable] of [
    ['10.7.0.0', false],
    ['10.7.0.1', true],
    ['10.7.0.7', false],
    ['10.7.0.8', false],
    ['fd00::1', false],
  ] as const)
    expect([text, isUsable(block, parseAddress(text, 'x'))]).toEqual([text, usable]);
});

test('a unique local block comes from the id', () => {
  expect(formatPrefix(uniqueLocal('ad22adf440c79bff'))).toBe('fdad:22ad:f440:c79b::/64');
});

test('the routes of the host, without the default ones and what leads nowhere', () => {
  const four = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'eth1\t010A0A0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0',
    '',
  ].join('\n');
  expect(parseRoutes(four).map(formatPrefix)).toEqual(['10.0.2.0/24', '10.10.10.1/32']);
  const zeros = '0'.repeat(32);
  const six = [
    `20010db8${'0'.repeat(24)} 40 ${zeros} 00 ${zeros} 00000100 00000001 00000000 00000001     eth0`,
    `${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo`,
    `${zeros} 00 ${zeros} 00 ${'f'.repeat(32)} 00000400 00000001 00000000 00450003     eth0`,
  ].join('\n');
  expect(parseRoutes6(six).map(formatPrefix)).toEqual(['2001:db8::/64']);
});

test('sockets that listen, of either family', () => {
  const line = (local: string, state: string): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0`;
  const table = [
    '  sl  local_address ...',
    line('0100007F:1F90', '0A'),
    line('00000000:0050', '0A'),
    line('0100007F:1F91', '01'),
  ];
  const found = parseSockets(table.join('\n'), 'tcp', '0A').map(({ address, port }) => `${address}:${port}`);
  expect(found).toEqual(['127.0.0.1:8080', ':80']);
  const six = [
    'head',
    line('0000000000000000FFFF00000200000A:0016', '0A'),
    line(`B80D0120${'0'.repeat(16)}01000000:0017`, '0A'),
  ];
  expect(parseSockets(six.join('\n'), 'tcp', '0A').map(({ address }) => address)).toEqual(['10.0.0.2', '2001:db8::1']);
});

test('the number of a device, by the table of multicast groups', () => {
  const table =
    'Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n7\teth0.5    :     1      V3\n';
  expect(numberIn(table, 'eth0.5')).toBe(7);
  expect(numberIn(table, 'eth0')).toBeUndefined();
});
