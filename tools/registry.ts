/** Debian's docker-registry on a free loopback port, with a storage directory of its own. */
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwned } from '#tools/owned-process.ts';

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, to be put before a repository's name. */
  readonly host: string;
  readonly url: string;
  /** What the registry printed so far. */
  log(): string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Keep the content here instead of in a temporary directory. */
  root?: string;
  /** Demand basic authentication by this htpasswd file (bcrypt lines). */
  htpasswd?: string;
}

/** A loopback port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no loopback port could be had');
  return address.port;
}

const configuration = (root: string, port: number, htpasswd: string | undefined): string =>
  [
    'version: 0.1',
    'log: { level: warn }',
    `storage: { filesystem: { rootdirectory: ${JSON.stringify(root)} }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${port}" }`,
    ...(htpasswd === undefined ? [] : [`auth: { htpasswd: { realm: test, path: ${JSON.stringify(htpasswd)} } }`]),
    '',
  ].join('\n');

async function answers(url: string, dead: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 200 && !dead(); tries += 1) {
    const status = await fetch(`${url}/v2/`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200 || status === 401) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}

/** Starts a registry and waits until it answers. A port lost to another process in between is tried again. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-registry-'));
  const logFile = join(directory, 'log');
  for (let tries = 0; tries < 3; tries += 1) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const config = join(directory, 'config.yml');
    writeFileSync(config, configuration(options.root ?? join(directory, 'storage'), port, options.htpasswd));
    const output = openSync(logFile, 'a');
    const server = startOwned('docker-registry', ['serve', config], { stdio: ['ignore', output, output], directory });
    closeSync(output);
    let dead = false;
    server.ended.then(
      () => (dead = true),
      () => (dead = true),
    );
    const stop = async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    if (await answers(url, () => dead)) {
      return {
        host: `127.0.0.1:${port}`,
        url,
        log: () => readFileSync(logFile, 'utf8'),
        stop,
        [Symbol.asyncDispose]: stop,
      };
    }
    await server.stop();
  }
  const said = readFileSync(logFile, 'utf8');
  rmSync(directory, { recursive: true, force: true });
  throw new Error(`docker-registry did not start: ${said}`);
}
