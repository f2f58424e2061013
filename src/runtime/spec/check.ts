import { Fault } from '#base/fault.ts';

/**
 * Looks at one value; throws `invalid` or `unsupported` with the field's name. Nearly always nothing is wrong, so names are
 * not put together before something is: then the value is looked at again, by its name.
 */
export type Check = (value: unknown, field: string) => void;

function invalid(field: string, wanted: string): never {
  throw new Fault('invalid', `${field} must be ${wanted}`, { field });
}

export const text: Check = (value, field) => {
  if (typeof value !== 'string') invalid(field, 'a string');
  if (value.includes('\0')) invalid(field, 'a string without NUL bytes');
};

export const filledText: Check = (value, field) => {
  text(value, field);
  if (value === '') invalid(field, 'a string that is not empty');
};

export const absolutePath: Check = (value, field) => {
  text(value, field);
  if (!(value as string).startsWith('/')) invalid(field, 'an absolute path');
};

export const flag: Check = (value, field) => {
  if (typeof value !== 'boolean') invalid(field, 'true or false');
};

/** Numbers of JSON that go beyond 2^53 are taken with the precision that JSON.parse leaves. */
export function integer(least: number, most: number): Check {
  return (value, field) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      invalid(field, `an integer from ${least} to ${most}`);
    }
  };
}

export const id = integer(0, 0xffff_fffe);
export const count = integer(0, 2 ** 64);
export const amount = integer(-(2 ** 63), 2 ** 64);

export function oneOf(...allowed: string[]): Check {
  return (value, field) => {
    if (typeof value !== 'string' || !allowed.includes(value)) invalid(field, `one of ${allowed.join(', ')}`);
  };
}

export function list(item: Check, least = 0): Check {
  return (value, field) => {
    if (!Array.isArray(value)) invalid(field, 'a list');
    if (value.length < least) invalid(field, `a list of at least ${least}`);
    let index = 0;
    try {
      for (; index < value.length; index++) item(value[index], '');
    } catch (error) {
      item(value[index], `${field}[${index}]`);
      throw error;
    }
  };
}

export function record(item: Check): Check {
  return (value, field) => {
    for (const [name, entry] of Object.entries(asObject(value, field))) {
      text(name, field);
      item(entry, `${field}.${name}`);
    }
  };
}

/** What is known about an object: properties that must be there, may be there, or that are not implemented. */
export interface Shape {
  required?: Record<string, Check>;
  optional?: Record<string, Check>;
  /** Refused unless empty, so that nothing that was asked for is dropped silently. */
  refused?: readonly string[];
}

/**
 * Properties outside of the shape are ignored, as the specification demands. Null counts as absent: it is taken out of
 * the parsed object, so that nobody who reads it has to ask again.
 */
export function shape({ required = {}, optional = {}, refused = [] }: Shape): Check {
  const needed = Object.keys(required);
  const refusals = refused.map((name): [string, Check] => [name, unsupported]);
  const checks = new Map<string, Check>([...Object.entries({ ...required, ...optional }), ...refusals]);
  return (value, field) => {
    const object = asObject(value, field);
    const prefix = field === '' ? '' : `${field}.`;
    const missing = needed.find((name) => isAbsent(object[name]));
    if (missing !== undefined) {
      throw new Fault('invalid', `${prefix}${missing} is missing`, { field: prefix + missing });
    }
    let at = '';
    try {
      for (const name of Object.keys(object)) {
        const entry = object[name];
        at = name;
        if (entry === null && checks.has(name)) delete object[name];
        else if (entry !== undefined) checks.get(name)?.(entry, '');
      }
    } catch (error) {
      checks.get(at)?.(object[at], prefix + at);
      throw error;
    }
  };
}

/** Fails for every value that asks for something. */
export const unsupported: Check = (value, field) => {
  if (!isEmpty(value)) refuse(field);
};

function refuse(field: string): never {
  throw new Fault('unsupported', `${field} is not supported by this runtime`, { field });
}

function asObject(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    invalid(field === '' ? 'config.json' : field, 'an object');
  }
  return value as Record<string, unknown>;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Values that ask for nothing: absent, false, 0, "", and lists and objects of such. */
function isEmpty(value: unknown): boolean {
  if (isAbsent(value) || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.values(value as object).every(isEmpty);
}
