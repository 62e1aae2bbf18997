import type { DocumentWrite, Store, StoredDocument } from '../stores/store.ts'
import type { Run, Stage } from './run.ts'

// Runs and their stages as documents: amounts of money are JSON text of the form `…n`, as JSON has no big integers.

const runKind = 'run'
/** The stages of a run are documents of a kind of its own, so that they are read without those of other runs. */
const stageKind = (run: string): string => `stage:${run}`

/** A document read back, with the version that a change of it expects. */
export interface Kept<T> {
  readonly value: T
  readonly version: number
}

export async function readRun(store: Store, id: string): Promise<Kept<Run> | undefined> {
  const document = await store.document(runKind, id)
  return document && { value: parseDocument<Run>(document), version: document.version }
}

/** Every run of the ledger, the last made first. */
export async function readRuns(store: Store): Promise<Run[]> {
  const runs = (await store.documents(runKind)).map((document) => parseDocument<Run>(document))
  return runs.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

/** The stages of a run, in their order. */
export async function readStages(store: Store, run: string): Promise<Stage[]> {
  return (await keptStages(store, run)).map(({ value }) => value)
}

/** The same, with their versions. */
export async function keptStages(store: Store, run: string): Promise<Kept<Stage>[]> {
  const documents = await store.documents(stageKind(run))
  const stages = documents.map((document) => ({ value: parseDocument<Stage>(document), version: document.version }))
  return stages.toSorted((a, b) => a.value.order - b.value.order)
}

/** `expectedVersion` as of a document write: 0 for one that must be new. */
export function writeRun(run: Run, expectedVersion: number): DocumentWrite {
  return { kind: runKind, key: run.id, body: toDocument(run), expectedVersion }
}

export function writeStage(stage: Stage, expectedVersion?: number): DocumentWrite {
  return { kind: stageKind(stage.run), key: stage.key, body: toDocument(stage), ...(expectedVersion !== undefined && { expectedVersion }) }
}

const bigintText = /^-?\d+n$/

/** JSON with its big integers as text. */
function toDocument(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return value.map(toDocument)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, isOpaque(key) ? each : toDocument(each)]))
  }
  return value
}

function parseDocument<T>({ body }: StoredDocument): T {
  return fromDocument(body) as T
}

function fromDocument(value: unknown): unknown {
  if (typeof value === 'string') return bigintText.test(value) ? BigInt(value.slice(0, -1)) : value
  if (Array.isArray(value)) return value.map(fromDocument)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, isOpaque(key) ? each : fromDocument(each)]))
  }
  return value
}

/** What its host or owner wrote is kept as it is, even where it looks like a number of ours. */
function isOpaque(key: string): boolean {
  return key === 'kept' || key === 'labels' || key === 'scope' || key === 'id' || key === 'run' || key === 'message'
}
