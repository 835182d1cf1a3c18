/** `tls` of the data listener: one certificate, or a list of them. */

import { z } from 'zod';
import { list } from './building-blocks.ts';
import { nonEmpty } from './scalars.ts';

const VERSIONS = ['1.2', '1.3'] as const;

/** YAML reads 1.2 without quotes as a number. */
const minVersion = z
  .preprocess(written => (typeof written === 'number' ? String(written) : written), z.enum(VERSIONS))
  .meta({ type: ['string', 'number'], enum: [...VERSIONS, ...VERSIONS.map(Number)] });

const certificate = z.strictObject({
  cert_file: nonEmpty.describe('PEM file with the certificate, its chain behind it'),
  key_file: nonEmpty.describe('PEM file with its private key, without a passphrase'),
  min_version: minVersion
    .optional()
    .describe('The oldest version of TLS that is accepted: "1.2" or "1.3"; one for the whole list')
    .meta({ default: '1.2' }),
});

export const listenerTls = z.union([certificate.transform(only => [only]), list(certificate)]);

export type CertificateSettings = z.output<typeof certificate>;
