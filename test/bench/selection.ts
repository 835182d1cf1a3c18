/** Which candidates each measurement has. */

import type { Options } from './options.ts';
import { apache } from './peers/apache.ts';
import { envoy } from './peers/envoy.ts';
import { createGatewayPeer } from './peers/gateway.ts';
import { haproxy, haproxyOverTls } from './peers/haproxy.ts';
import { express, fastify } from './peers/npm-peers.ts';
import type { Peer } from './peers/peer.ts';
import { barePipe } from './peers/pipe.ts';
import type { PeerName, Scenario } from './scenarios.ts';

const PEERS: Readonly<Record<PeerName, Peer>> = {
  HAProxy: haproxy,
  'HAProxy over TLS': haproxyOverTls,
  Envoy: envoy,
  'bare pipe': barePipe,
  Apache: apache,
  fastify,
  express,
};
const QUICK_PEERS: readonly PeerName[] = ['HAProxy', 'HAProxy over TLS', 'bare pipe'];

/** @returns the candidates of `scenario`, the one that the others are compared with first. */
export function choosePeers({ peers, variants, targets, isSecure }: Scenario, options: Options): Peer[] {
  if (variants.length > 0) return variants.map(variant => createGatewayPeer({ ...variant, main: options.gateway }));
  const chosen = peers.filter(name => isChosen(name, targets, options));
  return [...chooseGateways(options, isSecure), ...chosen.map(name => PEERS[name])];
}

function isChosen(name: PeerName, targets: Scenario['targets'], { choice, allPeers }: Options): boolean {
  return choice === 'targets' ? name in targets : allPeers || QUICK_PEERS.includes(name);
}

/** @returns the gateway, and the candidate that it is compared with. */
export function chooseGateways({ gateway, against }: Options, isSecure = false): Peer[] {
  const before =
    against === undefined ? [] : [createGatewayPeer({ name: 'audgate (before)', main: against, isSecure })];
  return [createGatewayPeer({ name: 'audgate', main: gateway, isSecure }), ...before];
}

/** @returns a sentence about the candidates that the options leave out. */
export function describeOmitted({ allPeers }: Options): string | undefined {
  const omitted = Object.keys(PEERS).filter(name => !QUICK_PEERS.some(quick => quick === name));
  return allPeers ? undefined : `left out of a quick run: ${omitted.join(', ')} (--peers all)`;
}
