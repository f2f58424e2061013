/** nginx: static files, new settings by a signal without a request lost, its logs in ours, on the host's network too. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
const directory = mkdtempSync(join(tmpdir(), 'sampan-nginx-'));
chmodSync(directory, 0o755);
beforeAll(async () => (world = await softwareWorld()), 360_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));
endsClean(() => world);

const configure = (port: number, answer: string): void =>
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; pid /tmp/nginx.pid; error_log /dev/stderr notice; events {}
http {
  access_log /dev/stdout;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen 127.0.0.1:${port}; root /srv/www; location = /said { return 200 "${answer}\\n"; } }
}
`,
  );
const served = ['-v', `${directory}:/srv/www:ro`, IMAGE, 'nginx', '-c', '/srv/www/nginx.conf'];

test('a server without root or capabilities listens on port 80 and reads its settings anew', async () => {
  configure(80, 'before');
  writeFileSync(join(directory, 'page.html'), '<p>static</p>');
  const options = ['--read-only', '--tmpfs', '/tmp:mode=1777', '--cap-drop', 'ALL', '-u', 'www-data'];
  const started = await world.sampan('run', '-d', '--name', 'nginx', ...options, ...served);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  const fetched = await world.exec(
    'nginx',
    `${until('curl -sf localhost/said')}; curl -s localhost/page.html; curl -sI localhost/none | head -1`,
  );
  expect(fetched.replaceAll('\r', '')).toBe('before\n<p>static</p>HTTP/1.1 404 Not Found\n');

  configure(80, 'after');
  expect((await world.sampan('kill', '-s', 'HUP', 'nginx')).status).toBe(0);
  expect(await world.exec('nginx', until('curl -s localhost/said | grep after'))).toBe('after\n');
  expect((await world.sampan('stop', '-t', '60', '-s', 'QUIT', 'nginx')).status).toBe(0);
  expect((await world.sampan('wait', 'nginx')).stdout).toBe('0\n');
  const { stdout, stderr } = await world.sampan('logs', 'nginx');
  expect(stdout).toContain('"GET /page.html HTTP/1.1" 200 13');
  expect(stderr).toContain('signal 1 (SIGHUP) received');
  expect((await world.sampan('rm', 'nginx')).status).toBe(0);
});

test("with --network host it is reached at the host's own address", async () => {
  const port = await freePort();
  configure(port, 'on the host');
  const started = await world.sampan('run', '-d', '--rm', '--network', 'host', '--name', 'web', ...served);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  expect(await answer(`http://127.0.0.1:${port}/said`)).toBe('on the host\n');
  expect((await world.sampan('stop', '-t', '60', 'web')).status).toBe(0);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answer(address: string): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    const response = await fetch(address).catch(() => undefined);
    if (response !== undefined) return response.text();
    await Bun.sleep(100);
  }
  throw new Error(`${address} does not answer`);
}
