/** A daemon that refuses everything and remembers how it was asked: what docker's own command line makes of its options. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Json = Record<string, unknown>;

export interface DockerMock extends AsyncDisposable {
  /** The body of the request that `docker create WORDS...` sends; its complaint when it sends none. */
  create(...words: string[]): Promise<Json | string>;
}

const LEAST_VERSION = 28;

/** Docker's command line, where there is one that is not older than what ours is compared with. */
export function dockerProgram(): string | undefined {
  const { stdout } = spawnSync('docker', ['--version'], { encoding: 'utf8' });
  const version = Number(/version (\d+)\./.exec(stdout ?? '')?.[1] ?? 0);
  return version >= LEAST_VERSION ? 'docker' : undefined;
}

export function dockerMock(program: string): DockerMock {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-docker-'));
  const path = join(directory, 'docker.sock');
  let asked: Json | undefined;
  const server = Bun.serve({
    unix: path,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/_ping')) {
        return new Response('OK', { headers: { 'Api-Version': '1.50', Ostype: 'linux' } });
      }
      if (pathname.endsWith('/containers/create')) asked = (await request.json()) as Json;
      return Response.json({ message: 'this daemon makes nothing' }, { status: 409 });
    },
  });
  return {
    create: async (...words) => {
      asked = undefined;
      const env = { PATH: process.env['PATH'] ?? '', HOME: directory, DOCKER_HOST: `unix://${path}` };
      const child = Bun.spawn([program, 'create', ...words], { env, stdout: 'ignore', stderr: 'pipe' });
      const complaint = await new Response(child.stderr).text();
      await child.exited;
      return asked ?? complaint;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
      rmSync(directory, { recursive: true });
    },
  };
}
