/** The scenarios: one load each, sent to every candidate in turn. */

import type { Choice } from './options.ts';
import type { GatewayOptions } from './peers/gateway.ts';
import { BOTH, MEASURED } from './processes.ts';
import type { Algorithm } from './tokens/keys.ts';

/** `repeated`: one token. `mixed`: every twentieth request has a new one. `different`: every request has a new one. */
export type TokenUse = 'repeated' | 'mixed' | 'different';

export type PeerName = 'HAProxy' | 'HAProxy over TLS' | 'Envoy' | 'bare pipe' | 'Apache' | 'fastify' | 'express';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly algorithm: Algorithm;
  readonly tokens: TokenUse;
  readonly connections: number;
  /** Below the route: `small` (61 B), `16k`, `1m` or `post`. */
  readonly answer: string;
  readonly expected: 200 | 401;
  /** Bytes of a body that is posted. */
  readonly body: number;
  /** Header fields over the usual ones. */
  readonly fields: number;
  readonly peers: readonly PeerName[];
  /** Whether clients come by https. */
  readonly isSecure: boolean;
  /** Gateways of several kinds instead of peers, the first of them compared with the others. */
  readonly variants: readonly (GatewayOptions & { readonly name: string })[];
  /** How many routes are used, in turn. */
  readonly routesInUse: number;
  /** Cores of upstream and load generator, where they differ from the usual ones. */
  readonly sharedCores: string | undefined;
  /** The target of the gateway's rate relative to another candidate's, by name. */
  readonly targets: Readonly<Record<string, number>>;
  /** The choices of the command line that include it, beside `all`, and `targets` where it has one. */
  readonly choices: readonly Choice[];
}

const USUAL = {
  algorithm: 'RS256',
  tokens: 'repeated',
  connections: 64,
  answer: 'small',
  expected: 200,
  body: 0,
  fields: 0,
  peers: ['HAProxy', 'bare pipe'],
  isSecure: false,
  variants: [],
  routesInUse: 1,
  sharedCores: undefined,
  targets: {},
  choices: [],
} as const satisfies Partial<Scenario>;

const VERIFYING: readonly PeerName[] = ['HAProxy', 'Envoy'];

export const SCENARIOS: readonly Scenario[] = [
  {
    ...USUAL,
    name: 'rs256-repeated',
    title: 'RS256, one token repeated',
    peers: ['HAProxy', 'Envoy', 'bare pipe', 'Apache', 'fastify', 'express'],
    targets: { HAProxy: 1.25, Envoy: 1.25, 'bare pipe': 1.3, Apache: 2.5, fastify: 2.5, express: 6 },
    choices: ['smoke', 'quick'],
  },
  {
    ...USUAL,
    name: 'es256-repeated',
    title: 'ES256, one token repeated',
    algorithm: 'ES256',
    peers: VERIFYING,
    targets: { HAProxy: 2.2, Envoy: 1.25 },
    choices: ['quick'],
  },
  {
    ...USUAL,
    name: 'rs256-mixed',
    title: 'RS256, 95 % repeated, 5 % new',
    tokens: 'mixed',
    peers: VERIFYING,
    targets: { HAProxy: 1.1, Envoy: 1.25 },
    choices: ['quick'],
  },
  {
    ...USUAL,
    name: 'rs256-different',
    title: 'RS256, all different',
    tokens: 'different',
    peers: VERIFYING,
    targets: { HAProxy: 0.6, Envoy: 1.1 },
    choices: ['smoke', 'quick'],
  },
  {
    ...USUAL,
    name: 'es256-different',
    title: 'ES256, all different',
    algorithm: 'ES256',
    tokens: 'different',
    peers: VERIFYING,
    targets: { HAProxy: 0.6, Envoy: 1.1 },
    choices: ['quick'],
  },
  { ...USUAL, name: 'connections-1', title: '1 connection', connections: 1 },
  { ...USUAL, name: 'connections-512', title: '512 connections', connections: 512, targets: { HAProxy: 1 } },
  { ...USUAL, name: 'answers-16k', title: '16 KiB answers', answer: '16k', targets: { HAProxy: 1 } },
  { ...USUAL, name: 'answers-1m', title: '1 MiB answers', answer: '1m', targets: { HAProxy: 0.8 } },
  { ...USUAL, name: 'posts-16k', title: '16 KiB posts', answer: 'post', body: 16 * 1024, targets: { HAProxy: 1 } },
  {
    ...USUAL,
    name: 'tls',
    title: 'over TLS 1.3, kept alive, the same certificate and cipher',
    isSecure: true,
    peers: ['HAProxy over TLS', 'HAProxy'],
  },
  { ...USUAL, name: 'fields-40', title: '40 further header fields', fields: 40 },
  { ...USUAL, name: 'refusals', title: 'refusals: 401, wrong audience', expected: 401, peers: ['HAProxy'] },
  {
    ...USUAL,
    name: 'routes-10000',
    title: '10,000 routes against 10, ten of them in use',
    variants: [
      { name: 'audgate, 10,000 routes', routes: 10_000 },
      { name: 'audgate, 10 routes', routes: 10 },
    ],
    routesInUse: 10,
    targets: { 'audgate, 10 routes': 0.95 },
  },
  {
    ...USUAL,
    name: 'issuers-50',
    title: '50 issuers against 1',
    variants: [
      { name: 'audgate, 50 issuers', issuers: 50 },
      { name: 'audgate, 1 issuer', issuers: 1 },
    ],
    targets: { 'audgate, 1 issuer': 0.95 },
  },
  {
    ...USUAL,
    name: 'workers-2',
    title: '2 workers against 1, on two cores that upstream and load generator share',
    variants: [
      { name: 'audgate, 2 workers', workers: 2, cores: BOTH },
      { name: 'audgate, 1 worker', workers: 1, cores: BOTH },
      { name: 'audgate, no key `workers`', cores: BOTH },
      { name: 'audgate, on one core', cores: MEASURED },
    ],
    sharedCores: BOTH,
  },
];
