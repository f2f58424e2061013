/**
 * Networks, who is in them with which addresses, and ports of the host that lead into containers. Addresses and ports go
 * with the container's row, so none can be lost. `network_state`
 * says which state of all that the kernel's rules and the resolver's names show.
 */
export const NETWORK_MIGRATION = {
  id: 'engine-networks-1',
  sql: `
    CREATE TABLE network (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      driver TEXT NOT NULL,
      device TEXT NOT NULL,
      link INTEGER NOT NULL UNIQUE,
      subnets TEXT NOT NULL,
      internal INTEGER NOT NULL CHECK (internal IN (0, 1)),
      labels TEXT NOT NULL,
      options TEXT NOT NULL,
      created INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE endpoint (
      container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
      network TEXT NOT NULL REFERENCES network (id),
      position INTEGER NOT NULL,
      ipv4 TEXT,
      ipv6 TEXT,
      mac TEXT NOT NULL,
      aliases TEXT NOT NULL,
      PRIMARY KEY (container, network),
      UNIQUE (container, position),
      UNIQUE (network, ipv4),
      UNIQUE (network, ipv6),
      UNIQUE (network, mac)
    ) STRICT;
    CREATE TABLE port (
      container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
      protocol TEXT NOT NULL,
      host_ip TEXT NOT NULL,
      host_port INTEGER NOT NULL,
      container_port INTEGER NOT NULL,
      PRIMARY KEY (protocol, host_ip, host_port)
    ) STRICT;
    CREATE INDEX port_container ON port (container);
    CREATE TABLE network_state (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      wanted INTEGER NOT NULL,
      shown INTEGER NOT NULL,
      rules_wanted INTEGER NOT NULL,
      rules_shown INTEGER NOT NULL,
      owner TEXT
    ) STRICT;
    INSERT INTO network_state (one, wanted, shown, rules_wanted, rules_shown) VALUES (1, 0, 0, 0, 0);
  `,
};
