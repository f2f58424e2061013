import { Fault } from './fault.ts';
import { parseDuration } from './units.ts';

/** Milliseconds since 1970 of an RFC 3339 time, a Unix time, or a time span before now. `field` names the option. */
export function parseMoment(value: string, field: string): number {
  const span = parseDuration(value);
  if (span !== undefined) return Date.now() - span;
  const at = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (Number.isFinite(at)) return at;
  throw new Fault('invalid', `read ${field}: "${value}" is not a time`, {
    field,
    hint: 'Write 2026-11-23T10:00:00Z, a Unix time, or a span such as 10m.',
  });
}
