import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

/** A name that is not loopback by itself, so that HTTPS is spoken; it leads there in a private /etc/hosts. */
const NAME = 'registry.test';

let world: CliWorld;
let proxy: ReturnType<typeof Bun.serve>;
beforeAll(async () => {
  world = await cliWorld();
  const [key, certificate] = [join(world.root, 'key.pem'), join(world.root, 'cert.pem')];
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject],
    { stdio: 'ignore' },
  );
  writeFileSync(join(world.root, 'hosts'), `127.0.0.1 ${NAME}\n`);
  proxy = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { key: readFileSync(key), cert: readFileSync(certificate) },
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      const { method, headers, body } = request;
      return fetch(`${world.registry.url}${pathname}${search}`, { method, headers, body, decompress: false });
    },
  });
}, 60_000);
afterAll(async () => {
  await proxy.stop(true);
  await world[Symbol.asyncDispose]();
});

interface Ended {
  status: number;
  stderr: string;
}

async function sampan(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const line = `mount --bind ${world.root}/hosts /etc/hosts && exec "$@"`;
  const child = Bun.spawn(['unshare', '-m', 'sh', '-c', line, 'sh', SAMPAN, ...args], {
    stdout: 'ignore',
    stderr: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: world.root, SAMPAN_ROOT: world.root, ...env },
  });
  const stderr = await new Response(child.stderr).text();
  return { status: await child.exited, stderr };
}

const image = (): string => `${NAME}:${proxy.port}/busybox:1`;
const pull = (trusted: boolean, ...flags: string[]): Promise<Ended> =>
  sampan(['pull', ...flags, image()], trusted ? { NODE_EXTRA_CA_CERTS: join(world.root, 'cert.pem') } : {});

test('a registry elsewhere is spoken to by HTTPS, with a certificate that somebody vouches for', async () => {
  expect(await pull(true)).toEqual({ status: 0, stderr: '' });
});

test('a certificate that nobody vouches for is refused, and said to be the reason', async () => {
  const { status, stderr } = await pull(false);
  expect(status).toBe(7);
  expect(stderr).toMatch(/certificate/i);
});

test('plain HTTP to an HTTPS registry fails in so many words', async () => {
  const { status, stderr } = await pull(true, '--plain-http');
  expect(status).not.toBe(0);
  expect(stderr).toContain(NAME);
});

test('an authority below certs.d counts for its host, and for no other', async () => {
  const places = join(world.root, '.config/containers/certs.d');
  const directory = join(places, `${NAME}:${proxy.port}`);
  mkdirSync(directory, { recursive: true });
  copyFileSync(join(world.root, 'cert.pem'), join(directory, 'ours.crt'));
  expect(await sampan(['pull', image()])).toEqual({ status: 0, stderr: '' });
  expect(await sampan(['push', image()])).toMatchObject({ status: 0 });
  renameSync(directory, join(places, 'other.test'));
  expect(await sampan(['pull', image()])).toMatchObject({ status: 7 });
  rmSync(places, { recursive: true });
});

/** A proxy that tunnels to the registry, whatever it is asked for, and writes down what. */
async function tunnel(): Promise<{ url: string; asked: string[]; close(): void }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const upstream = connect(Number(proxy.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on('error', () => [socket, upstream].forEach((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}

test('a proxy of the environment is used, except for hosts that are excluded and for this machine itself', async () => {
  const through = await tunnel();
  const env = { HTTPS_PROXY: through.url, HTTP_PROXY: through.url, NODE_EXTRA_CA_CERTS: join(world.root, 'cert.pem') };
  expect(await sampan(['pull', image()], env)).toMatchObject({ status: 0 });
  expect(new Set(through.asked)).toEqual(new Set([`CONNECT ${NAME}:${proxy.port}`]));
  expect(await sampan(['push', image()], env)).toMatchObject({ status: 0 });
  through.asked.length = 0;
  expect(await sampan(['pull', image()], { ...env, NO_PROXY: '.test' })).toMatchObject({ status: 0 });
  // What goes to this machine is not encrypted, so no proxy may see it.
  expect(await sampan(['pull', world.image], env)).toMatchObject({ status: 0 });
  expect(through.asked).toEqual([]);
  through.close();
});

test('a registry that is said to be insecure needs nobody to vouch for it, nor HTTPS', async () => {
  const settings = join(world.root, 'lax.conf');
  const plain = new URL(world.registry.url).port;
  const hosts = [`${NAME}:${proxy.port}`, `${NAME}:${plain}`];
  writeFileSync(settings, hosts.map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`).join(''));
  const env = { CONTAINERS_REGISTRIES_CONF: settings };
  for (const host of hosts) {
    expect(await sampan(['pull', `${host}/busybox:1`], env)).toEqual({ status: 0, stderr: '' });
    expect(await sampan(['push', `${host}/busybox:1`], env)).toMatchObject({ status: 0 });
  }
  expect(await sampan(['pull', image()])).toMatchObject({ status: 7 });
});

test('a registry that wants to know who we are gets the certificate below certs.d', async () => {
  const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(world.root, name), 'utf8'));
  const strict = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: {
      key: key ?? '',
      cert: certificate ?? '',
      ca: certificate ?? '',
      requestCert: true,
      rejectUnauthorized: true,
    },
    fetch: ({ url, headers }) => fetch(`${world.registry.url}${new URL(url).pathname}`, { headers, decompress: false }),
  });
  const name = `${NAME}:${strict.port}/busybox:1`;
  const directory = join(world.root, `.config/containers/certs.d/${NAME}:${strict.port}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'ours.crt'), certificate ?? '');
  expect(await sampan(['pull', name])).toMatchObject({ status: 7 });
  writeFileSync(join(directory, 'ours.cert'), certificate ?? '');
  const keyless = await sampan(['pull', name]);
  expect(keyless.status).toBe(2);
  expect(keyless.stderr).toContain('ours.key');
  writeFileSync(join(directory, 'ours.key'), key ?? '');
  expect(await sampan(['pull', name])).toEqual({ status: 0, stderr: '' });
  await strict.stop(true);
});
