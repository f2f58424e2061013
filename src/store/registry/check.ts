import { Fault, isFault } from '#base/fault.ts';
import { authorize } from './authorize.ts';
import type { ConnectionSettings } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { compose, fetchExchange } from './exchange.ts';
import { followRedirects } from './redirect.ts';
import { DEFAULT_RETRY, retry, type RetryPolicy } from './retry.ts';
import { statusFault } from './status-fault.ts';

export interface CheckRequest extends ConnectionSettings {
  registry: string;
  credentials: Credentials;
  insecure: boolean;
  retry?: RetryPolicy;
  signal?: AbortSignal;
}

const IDLE_MS = 30_000;

/**
 * Shows credentials to a registry. `accepted`, or `open` when it lets everybody in without looking at them. Throws
 * `denied`, `unavailable`, `notFound` (there is no registry).
 */
export async function checkCredentials(request: CheckRequest): Promise<'accepted' | 'open'> {
  const { registry, credentials, insecure, signal } = request;
  const url = endpointOf(registry, insecure);
  const cancel = signal === undefined ? {} : { signal };
  let asked = false;
  const exchange = compose(
    fetchExchange(IDLE_MS, request),
    authorize({
      origin: url.origin,
      credentials: async () => {
        asked = true;
        return credentials;
      },
      scope: '',
      ...cancel,
    }),
    retry(request.retry ?? DEFAULT_RETRY),
    followRedirects,
  );
  try {
    const reply = await exchange({ url, method: 'GET', headers: {}, ...cancel });
    if (reply.status !== 200) throw await statusFault(reply, `log in to ${registry}`);
    await reply.discard();
    return asked ? 'accepted' : 'open';
  } catch (error) {
    if (!isFault(error, 'denied') || error.facts['status'] !== 401) throw error;
    throw new Fault('denied', `log in to ${registry}: the user name or the password is not accepted`, { cause: error });
  }
}
