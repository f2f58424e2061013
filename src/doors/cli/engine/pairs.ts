import { Fault } from '#base/fault.ts';

/** `NAME=VALUE` each; a name alone has an empty value. */
export function pairs(entries: readonly string[], field: string): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', ...value] = entry.split('=');
      if (name === '') throw new Fault('invalid', `read ${field}: "${entry}" has no name`, { field });
      return [name, value.join('=')];
    }),
  );
}
