/** A short run of the fuzzers, the same each time; `make fuzz` runs them for longer, from other seeds. */
import { expect, test } from 'bun:test';
import { fuzzConfig, type End } from './config.ts';
import { stateWorld } from './state.ts';
import { storeFuzz, type StoreEnd } from './store.ts';

/** Seeds that have found something. */
const FOUND = [1351];

test('any config.json becomes a plan or a fault', () => {
  const ends: Record<End, number> = { plan: 0, fault: 0, 'no JSON': 0 };
  for (let seed = 0; seed < 2000; seed++) ends[fuzzConfig(seed)]++;
  expect(ends.plan).toBeGreaterThan(50);
  expect(ends.fault).toBeGreaterThan(500);
});

test('every verb works on state files that are damaged, or says so', async () => {
  using world = stateWorld();
  expect(await world.run(0, 37)).toBeGreaterThan(100);
});

test('whatever is loaded, imported or pulled becomes an image or a fault, and leaves nothing', async () => {
  await using world = await storeFuzz();
  const ends: Record<StoreEnd, number> = { image: 0, fault: 0 };
  for (let seed = 0; seed < 300; seed++) ends[await world.run(seed)]++;
  for (const seed of FOUND) ends[await world.run(seed)]++;
  expect(ends.image).toBeGreaterThan(10);
  expect(ends.fault).toBeGreaterThan(100);
}, 120_000);
