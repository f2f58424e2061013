/** What a container asks of networks; a part of its options. */
export interface NetworkWishes {
  /**
   * none (loopback only), host, `container:ID`, `ns:PATH`, or the name of the first of `networks`.
   */
  network: string;
  /** Networks that it is in; the first is its way out. */
  networks?: readonly NetworkPlace[];
  publish?: readonly PortWish[];
  /** Every port that the image or `expose` names, at ports of the host that are free. */
  publishAll?: boolean;
  /** `PORT/PROTOCOL` each. */
  expose?: readonly string[];
  dns?: readonly string[];
  dnsSearch?: readonly string[];
  dnsOptions?: readonly string[];
  /** `NAME:ADDRESS` each, as in /etc/hosts; the address may be `host-gateway`. */
  extraHosts?: readonly string[];
}

export interface NetworkPlace {
  /** Name or id. */
  network: string;
  ip?: string;
  ip6?: string;
  mac?: string;
  aliases?: readonly string[];
}

/** A port of the container that the host's shall lead to. */
export interface PortWish {
  containerPort: number;
  protocol: string;
  /** Left out: every address of the host. */
  hostIp?: string;
  /** Left out: any that is free; with `hostPortEnd` one of a range. */
  hostPort?: number;
  hostPortEnd?: number;
}
