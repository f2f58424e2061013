import { expect, test } from 'bun:test';
import { formatExit, parseExit } from './exit-file.ts';

const TEXT = 'code=137\nsignal=9\noom=1\nstarted=1000000000\nfinished=2500000000\n';
const STATUS = { code: 137, signal: 9, oom: true, started: 1000, finished: 2500 };

test('What a monitor wrote is read, and what is written for one is the same', () => {
  expect(parseExit(TEXT)).toEqual(STATUS);
  expect(parseExit(formatExit(STATUS))).toEqual(STATUS);
  expect(parseExit(formatExit({ ...STATUS, error: 'two\nlines' }))).toEqual({ ...STATUS, error: 'two lines' });
});

test('Figures are those that the kernel counts, and no limit is none', () => {
  const figures = 'oom_kills=2\nmemory_peak=4096\nmemory_limit=9223372036854771712\npids_refused=0\npids_limit=5\n';
  expect(parseExit(TEXT + figures)).toEqual({ ...STATUS, figures: { oomKills: 2, memoryPeak: 4096, pidsLimit: 5 } });
});
