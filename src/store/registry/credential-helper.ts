import { spawn } from 'node:child_process';
import { Fault } from '#base/fault.ts';
import type { Credentials, PasswordCredentials } from './credentials.ts';

/**
 * A program `docker-credential-NAME` that keeps credentials. It is told by standard input alone: its arguments can be
 * read by everybody.
 */
export interface CredentialHelper {
  /** Undefined when it knows none. Throws `unavailable`. */
  get(registry: string): Promise<Credentials | undefined>;
  store(registry: string, credentials: PasswordCredentials): Promise<void>;
  erase(registry: string): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NONE = /credentials not found|no credentials server url|no usernames for/i;
const LARGEST_ANSWER = 1024 * 1024;
/** It may have to ask a person to unlock something. */
const LONGEST_MS = 120_000;
/** In this user name's place stands an identity token. */
const TOKEN_USER = '<token>';

export function credentialHelper(name: string, env: Environment): CredentialHelper {
  const program = `docker-credential-${name}`;
  const call = (verb: string, input: string): Promise<Ended> => run(program, verb, input, env);
  return {
    get: async (registry) => {
      const { status, output } = await call('get', helperKey(registry));
      if (status === 0) return readAnswer(program, output);
      if (NONE.test(output)) return undefined;
      throw failed(program, 'get', status);
    },
    store: async (registry, { username, password }) => {
      const request = { ServerURL: helperKey(registry), Username: username, Secret: password };
      const { status } = await call('store', JSON.stringify(request));
      if (status !== 0) throw failed(program, 'store', status);
    },
    erase: async (registry) => {
      const { status, output } = await call('erase', helperKey(registry));
      if (status !== 0 && !NONE.test(output)) throw failed(program, 'erase', status);
    },
  };
}

/** Under what name helpers know a registry: Docker Hub goes by an address of old. */
export function helperKey(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

/** Without what it said: a helper may have repeated the secret. */
function failed(program: string, verb: string, status: number | null): Fault {
  return new Fault('unavailable', `ask ${program} to ${verb} credentials: it ended with status ${status}`, {
    hint: `Run ${program} by hand to see what it needs.`,
  });
}

function readAnswer(program: string, output: string): Credentials | undefined {
  try {
    const { Username, Secret } = JSON.parse(output) as { Username?: unknown; Secret?: unknown };
    if (typeof Username === 'string' && typeof Secret === 'string') {
      if (Secret === '') return undefined;
      return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
    }
  } catch {
    // Said below; the parser's words would repeat some of it.
  }
  throw new Fault('corrupt', `ask ${program} to get credentials: its answer holds no user name and secret`);
}

interface Ended {
  status: number | null;
  output: string;
}

function run(program: string, verb: string, input: string, env: Environment): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...env }, timeout: LONGEST_MS });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_ANSWER) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    // Of a killed one, a child of its own may hold the other end.
    child.on('exit', (_, signal) => void (signal === null || child.stdout.destroy()));
    child.on('error', (cause) =>
      reject(
        new Fault('unavailable', `ask ${program} to ${verb} credentials`, {
          cause,
          hint: `The file of credentials names the helper ${program}: install it, or take it out there.`,
        }),
      ),
    );
    child.on('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }));
    child.stdin.on('error', () => undefined); // it need not read
    child.stdin.end(`${input}\n`);
  });
}
