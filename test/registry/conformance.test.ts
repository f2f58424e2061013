/**
 * What the distribution specification promises, against our registry and against Debian's docker-registry beside it:
 * where that one differs is written down, and must differ (else the entry here is wrong).
 */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { startOwnRegistry } from '#tools/own-registry.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { clientOf, type Case } from './client.ts';
import { LIST_CASES, MANAGEMENT_CASES } from './list-cases.ts';
import { MANIFEST_CASES } from './manifest-cases.ts';
import { PEER_DIFFERS } from './peer-differs.ts';
import { PULL_CASES } from './pull-cases.ts';
import { REFERRER_CASES } from './referrer-cases.ts';
import { UPLOAD_CASES } from './upload-cases.ts';

const SECTIONS: Readonly<Record<string, readonly Case[]>> = {
  pull: PULL_CASES,
  'push of blobs': UPLOAD_CASES,
  'push of manifests': MANIFEST_CASES,
  'lists of tags': LIST_CASES,
  deletion: MANAGEMENT_CASES,
  referrers: REFERRER_CASES,
};

interface Registry {
  name: string;
  start(): Promise<TestRegistry>;
  differs: Readonly<Record<string, string>>;
}

const REGISTRIES: readonly Registry[] = [
  { name: 'sampan registry serve', start: () => startOwnRegistry(), differs: {} },
  { name: "Debian's docker-registry", start: () => startRegistry(), differs: PEER_DIFFERS },
];

describe.each([...REGISTRIES])('$name', ({ start, differs }) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await start();
  });
  afterAll(() => registry.stop());

  for (const [section, cases] of Object.entries(SECTIONS)) {
    describe(section, () => {
      for (const { title, run } of cases) {
        const why = differs[title];
        const body = (): Promise<void> => run(clientOf(registry.url));
        if (why === undefined) test(title, body);
        else test.failing(`${title} (it does not: ${why})`, body);
      }
    });
  }
});
