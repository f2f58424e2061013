/** The steps that talk to a service manager, against one that answers anything at all; mapIds beside them. */
import { describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Plan, Step } from '#kernel/plan.ts';
import { encodeCall } from '#runtime/systemd/dbus-call.ts';
import { fakeSystemd, jobRemoved, jobReply, refusal, reply, type Answer } from '#test/oci/fake-systemd.ts';
import { readMessage } from '#test/oci/dbus-reader.ts';
import { alone, BUILDS, CLONE, failure, program, Scene } from './harness.ts';

const call = (member: string): Uint8Array<ArrayBufferLike> =>
  encodeCall({ serial: 5, destination: 'a.b', path: '/a', interface: 'a.b', member }).message;
const connected = (path: string, ...steps: Step[]): Plan => alone({ op: 'busConnect', path, out: 'bus' }, ...steps);
const START: Step = { op: 'busCall', bus: 'bus', message: call('StartTransientUnit'), job: 1 };

function randomly(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
}

/** What a manager says in the end, with bytes changed, cut or put twice. */
function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = Buffer.from(bytes);
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    out[Math.floor(random() * out.length)] = [0, 1, 0x7f, 0x80, 0xff][Math.floor(random() * 5)] ?? 0;
  }
  return random() < 0.3 ? out.subarray(0, Math.floor(random() * out.length)) : out;
}

describe.each(BUILDS)('%s', (binary) => {
  test('a call is answered, and its job waited for', async () => {
    using scene = new Scene(binary);
    await using bus = await fakeSystemd(join(scene.dir, 'bus'));
    const said = await scene.run(
      connected(join(scene.dir, 'bus'), START, { ...START, message: call('Other'), job: 0, report: 1 }),
    );
    expect({ code: said.code, failure: failure(said) }).toEqual({ code: 0, failure: undefined });
    expect(bus.heard.map(({ member }) => member)).toEqual(['StartTransientUnit', 'Other']);
    expect(said.records.find(({ kind }) => kind === 'data')?.path).toBe('reply');
  });

  test('the process id goes where the hole is', async () => {
    using scene = new Scene(binary);
    const pids: number[] = [];
    const answer: Answer = (message) => {
      pids.push(Number(message.body[0]));
      return [reply(message)];
    };
    await using _ = await fakeSystemd(join(scene.dir, 'bus'), answer);
    const { message } = encodeCall({
      serial: 1,
      destination: 'a.b',
      path: '/a',
      interface: 'a.b',
      member: 'M',
      signature: 'u',
      body: [0],
    });
    const clone: Step = { op: 'clone', program: 'child', flags: 0, out: 'child', report: 1 };
    const filled: Step = { op: 'busCall', bus: 'bus', message, pidfd: 'child', pidAt: message.length - 4 };
    const channel: Step = { op: 'channel', a: 'ours', b: 'theirs' };
    const ask = connected(join(scene.dir, 'bus'), channel, clone, filled, { op: 'post', slot: 'ours' });
    const plan = {
      programs: [...ask.programs, program('child', { op: 'close', slot: 'ours' }, { op: 'wait', slot: 'theirs' })],
    };
    const said = await scene.run(plan);
    expect(pids).toEqual([said.records.find(({ kind }) => kind === 'pid')?.value ?? -1]);
    const beyond = connected(join(scene.dir, 'bus'), channel, clone, { ...filled, pidAt: message.length });
    expect(failure(await scene.run({ programs: [...beyond.programs, ...plan.programs.slice(1)] }))?.name).toBe(
      'EINVAL',
    );
  });

  test('refusals and failed jobs are told in its words', async () => {
    using scene = new Scene(binary);
    const path = join(scene.dir, 'bus');
    const answer: Answer = (message, member) =>
      member === 'No' ? [refusal(message, 'a.b.No', 'not today')] : [jobReply(message), jobRemoved('timeout')];
    await using _ = await fakeSystemd(path, answer);
    const refused = failure(await scene.run(connected(path, { op: 'busCall', bus: 'bus', message: call('No') })));
    expect([refused?.name, refused?.detail.toString()]).toEqual(['ECONNREFUSED', 'a.b.No: not today']);
    const failed = failure(await scene.run(connected(path, START)));
    expect([failed?.name, failed?.detail.toString()]).toEqual(['ECANCELED', 'timeout']);
  });

  test('who does not let us in, or is not there, is no manager', async () => {
    using scene = new Scene(binary);
    const path = join(scene.dir, 'bus');
    const server = createServer((socket) => socket.on('error', () => {}).end('REJECTED EXTERNAL\r\n'));
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    expect(failure(await scene.run(connected(path)))).toMatchObject({ name: 'EACCES', path });
    server.close();
    expect(failure(await scene.run(connected(`${path}.not`)))?.name).toBe('ENOENT');
    expect(failure(await scene.run(connected(`/${'x'.repeat(200)}`)))?.name).toBe('ENAMETOOLONG');
  });

  test('answers that are damaged end in an error or in the answer, never in a crash', async () => {
    using scene = new Scene(binary);
    const random = randomly(20_261_125);
    const path = join(scene.dir, 'bus');
    const answer: Answer = (message) => [
      mutated(Buffer.concat([jobReply(message), jobRemoved('done')]), random),
      'end',
    ];
    await using _ = await fakeSystemd(path, answer);
    for (let round = 0; round < 150; round++) {
      const said = await scene.run(connected(path, START));
      expect(said.signal).toBeNull();
      expect([0, 125]).toContain(said.code ?? -1);
      expect(said.stderr).toBe('');
    }
  });

  test('ids are mapped by a program that is told the process', async () => {
    using scene = new Scene(binary);
    const clone: Step = { op: 'clone', program: 'child', flags: CLONE.NEWUSER, out: 'child', report: 1 };
    const channel: Step = { op: 'channel', a: 'ours', b: 'theirs' };
    const by = (path: string, ...argv: string[]): Step => ({ op: 'mapIds', pidfd: 'child', path, argv });
    const plan = (map: Step): Plan => ({
      programs: [
        program('main', channel, clone, { op: 'close', slot: 'theirs' }, map, { op: 'post', slot: 'ours' }),
        program('child', { op: 'close', slot: 'ours' }, { op: 'wait', slot: 'theirs' }),
      ],
    });
    const failed = await scene.run(plan(by('/bin/sh', 'sh', '', 'x')));
    const pid = failed.records.find(({ kind }) => kind === 'pid')?.value;
    expect(failure(failed)).toMatchObject({ name: 'ECHILD', path: '/bin/sh' });
    expect(failure(failed)?.detail.toString()).toContain(String(pid));
    expect(failure(await scene.run(plan(by('/nowhere', 'x', ''))))?.name).toBe('ENOENT');
    expect(failure(await scene.run(plan(by('/bin/true', 'x'))))?.name).toBe('EINVAL');
    expect(failure(await scene.run(plan(by('/bin/true', 'x', ''))))).toBeUndefined();
  });
});

test('the reader that these tests go by reads what ours writes', () => {
  const message = readMessage(Buffer.from(call('Name')));
  expect(message).toMatchObject({ type: 1, serial: 5, fields: { 1: '/a', 2: 'a.b', 3: 'Name', 6: 'a.b' }, body: [] });
});
