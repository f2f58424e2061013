import { Fault, type FaultKind } from '#base/fault.ts';
import type { Reply } from './exchange.ts';

const KINDS: Record<number, FaultKind> = {
  401: 'denied',
  403: 'denied',
  404: 'notFound',
  416: 'corrupt',
  429: 'exhausted',
};
const HINTS: Record<number, string> = {
  401: 'Log in to the registry, or check that the image exists: many registries answer this for unknown ones.',
  403: 'The credentials do not allow this.',
  404: 'Check the name and the tag.',
  429: 'The registry limits the number of requests. Wait, or log in.',
};
const LONGEST_ERROR = 64 * 1024;
const LONGEST_TEXT = 300;

/** The fault of a reply that is no success, with the registry's own words (distribution-spec, "Error Codes"). */
export async function statusFault(reply: Reply, doing: string): Promise<Fault> {
  const { status, url } = reply;
  const text = await reply.bytes(LONGEST_ERROR).then(registryWords, () => '');
  const hint = HINTS[status];
  return new Fault(
    KINDS[status] ?? (status >= 500 ? 'unavailable' : 'invalid'),
    `${doing}: ${url.host} answered ${status}${text}`,
    {
      ...(hint === undefined ? {} : { hint }),
      // Without its query, which may hold what is as good as a password.
      facts: { url: `${url.origin}${url.pathname}`, status },
    },
  );
}

function registryWords(body: Buffer): string {
  const text = body.toString().trim();
  if (text === '') return '';
  return ` (${(fromErrors(text) ?? text.replaceAll(/\s+/g, ' ')).slice(0, LONGEST_TEXT)})`;
}

function fromErrors(text: string): string | undefined {
  try {
    const { errors, details } = JSON.parse(text) as {
      errors?: { code?: string; message?: string }[];
      details?: string;
    };
    if (Array.isArray(errors)) return errors.map(({ code, message }) => message ?? code ?? '').join('; ');
    return typeof details === 'string' ? details : undefined;
  } catch {
    return undefined;
  }
}
