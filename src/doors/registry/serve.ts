import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { RegistrySettings, Serving } from '#engine/hosting/serving.ts';
import { openGate } from './access.ts';
import { accessLine } from './access-log.ts';
import { parseAddress } from './address.ts';
import { readHtpasswd } from './htpasswd.ts';
import { startServer } from './server.ts';

/** Starts to serve; resolves when it can be reached. */
export async function serveRegistry(settings: RegistrySettings): Promise<Serving> {
  const { hosting, htpasswd, tlsCertificate, tlsKey, anonymousPull, log, logFormat } = settings;
  const address = parseAddress(settings.listen);
  const users = htpasswd === undefined ? undefined : readHtpasswd(read(htpasswd, '--htpasswd').toString(), htpasswd);
  const tls =
    tlsCertificate === undefined || tlsKey === undefined
      ? undefined
      : { certificate: read(tlsCertificate, '--tls-cert'), key: read(tlsKey, '--tls-key') };
  return startServer({
    hosting,
    address,
    gate: openGate({ anonymousPull, ...(users === undefined ? {} : { users }) }),
    ...(tls === undefined ? {} : { tls }),
    onAccess: (access) => log(accessLine(access, logFormat)),
    onFailure: (error) => log(`ERROR: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
}

function read(path: string, field: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Fault(missing ? 'notFound' : 'denied', `read ${path}`, { cause, field });
  }
}
