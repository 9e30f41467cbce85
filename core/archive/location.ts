// Where the archive is: a bucket, and a prefix in it, written `s3://bucket/prefix`.

export type Location = {
  bucket: string
  /** Empty, or ends in `/`. */
  prefix: string
}

/** How a client of S3 is set up for a bucket: the cloud's own endpoint, or another server's. */
export type Reach = {
  region: string
  /** `https://…` of a server that is not AWS's. */
  endpoint?: string
  /** CA of that server, PEM; absent: the public ones of Node. */
  ca?: string
}

/** Names of buckets: 3 to 63 of lower-case letters, digits, dots and hyphens (S3 user guide, "Bucket naming rules"). */
const form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]+)?\/?)?$/

/** Reads `s3://bucket/prefix`; undefined for anything else. */
export function locationOf(text: string): Location | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  return { bucket: match[1] as string, prefix: match[2] === undefined ? '' : `${match[2]}/` }
}

export function textOfLocation({ bucket, prefix }: Location): string {
  return `s3://${bucket}/${prefix}`
}

/** Milliseconds: a connection that says nothing for so long, and a request that is not answered after so long, have failed. */
export type Patience = { idle: number; whole: number }

const patient: Patience = { idle: 30_000, whole: 600_000 }

/** Settings of the official client, which both the collector and the command line open. Credentials come from its own chain. */
export function clientSettings({ region, endpoint, ca }: Reach, { idle, whole }: Patience = patient) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    requestHandler: {
      connectionTimeout: Math.min(5_000, idle),
      socketTimeout: idle,
      requestTimeout: whole,
      throwOnRequestTimeout: true,
      httpsAgent: {
        keepAlive: true,
        maxSockets: 8,
        minVersion: 'TLSv1.2' as const,
        ...(ca === undefined ? {} : { ca }),
      },
    },
    // Whoever asks repeats what failed, in a rhythm of its own.
    maxAttempts: 1,
    // We give SHA-256 ourselves; the client's own CRC travels in a trailer that only newer servers read.
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
  }
}
