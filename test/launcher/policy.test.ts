/** Steps on how the kernel treats the process, on files that may be missing, and on mapped and copied mounts. */
import { describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '#kernel/plan.ts';
import { alone, BUILDS, failure, MOUNT_PROC, Scene, scripted } from './harness.ts';

describe.each(BUILDS)('%s', (binary) => {
  test('writeFirst writes to the first file there is, what is meant for that one', async () => {
    using scene = new Scene(binary);
    const [missing, there, last] = ['a', 'b', 'c'].map((name) => join(scene.dir, name)) as [string, string, string];
    for (const path of [there, last]) writeFileSync(path, '');
    const step: Step = { op: 'writeFirst', paths: [missing, there, last], data: ['1', '2', '3'] };
    expect((await scene.run(alone(step))).code).toBe(0);
    expect([there, last].map((path) => readFileSync(path, 'utf8'))).toEqual(['2', '']);
    const none: Step = { op: 'writeFirst', paths: [missing], data: ['1'] };
    expect(failure(await scene.run(alone(none)))).toMatchObject({ name: 'ENOENT', path: missing });
    const uneven: Step = { op: 'writeFirst', paths: [there], data: [] };
    expect(failure(await scene.run(alone(uneven)))?.name).toBe('EINVAL');
  });

  test('what is set for the process holds for the program', async () => {
    using scene = new Scene(binary);
    const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
    const after: Step[] = [
      { op: 'scheduler', policy: 3, nicePlus20: 25 },
      { op: 'ioPriority', class: 2, priority: 5 },
      { op: 'affinity', mask: one },
      { op: 'memoryPolicy', mode: 2, flags: 0x8000, nodes: one },
      { op: 'personality', domain: 8 },
    ];
    const script = `busybox cut -d' ' -f19,41 /proc/self/stat; busybox ionice -p $$; busybox uname -m
      busybox grep Cpus_allowed_list /proc/self/status; busybox grep -c bind=static:0 /proc/self/numa_maps`;
    const { code, stdout, stderr } = await scene.run(scripted(scene, MOUNT_PROC, script, after));
    expect([code, stderr]).toEqual([0, '']);
    const machine = process.arch === 'x64' ? 'i686' : 'armv8l';
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, -1)).toEqual(['5 3', 'best-effort: prio 5', machine, 'Cpus_allowed_list:\t0']);
    expect(Number(lines.at(-1))).toBeGreaterThan(0);
  });

  test('lists of nodes that are longer than the launcher takes are refused', async () => {
    using scene = new Scene(binary);
    const step: Step = { op: 'memoryPolicy', mode: 2, nodes: new Uint8Array(1000) };
    expect(failure(await scene.run(alone(step)))?.name).toBe('EINVAL');
  });

  test('a mount shows ids by the maps of a namespace that is gone with nobody left in it', async () => {
    using scene = new Scene(binary);
    const data = join(scene.dir, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'f'), '');
    chownSync(join(data, 'f'), 3, 4);
    const steps: Step[] = [
      { op: 'tree', path: data, out: 'data' },
      { op: 'userns', uidMap: '0 0 1\n3 1003 1\n', gidMap: '4 1004 1\n', out: 'ids' },
      { op: 'mountAttr', slot: 'data', userns: 'ids' },
      { op: 'close', slot: 'ids' },
      { op: 'mkpath', root: 'root', path: '/data', mode: 0o755, out: 'at' },
      { op: 'attach', mount: 'data', target: 'at' },
    ];
    const script = 'busybox stat -c %u:%g /data/f; busybox ls -d /proc/[0-9]* | busybox wc -l';
    const { stdout } = await scene.run(scripted(scene, [...steps, ...MOUNT_PROC], script));
    const [ids, processes] = stdout.trimEnd().split('\n');
    expect(ids).toBe('1003:1004');
    expect(Number(processes)).toBeLessThanOrEqual(3);
    const wrong: Step = { op: 'userns', uidMap: 'nonsense', gidMap: '0 0 1\n', out: 'ids' };
    expect(failure(await scene.run(alone(wrong)))).toMatchObject({ name: 'EINVAL', path: 'uid_map' });
  });

  test('a copy takes along everything, and the mode of the directory only when asked', async () => {
    using scene = new Scene(binary);
    const from = join(scene.root, 'skel');
    mkdirSync(join(from, 'deep'), { recursive: true });
    writeFileSync(join(from, 'deep/f'), 'text');
    chownSync(join(from, 'deep/f'), 7, 8);
    chmodSync(from, 0o1770);
    const copy = (attributes: number): Step[] => [
      { op: 'mkpath', root: 'root', path: '/skel', mode: 0o755, out: 'at' },
      { op: 'fsmount', fstype: 'tmpfs', source: 'tmpfs', options: ['mode=711'], out: 'tmp' },
      { op: 'copyUp', from: 'at', to: 'tmp', attributes },
      { op: 'attach', mount: 'tmp', target: 'at' },
    ];
    const script = 'busybox stat -c "%a %u %n" /skel /skel/deep/f; busybox cat /skel/deep/f; umask';
    for (const [attributes, mode] of [[0, '711'] as const, [1, '1770'] as const]) {
      const { stdout, stderr } = await scene.run(scripted(scene, copy(attributes), script));
      expect([stdout, stderr]).toEqual([`${mode} 0 /skel\n644 7 /skel/deep/f\ntext0022\n`, '']);
    }
  });
});
