import { isFault } from '#base/fault.ts';
import { endpointOf } from './endpoint.ts';
import { fetchExchange } from './exchange.ts';

/** How a registry is spoken to that need not be secure: by HTTPS that nobody vouches for, else by plain HTTP. */
export async function howLax(
  registry: string,
  signal: AbortSignal | undefined,
): Promise<{ insecure: true } | { unverifiedHost: string }> {
  const url = endpointOf(registry, false);
  if (url.protocol === 'http:') return { insecure: true };
  const exchange = fetchExchange(PATIENCE_MS, { unverifiedHost: url.host });
  try {
    const reply = await exchange({ url, method: 'GET', headers: {}, ...(signal === undefined ? {} : { signal }) });
    await reply.discard();
    return { unverifiedHost: url.host };
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error;
    return { insecure: true };
  }
}

const PATIENCE_MS = 10_000;
