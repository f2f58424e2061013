import { expect, test } from 'bun:test';
import { complete } from './complete.ts';
import { placeAt } from './places.ts';

const NAMES = { container: ['web', 'worker'], image: ['debian:12', 'nginx:latest'], volume: ['data'] };

async function words(line: string): Promise<string[]> {
  const { candidates, files } = await complete(line.split(' '), (kind) => Promise.resolve(NAMES[kind]));
  return [...candidates.map(({ word }) => word), ...(files ? ['FILES'] : [])];
}

test.each([
  ['pul', ['pull']],
  ['imag', ['images', 'image']],
  ['image pr', ['prune']],
  ['image ta', ['tag']],
  ['container pu', []],
  ['run de', ['debian:12']],
  ['run --rm -it ng', ['nginx:latest']],
  ['run --name x ng', ['nginx:latest']],
  ['run --name=x ng', ['nginx:latest']],
  ['run --name ', []],
  ['run --no-su', []],
  ['run debian:12 --r', []],
  ['run --rea', ['--read-only']],
  ['rm web w', ['web', 'worker']],
  ['rm -f w', ['web', 'worker']],
  ['container rm wo', ['worker']],
  ['exec web ', []],
  ['inspect ', ['web', 'worker', 'debian:12', 'nginx:latest']],
  ['volume rm ', ['data']],
  ['volume clone data ', []],
  ['load --input ', ['FILES']],
  ['import ', ['FILES']],
  ['ps x', []],
  ['--ro', ['--root']],
  ['--root ', ['FILES']],
  ['--root /x imag', ['images', 'image']],
  ['rmi -- -', []],
  ['nonsense ', []],
])('after "sampan %s" comes %j', async (line, wanted) => {
  expect(await words(line)).toEqual(wanted);
});

test('Hidden commands are not offered, others with what they do', async () => {
  const { candidates } = await complete([''], () => Promise.resolve([]));
  expect(candidates.some(({ word }) => word === '__complete')).toBe(false);
  expect(candidates.find(({ word }) => word === 'pull')?.does).toContain('Download');
});

test('Places of a usage line', () => {
  const usage = '[OPTIONS] IMAGE [COMMAND] [ARG...] | --bundle DIR';
  expect([0, 1, 9].map((at) => placeAt(usage, at))).toEqual([['image'], ['other'], ['other']]);
  expect([0, 1, 2].map((at) => placeAt('CONTAINER FILE', at))).toEqual([['container'], ['file'], []]);
});
