import { rollupKeys } from '../rollup-tables.ts'

/** Marks a SQLite file as a purser ledger ("prsr"). */
export const applicationId = 0x70727372

const measureColumns = `
  calls INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  unpriced_calls INTEGER NOT NULL,
  partial_calls INTEGER NOT NULL,
  estimated_calls INTEGER NOT NULL,
  estimated_cost INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  meters BLOB NOT NULL`

/** Their definition, in the main schema or as `TEMP` tables. */
export function rollupTables(temporary: '' | 'TEMP'): string {
  return Object.entries(rollupKeys)
    .map(([table, key]) => {
      const columns = key.map((column) => `${column} INTEGER NOT NULL`).join(', ')
      return `CREATE ${temporary} TABLE ${table} (${columns},${measureColumns},\n  PRIMARY KEY (${key.join(', ')})\n) STRICT, WITHOUT ROWID;`
    })
    .join('\n')
}

/** Which charges carry a subject, in the main schema or as a `TEMP` table. */
export function subjectIndex(temporary: '' | 'TEMP'): string {
  return `CREATE ${temporary} TABLE charge_subjects (subject INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (subject, seq)) STRICT, WITHOUT ROWID;`
}

/**
 * One step for each version of the schema; a ledger of version n has the first n steps. Amounts are nano-dollars,
 * times are milliseconds since 1970, days count local dates of the ledger's zone and slots quarters of an hour from 1970.
 */
export const migrations: readonly string[] = [
  `
CREATE TABLE settings (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE series (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE skus (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
CREATE TABLE pricings (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE batches (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) STRICT;

CREATE TABLE charges (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  booked_at INTEGER NOT NULL,
  series INTEGER NOT NULL,
  sku INTEGER NOT NULL,
  pricing INTEGER NOT NULL,
  cost INTEGER,
  packed BLOB NOT NULL,
  id TEXT,
  response_id TEXT,
  batch INTEGER,
  corrects INTEGER,
  extras TEXT
) STRICT;
CREATE INDEX charges_at ON charges (at);

CREATE TABLE ids (digest BLOB NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, rank INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE subjects (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  UNIQUE (kind, value)
) STRICT;
CREATE INDEX subjects_last_day ON subjects (kind, last_day);
${subjectIndex('')}

${rollupTables('')}
CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE documents (
  kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
`,
  // The gate. Amounts are in the unit of the budget's metric; a hold's state is its place in the list of states.
  `
CREATE TABLE counters (
  id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  scope TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER,
  spent INTEGER NOT NULL,
  held INTEGER NOT NULL,
  held_worst INTEGER NOT NULL,
  presumed INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  fired INTEGER NOT NULL,
  denied INTEGER NOT NULL,
  cause TEXT,
  UNIQUE (revision, scope, start)
) STRICT;
CREATE TABLE holds (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  reserved_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  parent TEXT,
  asked TEXT NOT NULL,
  rest TEXT NOT NULL
) STRICT;
CREATE INDEX holds_due ON holds (expires_at) WHERE state = 0;
CREATE INDEX holds_unresolved ON holds (number) WHERE state < 2;
CREATE TABLE learned (key TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO settings (key, value) VALUES ('budgets', '0');
`,
]

export const schemaVersion = migrations.length
