/** `make fuzz`: the fuzzers of the TypeScript side, for FUZZ_SECONDS. */
import { fuzzConfig, type End } from './config.ts';
import { stateWorld } from './state.ts';
import { storeFuzz, type StoreEnd } from './store.ts';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? '20');
const first = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const until = Date.now() + seconds * 1000;

const ends: Record<End, number> = { plan: 0, fault: 0, 'no JSON': 0 };
let seed = first;
while (Date.now() < until) ends[fuzzConfig(seed++)]++;
console.log(`config.json: seeds ${first} to ${seed - 1}: ${JSON.stringify(ends)}`);

{
  using world = stateWorld();
  console.log(`state files: ${await world.run(0, 1)} kinds of damage`);
}

{
  await using world = await storeFuzz();
  const stored: Record<StoreEnd, number> = { image: 0, fault: 0 };
  const end = Date.now() + seconds * 1000;
  let at = first;
  while (Date.now() < end) stored[await world.run(at++)]++;
  console.log(`archives and registries: seeds ${first} to ${at - 1}: ${JSON.stringify(stored)}`);
}
