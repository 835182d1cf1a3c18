/** `authorizer`: an address, or a map with who may ask there. */

import { z } from 'zod';
import type { AuthorizerSettings } from '../config.ts';
import { NETWORK, NETWORK_FORM, parseNetwork, readNetwork } from '../values/address/cidr.ts';
import { DATA_ADDRESS, DATA_ADDRESS_FORM, parseDataAddress } from '../values/address/listen-address.ts';
import { text, uniqueList } from './building-blocks.ts';

const address = text(DATA_ADDRESS, parseDataAddress, DATA_ADDRESS_FORM);

const map = z
  .strictObject({
    listen: address.describe('Where other proxies ask: host:port, [::]:port, :port or unix:/path'),
    peers: uniqueList(text(NETWORK, parseNetwork, NETWORK_FORM))
      .default([])
      .describe('Addresses and networks of the proxies that may ask, beside loopback'),
  })
  .transform(
    ({ listen, peers }): AuthorizerSettings => ({ listen, peers: peers.flatMap(peer => readNetwork(peer) ?? []) }),
  );

export const authorizer = z.union([address.transform((listen): AuthorizerSettings => ({ listen, peers: [] })), map]);
