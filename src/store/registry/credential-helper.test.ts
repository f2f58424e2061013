import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialHelper } from './credential-helper.ts';

let bin: string;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'sampan-helper-'));
});
afterAll(() => rmSync(bin, { recursive: true }));

/** A helper that does what this shell script does. */
function helper(script: string): ReturnType<typeof credentialHelper> {
  writeFileSync(join(bin, 'docker-credential-x'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return credentialHelper('x', { PATH: `${bin}:/usr/bin:/bin` });
}

test('Passwords and identity tokens are told apart, and Docker Hub goes by its old address', async () => {
  const answer = `read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' "$server"`;
  expect(await helper(`${answer} "$server"`).get('docker.io')).toEqual({
    username: 'https://index.docker.io/v1/',
    password: 's',
  });
  expect(await helper(`${answer} '<token>'`).get('a.test')).toEqual({ identityToken: 's' });
});

test('What it does not know is no failure', async () => {
  const none = helper('echo credentials not found in native keychain; exit 1');
  expect(await none.get('a.test')).toBeUndefined();
  expect(await none.erase('a.test')).toBeUndefined();
  expect(await helper(`echo '{"Username":"","Secret":""}'`).get('a.test')).toBeUndefined();
});

test('Failures and nonsense are faults that repeat nothing of what it said', async () => {
  const cases: [string, string][] = [
    ['echo hunter2; exit 3', 'unavailable'],
    ['echo hunter2', 'corrupt'],
    [`echo '{"Username":"hunter2"}'`, 'corrupt'],
    ['kill -9 $$', 'unavailable'],
    ['yes hunter2', 'unavailable'],
  ];
  for (const [script, kind] of cases) {
    const error = (await helper(script)
      .get('a.test')
      .catch((caught: unknown) => caught)) as Error;
    expect({ script, error }).toMatchObject({ script, error: { kind } });
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2');
  }
  const stores = helper('cat >&2 >/dev/null; exit 1').store('a.test', { username: 'u', password: 'hunter2' });
  expect(await stores.catch((caught: unknown) => caught)).toMatchObject({ kind: 'unavailable' });
  const missing = credentialHelper('nonesuch', { PATH: bin }).get('a.test');
  expect(await missing.catch((caught: unknown) => caught)).toMatchObject({ kind: 'unavailable' });
});
