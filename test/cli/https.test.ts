import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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
      return fetch(`${world.registry.url}${pathname}${search}`, { headers: request.headers, decompress: false });
    },
  });
}, 60_000);
afterAll(async () => {
  await proxy.stop(true);
  await world[Symbol.asyncDispose]();
});

async function pull(trusted: boolean, ...flags: string[]): Promise<{ status: number; stderr: string }> {
  const line = `mount --bind ${world.root}/hosts /etc/hosts && exec "$@"`;
  const child = Bun.spawn(
    ['unshare', '-m', 'sh', '-c', line, 'sh', SAMPAN, 'pull', ...flags, `${NAME}:${proxy.port}/busybox:1`],
    {
      stdout: 'ignore',
      stderr: 'pipe',
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: world.root,
        SAMPAN_ROOT: world.root,
        ...(trusted ? { NODE_EXTRA_CA_CERTS: join(world.root, 'cert.pem') } : {}),
      },
    },
  );
  const stderr = await new Response(child.stderr).text();
  return { status: await child.exited, stderr };
}

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
