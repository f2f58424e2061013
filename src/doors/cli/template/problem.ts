import { Fault } from '#base/fault.ts';

/** Where in a template something is wrong is known to the one, what is wrong to the other. */
export class TemplateError extends Error {
  /** Place in the text. */
  readonly at: number;
  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

/** `read the format "{{.Nam}}": at 1:3: there is no field Nam`. */
export function templateFault(text: string, { at, message }: TemplateError): Fault {
  const before = text.slice(0, at).split('\n');
  const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
  return new Fault('invalid', `read the format "${text}": at ${place}: ${message}`, { field: '--format' });
}
