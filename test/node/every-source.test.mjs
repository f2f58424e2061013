// Every source file loads on Node as it is: erasable types only, no Bun, no side effect that fails.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';

/** What only the executable has: its entry, and the adapter for the launcher inside it. */
const EXECUTABLE = ['src/main.ts', 'src/kernel/embedded-launcher.ts'];
const forTests = /\.(test|fixture)\.ts$|\/suite\.ts$|\/testing\//;

const sources = globSync('src/**/*.ts').filter((path) => !EXECUTABLE.includes(path) && !forTests.test(path));

test('there are sources', () => assert.ok(sources.length > 10));

for (const path of sources) {
  test(`${path} loads`, () => assert.doesNotReject(import(new URL(`../../${path}`, import.meta.url).href)));
}
