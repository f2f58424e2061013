import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import { CASES, VALUE } from '#doors/cli/template/cases.fixture.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

/** What our own templates are held to is what Go's do; where Go is installed. */
test.skipIf(!hasGo)('Go prints what the cases of our templates say', () => {
  const cache = mkdtempSync(join(tmpdir(), 'sampan-go-'));
  try {
    const { stdout, stderr } = spawnSync('go', ['run', join(import.meta.dirname, 'go-template/main.go')], {
      encoding: 'utf8',
      input: JSON.stringify({ value: VALUE, templates: CASES.map(([template]) => template) }),
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: cache,
        GOCACHE: join(cache, 'go'),
        GO111MODULE: 'off',
        GOFLAGS: '',
      },
    });
    expect(stderr).toBe('');
    const printed = JSON.parse(stdout) as (string | null)[];
    expect(CASES.map(([template], at) => [template, printed[at]])).toEqual(CASES.map((one) => [...one]));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
});
