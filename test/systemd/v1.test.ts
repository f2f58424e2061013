/** Scopes of a real systemd that uses version 1; runs in the virtual machine (make test-v2). */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hierarchies } from '#test/rootless/hierarchies.ts';
import { IS_V1, property, scopeWorld } from './world.ts';

test.skipIf(!IS_V1)('the container is in its scope in every hierarchy, systemd’s and the others', () => {
  using world = scopeWorld();
  world.configureScope('system.slice:old:a', ['sleep', '100'], (spec) => {
    spec.linux!.resources = {
      ...spec.linux!.resources,
      memory: { limit: 1 << 26 },
      pids: { limit: 20 },
      cpu: { shares: 512 },
    };
  });
  expect(world.scoped('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  const { pid } = JSON.parse(world.oci('state', 'a').stdout) as { pid: number };
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trimEnd().split('\n');
  for (const group of groups) expect(group).toEndWith(':/system.slice/old-a.scope');
  expect(property('old-a.scope', 'MemoryLimit')).toBe(String(1 << 26));
  expect(property('old-a.scope', 'TasksMax')).toBe('20');
  expect(world.scoped('update', '--memory', '128m', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(spawnSync('systemctl', ['daemon-reload']).status).toBe(0);
  const limit = '/sys/fs/cgroup/memory/system.slice/old-a.scope/memory.limit_in_bytes';
  expect(readFileSync(limit, 'utf8')).toBe(`${1 << 27}\n`);
  expect(world.scoped('pause', 'a').status).toBe(0);
  expect(world.scoped('resume', 'a').status).toBe(0);
  expect(world.scoped('exec', 'a', 'grep', ':pids:', '/proc/self/cgroup')).toMatchObject({ status: 0, stderr: '' });
  expect(world.scoped('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(property('old-a.scope', 'ActiveState')).toBe('inactive');
  for (const mount of hierarchies()) expect(existsSync(`${mount}/system.slice/old-a.scope`)).toBe(false);
});
