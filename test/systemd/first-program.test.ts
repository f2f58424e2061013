/** `sampan run IMAGE /sbin/init`: systemd as the first program of a container, the image being this machine's own files. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftovers, outcome, type Outcome } from '#test/cli/world.ts';
import { writeOwnImage } from './own-image.ts';

const root = mkdtempSync(join(tmpdir(), 'sampan-init-'));
const sampan = (...args: string[]): Promise<Outcome> => outcome(root, args, { timeout: 250_000 });

beforeAll(async () => {
  const tar = join(root, 'machine.tar');
  writeOwnImage(tar);
  expect(await sampan('import', tar, 'machine:1')).toMatchObject({ status: 0 });
  rmSync(tar);
}, 300_000);

afterAll(async () => {
  await sampan('rm', '-f', 'init');
  rmSync(root, { recursive: true, force: true });
});

test('it comes up, takes further programs and limits, ends when it is told to, and leaves nothing', async () => {
  const limits = ['--memory', '300m', '--pids-limit', '500'];
  expect(await sampan('run', '-d', '--name', 'init', ...limits, 'machine:1', '/sbin/init')).toMatchObject({
    status: 0,
    stderr: '',
  });
  const state = await sampan('exec', 'init', 'sh', '-c', UP);
  expect(state).toMatchObject({ status: 0, stdout: 'running\n' });
  expect((await sampan('exec', 'init', 'systemctl', 'is-active', 'dbus.service')).stdout).toBe('active\n');
  const raised = await sampan('exec', 'init', 'sh', '-c', RAISE);
  expect(raised.stdout).toBe('held\n');
  expect((await sampan('stop', '-t', '60', 'init')).status).toBe(0);
  expect((await sampan('inspect', '--format', '{{.State.ExitCode}}', 'init')).stdout).toBe('0\n');
  expect((await sampan('rm', 'init')).status).toBe(0);
  expect(leftovers(root)).toEqual([]);
}, 300_000);

/** Its bus is there only after a while. */
const UP = `until systemctl is-system-running --wait 2>/dev/null | grep -q -e running -e degraded; do sleep 0.2; done
systemctl is-system-running; systemctl --failed --no-legend --plain`;
/** By the file of either version. */
const RAISE = `cd /sys/fs/cgroup
for file in memory.max memory/memory.limit_in_bytes; do
  test ! -e $file || (echo 500000000 >$file) 2>/dev/null || echo held
done`;
