import type { Database } from '#store/database.ts';

/** That names or rules must change: in the transaction that changes what they come from. */
export const wantNames = ({ database }: { database: Database }): void =>
  void database.run('UPDATE network_state SET wanted = wanted + 1');

export const wantFirewall = ({ database }: { database: Database }): void =>
  void database.run('UPDATE network_state SET wanted = wanted + 1, rules_wanted = wanted + 1');
