import { expect, test } from 'bun:test';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { TemplateWriter, textTemplate } from './template.ts';
import { holdsVariable, partsOf, STAND_IN } from './variables.ts';

const VALUES: Readonly<Record<number, string>> = { 1: 'b\u00f6x', 2: '/run/r', 3: '', 5: 'now', 6: 'sh' };
const LIST = ['sh', '-c', ''];

/** What front/stored_template.c does. */
function fill(template: Uint8Array): Buffer {
  const from = Buffer.from(template);
  const open: number[] = [];
  let at = 0;
  let out = Buffer.alloc(0);
  const next = (): number => from.readUInt32LE((at += 4) - 4);
  const put = (bytes: Uint8Array): void => void (out = Buffer.concat([out, bytes]));
  const size = (count: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(count);
    return bytes;
  };
  for (;;) {
    const op = next();
    if (op === 0) return out;
    if (op === 1) {
      const length = next();
      put(from.subarray(at, (at += length)));
    } else if (op === 2) put(Buffer.from(VALUES[next()] ?? ''));
    else if (op === 3 || op === 5) {
      open.push(out.length);
      put(size(0));
    } else if (op === 4 || op === 6) {
      const start = open.pop() ?? 0;
      out.writeUInt32LE(out.length - start - 4, start);
      if (op === 4) put(Buffer.from([0]));
    } else {
      put(size(LIST.length));
      for (const word of LIST) put(Buffer.concat([size(Buffer.byteLength(word)), Buffer.from(`${word}\0`)]));
    }
  }
}

function planWith(id: string, root: string, pidFile: string, argv: string[]): Plan {
  return {
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'mkdir', path: `/sys/fs/cgroup/${id}`, mode: 0o755 },
          { op: 'setsid' },
          { op: 'clone', program: 'init', flags: 0, out: 'pidfd' },
          { op: 'pidfile', path: `${root}/${id}/pid`, pidfd: 'pidfd', starttime: 1 },
          { op: 'pidfile', path: pidFile, pidfd: 'pidfd' },
        ],
      },
      { name: 'init', steps: [{ op: 'exec', candidates: ['/bin/sh', `${id}/sh`], argv, env: ['A=b'] }] },
    ],
    inherited: ['target'],
  };
}

test('a plan with stand-ins, filled in, is the plan with the values', () => {
  const stands = planWith(STAND_IN.id, STAND_IN.root, STAND_IN.pidFile, [STAND_IN.arguments]);
  const filled = fill(encodePlan(stands, new TemplateWriter()));
  // The launcher's side puts the length of the whole in.
  filled.writeUInt32LE(filled.length, 20);
  expect(filled).toEqual(Buffer.from(encodePlan(planWith('b\u00f6x', '/run/r', '', LIST))));
});

test('a plan without any is the same bytes', () => {
  const plan = planWith('box', '/run/r', '/pid', ['true']);
  expect(fill(encodePlan(plan, new TemplateWriter()))).toEqual(Buffer.from(encodePlan(plan)));
});

test('a writer can be used again', () => {
  const out = new TemplateWriter();
  out.text(STAND_IN.id, 'utf8');
  out.take();
  out.u32(7);
  expect(fill(out.take())).toEqual(Buffer.from([7, 0, 0, 0]));
});

test('texts', () => {
  expect(fill(textTemplate(`{"id":"${STAND_IN.id}","created":"${STAND_IN.created}"}`)).toString()).toBe(
    '{"id":"b\u00f6x","created":"now"}',
  );
  expect(fill(textTemplate('')).toString()).toBe('');
});

test('stand-ins are found wherever they are, and nothing else is', () => {
  expect(partsOf(`${STAND_IN.root}/${STAND_IN.id}/go`)).toEqual([2, '/', 1, '/go']);
  expect(partsOf('/sampan.stand-in.other_')).toEqual(['/sampan.stand-in.other_']);
  expect(holdsVariable('/sampan.stand-in.other_')).toBe(true);
  expect(holdsVariable('sampan')).toBe(false);
});
