import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface PlanJson {
  programs: { name: string; steps: { op: string; origin?: string; path?: string; data?: string }[] }[];
}

describe('explain', () => {
  test('prints the plan of a run, with the setting behind each step, and does nothing', async () => {
    const before = readdirSync(join(world.root, 'containers'));
    const { stdout, status } = await world.sampan('explain', '-m', '64m', '-h', 'boat', world.image, 'echo', 'hi');
    expect(status).toBe(0);
    expect(stdout).toContain('program main');
    expect(stdout).toMatch(/write .*data=67108864 .*# linux\.resources\.memory\.limit/);
    expect(stdout).toMatch(/hostname name=boat .*# hostname/);
    expect(stdout).toContain('argv=[echo, hi]');
    expect(readdirSync(join(world.root, 'containers'))).toEqual(before);
    expect(world.leftovers()).toEqual([]);
  });

  test('is the same twice, and differs by what was asked', async () => {
    const plain = await world.sampan('explain', world.image, 'true');
    expect((await world.sampan('explain', world.image, 'true')).stdout).toBe(plain.stdout);
    const { stdout } = await world.sampan('explain', '--format', 'json', '--read-only', world.image, 'true');
    const plan = JSON.parse(stdout) as PlanJson;
    const steps = plan.programs.flatMap((program) => program.steps);
    expect(steps.find((step) => step.op === 'remountRoot')?.origin).toBe('root.readonly');
    expect(plain.stdout).not.toContain('remountRoot');
  });

  test('reads a bundle too', async () => {
    const bundle = join(world.root, 'bundle');
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    writeBusyboxTree(join(bundle, 'rootfs'));
    expect((await world.sampan('oci', 'spec', '-b', bundle)).status).toBe(0);
    const { stdout, status } = await world.sampan('explain', '--bundle', bundle);
    expect(status).toBe(0);
    expect(stdout).toContain('argv=[sh]');
    expect((await world.sampan('explain')).status).toBe(125);
  });
});

describe('a failed start says what failed, and which setting asked for it', () => {
  const failing = async (setUp: string, ...args: string[]) => {
    await world.sampan('rm', '-f', 'broken');
    const made = await world.sampan(
      'run',
      '--name',
      'broken',
      '-v',
      `${world.root}/files:/files`,
      world.image,
      'sh',
      '-c',
      setUp,
    );
    expect(made).toMatchObject({ status: 0, stderr: '' });
    return world.sampan('run', '--rm', '-v', `${world.root}/files:/files`, ...args);
  };

  test('a program of another architecture', async () => {
    mkdirSync(join(world.root, 'files'), { recursive: true });
    const elf = Buffer.alloc(64);
    elf.write('\x7fELF\x02\x01\x01', 0, 'latin1');
    elf.writeUInt16LE(2, 16);
    elf.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
    writeFileSync(join(world.root, 'files/foreign'), elf, { mode: 0o755 });
    const { status, stderr } = await failing('true', world.image, '/files/foreign');
    expect(status).toBe(126);
    expect(stderr).toMatch(/architecture|arm64|x86/i);
  });

  test('a missing loader', async () => {
    const { readFileSync } = await import('node:fs');
    writeFileSync(join(world.root, 'files/dynamic'), readFileSync('/bin/true'), { mode: 0o755 });
    const { status, stderr } = await failing('true', world.image, '/files/dynamic');
    expect(status).toBe(127);
    expect(stderr).toContain('ld-linux');
  });

  test('a missing interpreter of a script, and one with a carriage return', async () => {
    writeFileSync(join(world.root, 'files/script'), '#!/usr/bin/nonesuch\n', { mode: 0o755 });
    writeFileSync(join(world.root, 'files/dos'), '#!/bin/sh\r\necho hi\r\n', { mode: 0o755 });
    const missing = await failing('true', world.image, '/files/script');
    expect(missing.status).toBe(127);
    expect(missing.stderr).toContain('/usr/bin/nonesuch');
    const dos = await failing('true', world.image, '/files/dos');
    expect(dos.status).toBe(127);
    expect(dos.stderr).toMatch(/CRLF|carriage return|line ending/i);
  });

  test('a file without permission to execute', async () => {
    writeFileSync(join(world.root, 'files/data'), 'data');
    chmodSync(join(world.root, 'files/data'), 0o644);
    const { status, stderr } = await failing('true', world.image, '/files/data');
    expect(status).toBe(126);
    expect(stderr).toContain('permission');
  });

  test('a bind source that cannot be one, and a bad option of it', async () => {
    const { status, stderr } = await world.sampan('run', '--rm', '-v', '/proc/nonesuch/x:/y', world.image, 'true');
    expect(status).toBe(125);
    expect(stderr).toContain('/proc/nonesuch/x');
    const option = await world.sampan('run', '--rm', '-v', '/tmp:/y:nonesuch', world.image, 'true');
    expect(option.status).toBe(125);
    expect(option.stderr).toContain('nonesuch');
  });

  test('nothing is left of all that', async () => {
    await world.sampan('rm', '-f', 'broken');
    expect(world.leftovers()).toEqual([]);
  });
});
