import { asObject, asTexts } from './json.ts';

/** How an image says its containers' health is looked at, as docker writes it into `config`; times in nanoseconds. */
export interface ImageHealthcheck {
  /** `NONE`; `CMD` and an argument vector; `CMD-SHELL` and a line for the image's shell. */
  Test?: readonly string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

const NUMBERS = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;

/** Throws `corrupt`. 0 and what is left out are the same. */
export function readHealthcheck(value: unknown): ImageHealthcheck | undefined {
  if (value === undefined || value === null) return undefined;
  const json = asObject(value, 'Healthcheck of the image');
  const test = asTexts(json['Test'], 'Test of the Healthcheck of the image');
  const given = NUMBERS.filter((name) => typeof json[name] === 'number' && json[name] > 0);
  if (test.length + given.length === 0) return undefined;
  return {
    ...(test.length === 0 ? {} : { Test: test }),
    ...Object.fromEntries(given.map((name) => [name, json[name]])),
  };
}
