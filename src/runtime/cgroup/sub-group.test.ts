import { expect, test } from 'bun:test';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { cgroupDirectories } from './layout.ts';
import { joinedDirectories, parseSubGroups } from './sub-group.ts';

const V1 = cgroupDirectories(HYBRID_HOST.cgroup, '/box');
const V2 = cgroupDirectories(V2_HOST.cgroup, '/box');

const joined = (all: typeof V1, ...texts: string[]): string[] =>
  joinedDirectories(all, parseSubGroups(texts)).map(({ path }) => path);

test('a path counts below the container, for every hierarchy or for that of one controller', () => {
  expect(joined(V2, '/workers/one')).toEqual(['/sys/fs/cgroup/box/workers/one']);
  expect(joined(V1, 'workers').every((path) => path.endsWith('/box/workers'))).toBe(true);
  const one = joined(V1, 'cpuacct:a', 'memory:b').filter((path) => !path.endsWith('/box'));
  expect(one).toEqual(['/sys/fs/cgroup/cpu,cpuacct/box/a', '/sys/fs/cgroup/memory/box/b']);
  expect(joined(V2)).toEqual(['/sys/fs/cgroup/box']);
});

test('nothing climbs, and nothing is asked for twice', () => {
  for (const texts of [['../x'], ['a/../../x'], ['a', 'b'], ['memory:a', 'memory:b'], ['memory:a', 'b']]) {
    expect(() => parseSubGroups(texts)).toThrow(expect.objectContaining({ kind: 'invalid', field: '--cgroup' }));
  }
  expect(() => joined(V2, 'memory:a')).toThrow('there is no controller memory');
});
