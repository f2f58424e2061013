/** Another suite of the Debian archive that this machine's apt uses, looked at without touching apt's own lists. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workDirectory } from './places.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Options that make apt look at `suite` only, with lists of its own; the address is the one it has for its own suite. */
export function aptOptions(suite: string | undefined): string[] {
  if (suite === undefined) return [];
  const directory = workDirectory('cache', 'apt', suite);
  mkdirSync(join(directory, 'lists/partial'), { recursive: true });
  mkdirSync(join(directory, 'sources'), { recursive: true });
  const targets = execFileSync(
    'apt-get',
    ['indextargets', '--format', '$(ORIGIN) $(CODENAME) $(REPO_URI)', 'Created-By: Packages'],
    { encoding: 'utf8' },
  );
  const address = /^Debian bookworm (\S+)$/m.exec(targets)?.[1];
  if (address === undefined) throw new Error('apt has no address of the Debian archive; run apt-get update');
  const line = `[signed-by=${KEYRING}] ${address} ${suite} main`;
  writeFileSync(join(directory, 'sources/suite.list'), `deb ${line}\ndeb-src ${line}\n`);
  const places = {
    'Etc::sourcelist': '/dev/null',
    'Etc::sourceparts': join(directory, 'sources'),
    'State::lists': join(directory, 'lists'),
  };
  return Object.entries(places).flatMap(([name, value]) => ['-o', `Dir::${name}=${value}`]);
}
