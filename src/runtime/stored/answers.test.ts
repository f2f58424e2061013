import { expect, test } from 'bun:test';
import { spec } from '#runtime/lower/lowering.fixture.ts';
import type { Linux } from '#runtime/spec/spec.ts';
import type { StoredState } from '#runtime/state/stored-state.ts';
import { answersOf } from './answers.ts';

const state: StoredState = {
  ociVersion: '1.3.0',
  id: 'box',
  bundle: '/b',
  rootfs: '/b/rootfs',
  created: '',
  owner: 'root',
  cgroups: [],
  cgroupsPath: '/box',
};

const verbs = (linux: Partial<Linux>, more: Partial<StoredState> = {}): string[] =>
  (answersOf(spec({}, {}, linux), { ...state, ...more }, false)?.split('\n')[1] ?? '').split(' ').slice(1, -1);

test('a container that leaves more than groups is not deleted by what knows of groups only', () => {
  expect(verbs({})).toEqual(['start', 'kill', 'delete']);
  expect(verbs({ intelRdt: { closID: 'gold' } })).toEqual(['start', 'kill']);
  expect(verbs({}, { hostRoot: { path: '/b/rootfs', over: 0 } })).toEqual(['start', 'kill']);
});
