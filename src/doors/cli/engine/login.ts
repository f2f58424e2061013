import { Fault } from '#base/fault.ts';
import { login as logIn, loginAgain, type Login, type LoginRequest } from '#engine/registry/login.ts';
import { registryName } from '#engine/registry/registry-name.ts';
import { usage } from '#doors/cli/flags.ts';
import { print, warn, type Io } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { askLine, askSecret, readAll } from './ask.ts';
import { cancellable } from './cancellation.ts';

/** `login`: show a registry a user name and a password, and keep them. */
export const login: Verb = {
  flags: {
    username: { kind: 'text', short: 'u', value: 'NAME', does: 'User name' },
    password: {
      kind: 'text',
      short: 'p',
      value: 'PASSWORD',
      does: 'Password, seen by all users in the list of processes',
    },
    'password-stdin': { kind: 'switch', does: 'Read the password from standard input' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  },
  args: [0, 1],
  act: async (call) => {
    const { io, flags } = call;
    const registry = registryName(call.args[0]);
    checkFlags(call);
    if (flags.text('password') !== undefined) {
      warn(io, 'a password on the command line can be read by every user of this machine; use --password-stdin');
    }
    const place = { registry, insecure: flags.on('plain-http'), env: io.env };
    const asked = flags.text('username') !== undefined || flags.text('password') !== undefined;
    if (!asked && (await again(place, io))) return 0;
    const username = flags.text('username') ?? (await askLine(io, 'Username: '));
    const password = await passwordOf(call);
    const result = await cancellable((signal) => logIn({ ...place, signal }, { username, password }));
    tell(io, registry, result);
    print(io, 'Login Succeeded');
    return 0;
  },
};

function checkFlags({ flags }: Call): void {
  if (!flags.on('password-stdin')) return;
  if (flags.text('password') !== undefined) throw usage('--password and --password-stdin are mutually exclusive');
  if (flags.text('username') === undefined) throw usage('Must provide --username with --password-stdin');
}

/** With what is kept already; what the registry does not accept any more is asked for anew. */
async function again(place: LoginRequest, io: Io): Promise<boolean> {
  try {
    if (!(await cancellable((signal) => loginAgain({ ...place, signal })))) return false;
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'denied' || !io.stdin.isTTY) throw error;
    warn(io, error.message);
    return false;
  }
  print(io, 'Authenticating with existing credentials...\nLogin Succeeded');
  return true;
}

async function passwordOf({ io, flags }: Call): Promise<string> {
  // Docker takes the end of the last line off, and nothing else.
  if (flags.on('password-stdin')) return (await readAll(io)).replace(/\r?\n$/, '');
  return flags.text('password') ?? askSecret(io, 'Password: ');
}

function tell(io: Io, registry: string, { open, kept }: Login): void {
  if (open) warn(io, `${registry} lets everybody in: it has not looked at the password`);
  if ('path' in kept)
    warn(io, `the password is kept unencrypted in ${kept.path}; a credential helper would keep it safer`);
}
