import { parseDuration } from '#base/units.ts';
import type { ImageHealthcheck } from '#store/image/health-check.ts';

const NANOSECONDS = 1e6;

/** Options of the instruction, with the field that each is kept in. */
const OPTIONS: Readonly<Record<string, Exclude<keyof ImageHealthcheck, 'Test'>>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
  retries: 'Retries',
};

type Refuse = (why: string) => Error;

/** What follows `HEALTHCHECK` in a Dockerfile; `bad` makes the fault. `list` reads a JSON list, or is undefined for a line. */
export function healthcheckOf(
  value: string,
  list: (text: string) => string[] | undefined,
  bad: Refuse,
): ImageHealthcheck {
  const [, options = '', kind = '', rest = ''] = /^((?:--\S+\s+)*)(\S+)\s*([^]*)$/.exec(value) ?? [];
  const numbers = options
    .split(/\s+/)
    .filter(Boolean)
    .map((option) => readOption(option, bad));
  if (kind.toUpperCase() === 'NONE' && numbers.length === 0 && rest === '') return { Test: ['NONE'] };
  if (kind.toUpperCase() !== 'CMD' || rest === '') throw bad('it is neither NONE nor CMD with a command');
  const vector = list(rest);
  return {
    Test: vector === undefined ? ['CMD-SHELL', rest] : ['CMD', ...vector],
    ...(Object.fromEntries(numbers) as ImageHealthcheck),
  };
}

function readOption(option: string, bad: Refuse): [string, number] {
  const [, name = '', text = ''] = /^--([a-z-]+)=(.+)$/.exec(option) ?? [];
  const field = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (field === undefined) throw bad(`there is no option ${option}`);
  if (field === 'Retries' && /^\d{1,9}$/.test(text)) return [field, Number(text)];
  const time = field === 'Retries' ? undefined : parseDuration(text);
  if (time === undefined) throw bad(`"${text}" is none for --${name}`);
  return [field, Math.round(time * NANOSECONDS)];
}
