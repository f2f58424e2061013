import { expect, test } from 'bun:test';
import { grantedCapabilities } from './capabilities.ts';

const ALL = ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'];
const granted = (capAdd: string[], capDrop: string[], privileged = false) =>
  grantedCapabilities({ capAdd, capDrop, privileged }, ALL);

test('names may be short and in any case', () => {
  expect(granted(['net_admin', 'CAP_SYS_ADMIN'], ['all'])).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']);
});

test('ALL stands for every capability there is', () => {
  expect(granted(['ALL'], ['mknod'])).toEqual(['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN']);
  expect(granted([], ['ALL'])).toEqual([]);
  expect(granted([], [], true)).toEqual(ALL);
});

test('an unknown name is refused with its option', () => {
  expect(() => granted(['flying'], [])).toThrow('read --cap-add: there is no capability "flying" here');
  expect(() => granted([], ['flying'])).toThrow('read --cap-drop');
});
