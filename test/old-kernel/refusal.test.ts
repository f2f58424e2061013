/** What can be had on a kernel that is too old for containers: clear words, and nothing left behind. Linux 5.10. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import { nativeLauncher } from '#kernel/launcher.ts';
import type { Step } from '#kernel/plan.ts';
import { deviceProgram } from '#runtime/cgroup/device-program.ts';
import { deviceRules } from '#runtime/cgroup/device-rules.ts';
import { LAUNCHER } from '#tools/places.ts';
import { type Bundle, busyboxBundle } from '#test/v2/bundle.ts';

const GROUP = '/sys/fs/cgroup/sampan-test-old';

let bundle: Bundle;
let directory: string;
beforeAll(() => {
  expect(release()).toStartWith('5.10.');
  bundle = busyboxBundle();
  directory = mkdtempSync(join(tmpdir(), 'sampan-old-'));
});
afterAll(() => {
  bundle[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

test('a container is refused by the name of what is missing, and leaves no control group', () => {
  const { status, stdout, stderr } = bundle.run('old', {}, 'echo started');
  expect(stderr).toContain(`this kernel (${release()}) has no mount_setattr, which came with Linux 5.12`);
  expect(stdout).toBe('');
  expect(status).not.toBe(0);
  expect(existsSync('/sys/fs/cgroup/sampan-test-v2/old')).toBe(false);
});

/** A launcher that may lock no memory, and with `before` may have other things less. */
function launcherWithoutMemory(name: string, before = ''): string {
  const binary = join(directory, name);
  writeFileSync(binary, `#!/bin/sh\nulimit -l 0\nexec ${before} ${LAUNCHER} "$@"\n`);
  chmodSync(binary, 0o755);
  return binary;
}

test('a device program is loaded where it counts as locked memory and none may be locked', async () => {
  const program = deviceProgram(deviceRules([])) ?? new Uint8Array();
  const steps: Step[] = [
    { op: 'mkdir', path: GROUP, mode: 0o755 },
    { op: 'open', path: GROUP, flags: 0o10200000, out: 'cgroup' },
    { op: 'deviceProgram', cgroup: 'cgroup', program },
  ];
  const run = (binary: string, ...list: Step[]) =>
    nativeLauncher(binary, directory).launch({ plan: encodePlan({ programs: [{ name: 'main', steps: list }] }) })
      .result;
  expect(await run(launcherWithoutMemory('able'), ...steps)).toMatchObject({ code: 0, records: [] });
  const unable = launcherWithoutMemory('unable', 'setpriv --bounding-set -sys_resource');
  expect((await run(unable, ...steps)).records).toMatchObject([{ kind: 'fail', value: 1, path: 'BPF_PROG_LOAD' }]);
  expect(await run(unable, { op: 'rmdir', path: GROUP })).toMatchObject({ code: 0 });
  expect(readdirSync('/sys/fs/cgroup')).not.toContain('sampan-test-old');
});
