import { capabilityNames } from '#kernel/capability-set.ts';
import type { Plan, Step } from '#kernel/plan.ts';

/** What a step says beside its own fields. */
const BESIDE = new Set(['op', 'origin', 'onError']);
const OCTAL = new Set(['mode', 'mask']);
const HEX = new Set(['flags', 'attrs', 'set', 'clear', 'propagation', 'resolve']);
const CAPABILITY_FIELDS = new Set(['keep', 'effective', 'permitted', 'inheritable', 'ambient']);
const ORIGIN_COLUMN = 96;

/** The plan for people: program by program, one numbered line per step, with its origin at the right. */
export function printPlan(plan: Plan): string {
  const lines: string[] = [];
  if (plan.inherited !== undefined && plan.inherited.length > 0)
    lines.push(`inherited ${plan.inherited.join(' ')}`, '');
  let number = 0;
  for (const program of plan.programs) {
    lines.push(`program ${program.name} (${program.steps.length} steps)`);
    for (const step of program.steps) lines.push(line(number++, step));
    lines.push('');
  }
  return lines.join('\n');
}

/** The same as plain data: big integers as decimal strings, bytes as their size and base64. */
export function planAsJson(plan: Plan): unknown {
  return JSON.parse(
    JSON.stringify(plan, (_, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      return value instanceof Uint8Array
        ? { bytes: value.length, base64: Buffer.from(value).toString('base64') }
        : value;
    }),
  );
}

function line(number: number, step: Step): string {
  const fields = Object.entries(step)
    .filter(([name, value]) => !BESIDE.has(name) && value !== undefined && value !== 0 && value !== '')
    .map(([name, value]) => `${name}=${show(name, value)}`);
  const onError = step.onError === undefined || step.onError === 'fail' ? '' : ` (on error: ${step.onError})`;
  const text = `${String(number).padStart(5)}  ${[step.op, ...fields].join(' ')}${onError}`;
  return step.origin === undefined ? text : `${text.padEnd(ORIGIN_COLUMN)}  # ${step.origin}`;
}

function show(name: string, value: unknown): string {
  if (CAPABILITY_FIELDS.has(name) && typeof value === 'bigint') return capabilityNames(value).join('+') || 'none';
  if (OCTAL.has(name) && typeof value === 'number') return `0${value.toString(8)}`;
  if (HEX.has(name) && (typeof value === 'number' || typeof value === 'bigint')) return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (Array.isArray(value)) return `[${value.map(quoted).join(', ')}]`;
  return quoted(value);
}

/** Bare words stay bare; anything that a reader could misread is quoted. */
function quoted(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w./:=@%+,-]+$/.test(value) ? value : JSON.stringify(value);
}
