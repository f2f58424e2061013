import { expect, test } from 'bun:test';
import { all, spec } from './lowering.fixture.ts';
import { lowerSysctl } from './sysctl.ts';

const lower = (sysctl: Record<string, string>, own: string[] = ['ipc', 'network', 'uts']): string[] =>
  all(
    lowerSysctl(spec({}, {}, { sysctl }), (type) => own.includes(type)),
    'write',
  ).map((step) => step.path);

test('both ways to write a name lead to the same file', () => {
  expect(lower({ 'net.ipv4.conf.eth0/1.forwarding': '1' })).toEqual(['sys/net/ipv4/conf/eth0.1/forwarding']);
  expect(lower({ 'net/ipv4/conf/eth0.1/forwarding': '1' })).toEqual(['sys/net/ipv4/conf/eth0.1/forwarding']);
  expect(lower({ 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '2' })).toEqual([
    'sys/kernel/shmmax',
    'sys/fs/mqueue/msg_max',
  ]);
});

test('what reaches the host, or climbs, is refused', () => {
  for (const key of [
    'kernel.core_pattern',
    'vm.swappiness',
    'net/../kernel/core_pattern',
    'net..x',
    'kernel.msgmaxx',
  ]) {
    expect(() => lower({ [key]: '1' })).toThrow(`linux.sysctl.${key}`);
  }
  expect(() => lower({ 'net.core.somaxconn': '1' }, ['ipc'])).toThrow('network namespace');
});

test('nothing is prepared when nothing is asked', () => {
  expect(lowerSysctl(spec(), () => true)).toEqual([]);
});
