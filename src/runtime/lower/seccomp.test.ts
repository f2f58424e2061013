import { expect, test } from 'bun:test';
import { V1_HOST } from '#kernel/host-facts.fixture.ts';
import { lowerSeccomp } from './seccomp.ts';

test('a profile that asks for notification is refused by its place, not loaded without a listener', () => {
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath: '/run/listener',
    syscalls: [
      { names: ['mount'], action: 'SCMP_ACT_ERRNO' },
      { names: ['mknod'], action: 'SCMP_ACT_NOTIFY' },
    ],
  } as const;
  expect(() => lowerSeccomp(profile as never, V1_HOST)).toThrow('SCMP_ACT_NOTIFY is not supported yet');
});
