/** Our own `sampan registry serve` on a free loopback port, with a directory of its own. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwned } from '#tools/owned-process.ts';
import { SAMPAN } from '#tools/places.ts';
import type { TestRegistry } from '#tools/registry.ts';

export interface OwnRegistryOptions {
  /** Keep the content here instead of in a temporary directory. */
  root?: string;
  /** Flags of `registry serve` beside --root and --listen. */
  flags?: readonly string[];
  /** What stands in the place of `--root DIR`. */
  source?: readonly string[];
  /** Words before `registry`. */
  globals?: readonly string[];
  listen?: string;
}

export interface OwnRegistry extends TestRegistry {
  readonly root: string;
  readonly pid: number;
  /** kill -9; the directory stays. */
  kill(): Promise<void>;
  /** Ends it as a person would; gives the exit status. The directory stays. */
  end(signal: NodeJS.Signals): Promise<number>;
}

const GIVE_UP_MS = 20_000;

/** Starts it and waits until it says where it listens. */
export async function startOwnRegistry(options: OwnRegistryOptions = {}): Promise<OwnRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-own-registry-'));
  const root = options.root ?? join(directory, 'content');
  const { flags = [], source = ['--root', root], globals = [], listen = '127.0.0.1:0' } = options;
  const [outFile, logFile] = [join(directory, 'out'), join(directory, 'log')];
  const [out, log] = [openSync(outFile, 'a'), openSync(logFile, 'a')];
  const args = [...globals, 'registry', 'serve', ...source, '--listen', listen, ...flags];
  const server = startOwned(SAMPAN, args, { stdio: ['ignore', out, log], directory });
  for (const descriptor of [out, log]) closeSync(descriptor);
  let dead = false;
  void server.ended.catch(() => undefined).then(() => (dead = true));
  const said = (): string | undefined => /^Listening on (.*)$/m.exec(readFileSync(outFile, 'utf8'))?.[1];
  for (const end = Date.now() + GIVE_UP_MS; said() === undefined && !dead && Date.now() < end;) await sleep(10);
  const url = said();
  const readLog = (): string => readFileSync(logFile, 'utf8');
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  if (url === undefined) {
    await server.stop();
    const text = readLog();
    remove();
    throw new Error(`sampan registry serve did not start: ${text}`);
  }
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    server.child.kill(signal);
    return server.ended;
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    remove();
  };
  return {
    root,
    pid: server.child.pid ?? 0,
    host: url.replace(/^\w+:\/\//, ''),
    url,
    log: readLog,
    end,
    kill: async () => void (await end('SIGKILL')),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
