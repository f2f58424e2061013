import { resolve } from 'node:path';
import { hostDirectory, type Hosting } from '#engine/hosting/hosting.ts';
import { usage } from '#doors/cli/flags.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';

/** What is under way at the end is given so long. */
const GRACE_MS = 10_000;

/** `registry serve`: a registry in a directory, or the store for neighbours, until a signal ends it. */
export const registryServe: Verb = {
  flags: {
    root: { kind: 'text', value: 'DIR', does: "Keep the registry's content here" },
    'from-store': { kind: 'switch', does: 'Serve the images of this store instead, read-only' },
    listen: {
      kind: 'text',
      value: 'ADDR',
      does: '127.0.0.1:5000 (the default), [::]:5000, unix:/path; port 0 takes a free one',
    },
    htpasswd: { kind: 'text', value: 'FILE', does: 'Ask for the users and passwords of this file (htpasswd -B)' },
    'anonymous-pull': { kind: 'switch', does: 'With --htpasswd: everybody may read' },
    'tls-cert': { kind: 'text', value: 'FILE', does: 'Speak HTTPS with this certificate (PEM, with its chain)' },
    'tls-key': { kind: 'text', value: 'FILE', does: "The certificate's key (PEM)" },
    'read-only': { kind: 'switch', does: 'Refuse every change' },
    'log-format': {
      kind: 'text',
      value: 'FORMAT',
      does: 'Of the access log on standard error: text (the default) or json',
    },
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io, serveRegistry } = call;
    checkFlags(call);
    const [htpasswd, tlsCertificate, tlsKey] = ['htpasswd', 'tls-cert', 'tls-key'].map((name) => flags.text(name));
    const listen = flags.text('listen') ?? '127.0.0.1:5000';
    const hosting = await hostingOf(call);
    try {
      await cancellable(async (signal) => {
        const serving = await serveRegistry({
          hosting,
          listen,
          anonymousPull: flags.on('anonymous-pull'),
          logFormat: flags.text('log-format') === 'json' ? 'json' : 'text',
          log: (line) => io.err(`${line}\n`),
          ...(htpasswd === undefined ? {} : { htpasswd }),
          ...(tlsCertificate === undefined || tlsKey === undefined ? {} : { tlsCertificate, tlsKey }),
        });
        if (hosting.changes !== undefined && htpasswd === undefined && !isLocal(serving.url)) {
          warn(
            io,
            'everybody who can reach this address may read and change all of the registry (--htpasswd, --read-only)',
          );
        }
        print(io, `Listening on ${serving.url}`);
        await new Promise<void>((end) => {
          if (signal.aborted) end();
          else signal.addEventListener('abort', () => end());
        });
        await serving.stop(GRACE_MS);
      });
    } finally {
      hosting.close();
    }
    return 0;
  },
};

function checkFlags({ flags }: Call): void {
  const [root, fromStore] = [flags.text('root'), flags.on('from-store')];
  if ((root === undefined) !== fromStore) throw usage('Give either --root DIR or --from-store');
  if ((flags.text('tls-cert') === undefined) !== (flags.text('tls-key') === undefined)) {
    throw usage('--tls-cert and --tls-key belong together');
  }
  if (flags.on('anonymous-pull') && flags.text('htpasswd') === undefined) {
    throw usage('--anonymous-pull needs --htpasswd: without it everybody may do everything');
  }
  const format = flags.text('log-format') ?? 'text';
  if (format !== 'text' && format !== 'json') throw usage(`--log-format is "${format}" and not text or json`);
}

async function hostingOf({ flags, engine }: Call): Promise<Hosting> {
  const root = flags.text('root');
  if (root !== undefined) return hostDirectory({ root: resolve(root), readOnly: flags.on('read-only') });
  const { hostStore } = await import('#engine/hosting/store.ts');
  return hostStore(await engine());
}

const isLocal = (url: string): boolean => /^(?:unix:|https?:\/\/(?:127\.|\[::1\]|localhost))/.test(url);
