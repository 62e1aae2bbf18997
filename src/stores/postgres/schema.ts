import { hash } from 'node:crypto'
import { rollupKeys, rollupTableNames } from '../rollup-tables.ts'

const measureColumns = `
  calls bigint NOT NULL,
  cost bigint NOT NULL,
  unpriced_calls bigint NOT NULL,
  partial_calls bigint NOT NULL,
  estimated_calls bigint NOT NULL,
  estimated_cost bigint NOT NULL,
  input_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL,
  cache_write_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  meters bytea NOT NULL`

/** Definitions of the tables that can be worked out anew. Rows are rewritten often, so pages keep room for that. */
export function derivedTables(create: string): string {
  const sums = rollupTableNames.map((table) => {
    const key = rollupKeys[table]
    const columns = key.map((column) => `${column} integer NOT NULL`).join(', ')
    return `${create}${table} (${columns},${measureColumns},\n  PRIMARY KEY (${key.join(', ')})\n) WITH (fillfactor = 80);`
  })
  return [...sums, `${create}charge_subjects (subject integer NOT NULL, seq bigint NOT NULL, PRIMARY KEY (subject, seq));`].join('\n')
}

/**
 * One step for each version of the schema; a ledger of version n has the first n steps. Amounts are nano-dollars,
 * times are milliseconds since 1970, days count local dates of the ledger's zone and slots quarters of an hour from 1970.
 * Texts compare by their bytes. Sequences give the last number used: a transaction that holds the ledger's lock sets them,
 * and unlike a row they stay one row however often they change. Series, skus and ways of pricing are unique because only
 * the holder of the lock adds them. `writers` says which transaction of a
 * process was the last to be committed.
 */
export const migrations: readonly ((schema: string) => string)[] = [
  (s) => `
CREATE TABLE ${s}.ledger (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  purser_schema integer NOT NULL,
  timezone text NOT NULL,
  subjects text NOT NULL
);
CREATE SEQUENCE ${s}.facts MINVALUE 0 START WITH 0;
CREATE SEQUENCE ${s}.writes MINVALUE 0 START WITH 0;
CREATE TABLE ${s}.writers (id bytea PRIMARY KEY, turn bigint NOT NULL, at bigint NOT NULL) WITH (fillfactor = 50);

CREATE TABLE ${s}.series (id integer PRIMARY KEY, body text NOT NULL);
CREATE TABLE ${s}.skus (id integer PRIMARY KEY, body text NOT NULL);
CREATE TABLE ${s}.pricings (id integer PRIMARY KEY, body text NOT NULL);
CREATE TABLE ${s}.batches (id integer PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, first_seq bigint NOT NULL, last_seq bigint NOT NULL);

CREATE TABLE ${s}.charges (
  seq bigint PRIMARY KEY,
  at bigint NOT NULL,
  booked_at bigint NOT NULL,
  series integer NOT NULL,
  sku integer NOT NULL,
  pricing integer NOT NULL,
  cost bigint,
  packed bytea NOT NULL,
  id text COLLATE "C",
  response_id text COLLATE "C",
  batch integer,
  corrects bigint,
  extras text
);
CREATE INDEX charges_at ON ${s}.charges (at, seq);
CREATE INDEX charges_corrects ON ${s}.charges (corrects) WHERE corrects IS NOT NULL;

CREATE TABLE ${s}.ids (digest bytea PRIMARY KEY, seq bigint NOT NULL, rank smallint NOT NULL);

CREATE TABLE ${s}.subjects (
  id integer PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  first_day integer NOT NULL,
  last_day integer NOT NULL,
  UNIQUE (kind, value)
);
CREATE INDEX subjects_last_day ON ${s}.subjects (kind, last_day);

${derivedTables(`CREATE TABLE ${s}.`)}

CREATE TABLE ${s}.events (seq bigint PRIMARY KEY, at bigint NOT NULL, kind text NOT NULL, body text NOT NULL);
CREATE TABLE ${s}.documents (
  digest bytea PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  body text NOT NULL
);
CREATE INDEX documents_kind ON ${s}.documents (kind);

CREATE SEQUENCE ${s}.budgets MINVALUE 0 START WITH 0;
CREATE TABLE ${s}.counters (
  id integer PRIMARY KEY,
  revision bigint NOT NULL,
  digest bytea NOT NULL,
  scope text COLLATE "C" NOT NULL,
  start bigint NOT NULL,
  "end" bigint,
  spent bigint NOT NULL,
  held bigint NOT NULL,
  held_worst bigint NOT NULL,
  presumed bigint NOT NULL,
  unpriced integer NOT NULL,
  fired integer NOT NULL,
  denied boolean NOT NULL,
  cause text,
  UNIQUE (revision, digest, start)
) WITH (fillfactor = 50);
CREATE TABLE ${s}.holds (
  number integer PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  state smallint NOT NULL,
  reserved_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  parent text COLLATE "C",
  asked text NOT NULL,
  rest text NOT NULL
);
CREATE INDEX holds_due ON ${s}.holds (expires_at) WHERE state = 0;
CREATE INDEX holds_unresolved ON ${s}.holds (number) WHERE state < 2;
CREATE TABLE ${s}.learned (digest bytea PRIMARY KEY, key text NOT NULL, body text NOT NULL);
`,
]

export const schemaVersion = migrations.length

/** The number of a ledger's lock, the same for everybody who uses this schema of a database. */
export function lockKey(schema: string): string {
  return String(hash('sha256', `purser\n${schema}`, 'buffer').readBigInt64BE())
}
