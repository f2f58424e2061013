import { expect, test } from 'bun:test';
import { DEFAULT_OPTIONS } from './options.ts';
import { sysctlsOf } from './usual-sysctls.ts';

const PORTS = 'net.ipv4.ip_unprivileged_port_start';

test("a network of one's own has them, the host's and a user's container has not", () => {
  expect(Object.keys(sysctlsOf(DEFAULT_OPTIONS, true))).toEqual([PORTS, 'net.ipv4.ping_group_range']);
  expect(sysctlsOf({ ...DEFAULT_OPTIONS, network: 'host' }, true)).toEqual({});
  expect(sysctlsOf(DEFAULT_OPTIONS, false)).toEqual({});
});

test("the caller's own come last", () => {
  const asked = { ...DEFAULT_OPTIONS, sysctls: { [PORTS]: '80', 'net.ipv4.ip_forward': '1' } };
  expect(sysctlsOf(asked, true)).toMatchObject({ [PORTS]: '80', 'net.ipv4.ip_forward': '1' });
});
