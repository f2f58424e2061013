/** Debian's dockerd at our registry: push, pull, a password, search of tags. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '#tools/image/busybox.ts';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { containerd, SOCKET } from './containerd-world.ts';
import { directoryOf, forgetGroups, missing, run, startDaemon, type Daemon } from './world.ts';

const reason = missing('containerd', 'dockerd', 'docker');
const HOST = 'unix:///run/alone/docker-registry.sock';

describe.skipIf(reason !== undefined)(
  `docker at our registry${reason === undefined ? '' : `: skipped, ${reason}`}`,
  () => {
    const place = reason === undefined ? directoryOf('docker-registry') : '';
    const env = { DOCKER_HOST: HOST, DOCKER_CONFIG: place };
    const docker = (...args: string[]) => run(['docker', ...args], { env });
    let daemons: Daemon[] = [];
    let registry: OwnRegistry;
    let locked: OwnRegistry;
    beforeAll(async () => {
      daemons = [await containerd()];
      const roots = ['--data-root', `${place}/data`, '--exec-root', `${place}/exec`, '--pidfile', `${place}/pid`];
      const network = '--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false'.split(' ');
      const config = join(place, 'daemon.json');
      writeFileSync(config, '{}');
      const argv = ['dockerd', '--config-file', config, ...roots, ...network, '--host', HOST, '--containerd', SOCKET];
      daemons.unshift(await startDaemon(argv, () => docker('version').status === 0));
      const image = busyboxImage();
      const { layers } = JSON.parse(new TextDecoder().decode(image.manifest)) as { layers: { digest: string }[] };
      const input = image.blobs.get(layers[0]?.digest ?? '');
      execFileSync('docker', ['import', '-', 'busybox'], { input, env: { ...process.env, ...env } });
      const htpasswd = join(place, 'htpasswd');
      writeFileSync(htpasswd, `ann:${await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 5 })}\n`);
      registry = await startOwnRegistry();
      locked = await startOwnRegistry({ flags: ['--htpasswd', htpasswd, '--anonymous-pull'] });
    }, 60_000);
    afterAll(async () => {
      await registry.stop();
      await locked.stop();
      for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
      forgetGroups();
    });

    const tagAndPush = (name: string) => {
      expect(docker('tag', 'busybox', name).status).toBe(0);
      return docker('push', name);
    };

    test('push, and pull of what was pushed; the next push brings nothing', () => {
      const name = `${registry.host}/by/docker:1`;
      const pushed = tagAndPush(name);
      expect(pushed).toMatchObject({ status: 0 });
      const [digest = ''] = /sha256:[0-9a-f]{64}/.exec(pushed.stdout) ?? [];
      expect(tagAndPush(`${registry.host}/by/docker:2`).stdout).toContain('Layer already exists');
      expect(tagAndPush(`${registry.host}/by/other:1`).stdout).toMatch(/Mounted from by\/docker/);
      for (const one of [name, `${registry.host}/by/docker:2`]) expect(docker('rmi', one).status).toBe(0);
      expect(docker('pull', name)).toMatchObject({ status: 0, stdout: expect.stringContaining(digest) });
      expect(docker('pull', `${registry.host}/by/docker@${digest}`).status).toBe(0);
    });

    test('a password: without it nothing is pushed, and all is pulled', () => {
      const name = `${locked.host}/box:1`;
      expect(tagAndPush(name).status).not.toBe(0);
      const login = (password: string) =>
        run(['docker', 'login', '-u', 'ann', '--password-stdin', locked.host], { env, input: password });
      expect(login('wrong').status).not.toBe(0);
      expect(login('secret')).toMatchObject({ status: 0 });
      expect(docker('push', name).status).toBe(0);
      expect(docker('logout', locked.host).status).toBe(0);
      expect(docker('rmi', name).status).toBe(0);
      expect(docker('pull', name).status).toBe(0);
    });
  },
);
