import { expect, test } from 'bun:test';
import { resolveUser } from './user.ts';

const accounts = {
  passwd:
    'root:x:0:0:root:/root:/bin/bash\n# comment\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\nbroken\napp:x:1000:1000::/home/app:/bin/sh\n',
  groups: 'root:x:0:\nwww-data:x:33:\napp:x:1000:\nadm:x:4:app,root\nssl:x:99:app\n',
};
const who = (wish: string) => resolveUser(wish, accounts, 'User');

test('no wish is root with its home', () => {
  expect(who('')).toEqual({ uid: 0, gid: 0, additionalGids: [4], home: '/root' });
});

test('a name brings its group, its further groups and its home', () => {
  expect(who('app')).toEqual({ uid: 1000, gid: 1000, additionalGids: [4, 99], home: '/home/app' });
});

test('a given group takes the place of all groups', () => {
  expect(who('app:www-data')).toEqual({ uid: 1000, gid: 33, additionalGids: [], home: '/home/app' });
  expect(who('1000:7')).toEqual({ uid: 1000, gid: 7, additionalGids: [], home: '/home/app' });
});

test('a number needs no entry', () => {
  expect(who('4242')).toEqual({ uid: 4242, gid: 0, additionalGids: [], home: '/' });
});

test('a number with letters behind it is a name, never a number', () => {
  expect(() => who('1000x')).toThrow('has no such user');
  expect(() => who('0x0')).toThrow('has no such user');
});

test('unknown names and ids out of range are refused', () => {
  expect(() => who('nobody2')).toThrow('has no such user');
  expect(() => who('app:nogroup')).toThrow('has no such group');
  expect(() => who('99999999999')).toThrow('past the largest id');
});
