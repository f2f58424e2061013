/**
 * Networks, who is in them with which addresses, and ports of the host that lead into containers. Addresses and ports go
 * with the container's row, so none can be lost. `firewall` says which state of the ports the kernel's rules show.
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
    CREATE TABLE firewall (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      wanted INTEGER NOT NULL,
      shown INTEGER NOT NULL,
      owner TEXT
    ) STRICT;
    INSERT INTO firewall (one, wanted, shown) VALUES (1, 0, 0);
  `,
};
