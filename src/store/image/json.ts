import { Fault } from '#base/fault.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reading documents that others wrote: every part is checked before it is used. All throw `corrupt`. */
export function parseJson(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch (cause) {
    throw new Fault('corrupt', `read the ${what}: it is not JSON`, { cause });
  }
  return asObject(value, what);
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Fault('corrupt', `read the ${what}: it is not an object`);
}

export function asArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Fault('corrupt', `read the ${what}: it is not a list`);
}

export function asSize(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Fault('corrupt', `read the ${what}: ${JSON.stringify(value)} is not a size`);
}

/** A text, or undefined when the field is missing, null or empty. */
export function asText(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new Fault('corrupt', `read the ${what}: it is not a text`);
}

/** A list of texts; missing and null are the empty one. */
export function asTexts(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  return asArray(value, what).map((item) => {
    if (typeof item === 'string') return item;
    throw new Fault('corrupt', `read the ${what}: one of its items is not a text`);
  });
}
