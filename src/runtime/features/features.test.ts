import { expect, test } from 'bun:test';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { features } from './features.ts';
import { knows } from './knows.ts';

test('what is asked of the code is answered by it', () => {
  const can = knows(HYBRID_HOST);
  expect(can.mountOption('nosuid')).toBe(true);
  expect(can.mountOption('rbind')).toBe(true);
  expect(can.linux({ rootfsPropagation: 'sideways' })).toBe(false);
  expect(can.process({ oomScoreAdj: 5 })).toBe(true);
  expect(can.process({ oomScoreAdj: 5000 })).toBe(false);
  expect(can.seccomp({ flags: ['SECCOMP_FILTER_FLAG_NONESUCH'] })).toBe(false);
});

test('the document is the same for both versions of control groups', () => {
  expect(features(HYBRID_HOST)).toEqual(features(V2_HOST));
  expect(features({ ...HYBRID_HOST, seccomp: false })).toMatchObject({ linux: { seccomp: { enabled: false } } });
});
