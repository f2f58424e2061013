import type { Database } from '#store/database.ts';

/** That the rules must change: in the transaction that changes what they come from. */
export const wantFirewall = ({ database }: { database: Database }): void =>
  void database.run('UPDATE firewall SET wanted = wanted + 1');
