import { expect, test } from 'bun:test';
import { compileSeccomp } from '#runtime/seccomp/compile.ts';
import { defaultSeccompProfile } from '#runtime/seccomp/default-profile.ts';
import { DEFAULT_CAPABILITIES } from './capabilities.ts';
import { usualFilter } from './usual-filter.ts';

test('what was compiled when sampan was built is what would be compiled now', () => {
  for (const arch of ['x86-64', 'arm64'] as const) {
    const now = compileSeccomp(defaultSeccompProfile(DEFAULT_CAPABILITIES), arch).program;
    expect(Buffer.from(usualFilter(DEFAULT_CAPABILITIES, arch) ?? []).equals(Buffer.from(now))).toBe(true);
  }
});

test('any other set of capabilities is compiled anew', () => {
  expect(usualFilter(DEFAULT_CAPABILITIES.slice(1), 'x86-64')).toBeUndefined();
  expect(usualFilter([...DEFAULT_CAPABILITIES.slice(1), 'CAP_SYS_ADMIN'], 'x86-64')).toBeUndefined();
});
