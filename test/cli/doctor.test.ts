import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import { SAMPAN } from '#tools/places.ts';

interface Found {
  about: string;
  verdict: string;
  says: string;
}

test('This machine can run containers, and says what it lacks', () => {
  const { status, stdout } = spawnSync(SAMPAN, ['doctor'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^kernel +ok +\d/);
});

test('An ordinary user can ask as well, without a root of their own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-doctor-'));
  try {
    chmodSync(directory, 0o755);
    const program = join(directory, 'sampan');
    copyFileSync(SAMPAN, program);
    chmodSync(program, 0o755);
    const words = ['--reuid', '65534', '--regid', '65534', '--clear-groups', program, 'doctor', '--format', 'json'];
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
    const { stdout, stderr } = spawnSync('setpriv', words, { encoding: 'utf8', env });
    expect(stderr).toBe('');
    const found = JSON.parse(stdout) as Found[];
    expect(found.find(({ about }) => about === 'ranges of ids')?.says).toContain('nobody has no range');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
