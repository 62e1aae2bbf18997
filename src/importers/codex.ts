import { accessSync, constants, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { PurserError } from '../errors.ts'
import type { Basis, Labels } from '../ledger/charge.ts'
import { acceptableLabels } from './acceptable-labels.ts'
import { Histories } from './codex/histories.ts'
import type { Ancestry, RolloutCall, RolloutState } from './codex/rollout.ts'
import { callsOf, readRollout, type RolloutPosition } from './codex/rollout-reader.ts'
import { toReading } from './codex/token-event.ts'
import { hasUnfinishedLine, isUnchanged, toFilePosition } from './file-position.ts'
import type { ImportedCall, ImportSink } from './importer.ts'
import { findSourceFiles, type SourceFile } from './source-files.ts'

export interface CodexImport {
  /** Files or folders to read in place of those that the environment names. */
  readonly paths?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Set on every call; the owner's labels win over those of the session. */
  readonly labels?: Labels
  /** `plan` unless said otherwise: these calls are usually covered by a subscription. */
  readonly basis?: Basis
}

const batchCalls = 500

/**
 * Imports the sessions of Codex: `rollout-*.jsonl` under `sessions` and `archived_sessions` of its home. Only what was
 * written since the last import is read.
 * @throws PURSER_NOT_FOUND when a path that is named does not exist.
 */
export async function importCodex(options: CodexImport, sink: ImportSink): Promise<void> {
  const skipUnreadable = (path: string): void => {
    sink.countRead(1)
    sink.skip('unreadable file', path)
  }
  const files = findSourceFiles(rolloutRoots(options), (name) => /^rollout-.*\.jsonl$/.test(basename(name)), skipUnreadable)
  const ancestry = createAncestry(files, new Histories((key) => sink.note?.(key)))
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0)
  let doneBytes = 0
  for (const file of files) {
    if (sink.signal.aborted) return
    const position = toFilePosition(sink.checkpoint(sourceOf(file)))
    if (!isUnchanged(file, position)) {
      if (!isReadable(file)) skipUnreadable(file.path)
      else await importRollout(file, position as RolloutPosition | undefined, ancestry, options, sink)
    }
    doneBytes += file.size
    sink.progress(doneBytes, totalBytes)
  }
}

async function importRollout(
  file: SourceFile,
  position: RolloutPosition | undefined,
  ancestry: Ancestry,
  options: CodexImport,
  sink: ImportSink,
): Promise<void> {
  let calls: ImportedCall[] = []
  const put = async (place: RolloutPosition): Promise<void> => {
    await sink.put(calls, new Map([[sourceOf(file), place]]), ancestry.histories.takeChanges())
    calls = []
  }
  const copies = position?.state.copied === false ? 0 : await countBookedCopies(file, ancestry, sink)
  const lines = readRollout(file, position, { ...ancestry, copies })
  for (let step = lines.next(); ; step = lines.next()) {
    if (step.done === true) {
      await put(step.value)
      if (hasUnfinishedLine(step.value)) sink.countUnfinished?.(file.path)
      return
    }
    if (sink.signal.aborted) {
      lines.return(step.value.position())
      return
    }
    const { reading, state, line, position: positionHere } = step.value
    sink.countRead(1)
    if (reading.kind === 'skip') sink.skip(reading.reason, `${file.path}:${line}`)
    else if (reading.kind === 'repeated') sink.countDuplicates?.(1)
    else calls.push({ ...toImportedCall(reading.call, state, file, options), where: `${file.path}:${line}` })
    if (calls.length >= batchCalls) await put(positionHere())
  }
}

/** How many calls at the start of a fork are booked as its parent's, where the parent's file is not at hand. */
async function countBookedCopies(file: SourceFile, ancestry: Ancestry, sink: ImportSink): Promise<number> {
  let copies = 0
  for (const { reading, state } of readRollout(file, undefined, { ...ancestry, copies: Infinity })) {
    if (!state.copied || ancestry.parentCalls(state.parent) !== undefined) return 0
    if (reading.kind !== 'call') continue
    const at = await sink.timeOf?.(reading.call.id)
    // What the parent did after the fork is not copied, though it may look the same.
    if (at === undefined || (state.created !== 0 && at > state.created)) return copies
    copies += 1
  }
  return copies
}

function toImportedCall(call: RolloutCall, state: RolloutState, file: SourceFile, options: CodexImport): ImportedCall {
  const { usage, warnings } = toReading(state.model, call.used)
  const project = state.cwd.split(/[/\\]/).findLast((part) => part !== '') ?? ''
  const session = state.session === '' ? basename(file.path, '.jsonl') : state.session
  return {
    charge: {
      id: call.id,
      at: call.at,
      provider: state.provider,
      model: state.model === '' ? 'unknown' : state.model,
      usage,
      labels: { ...acceptableLabels({ project, session, branch: state.branch }), ...options.labels },
      basis: options.basis ?? 'plan',
      ...(state.serviceTier !== '' && { serviceTier: state.serviceTier }),
      ...(warnings.length > 0 && { warnings }),
    },
    onExisting: 'duplicate',
  }
}

/** Finds the calls of a session by the id that ends the name of its file. */
function createAncestry(files: readonly SourceFile[], histories: Histories): Ancestry {
  const known = new Map<string, readonly RolloutCall[] | undefined>()
  const ancestry: Ancestry = {
    histories,
    copies: 0,
    parentCalls: (session) => {
      if (!known.has(session)) {
        const file = files.find(({ path }) => path.endsWith(`${session}.jsonl`))
        // A session that names itself among its ancestors must not be followed in a circle.
        known.set(session, undefined)
        known.set(session, file === undefined || !isReadable(file) ? undefined : callsOf(file, ancestry))
      }
      return known.get(session)
    },
  }
  return ancestry
}

function isReadable(file: SourceFile): boolean {
  try {
    accessSync(file.path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function sourceOf(file: SourceFile): string {
  return `codex:${file.path}`
}

/** The folders to search: those named, else those of `CODEX_HOME` (a list with commas), else of `~/.codex`. */
function rolloutRoots({ paths, env }: CodexImport): string[] {
  if (paths !== undefined && paths.length > 0) {
    for (const path of paths) {
      if (!existsSync(path)) throw new PurserError('PURSER_NOT_FOUND', `There is no file or folder ${path} to import.`)
    }
    return [...paths]
  }
  const home = env['HOME'] ?? homedir()
  const configured = (env['CODEX_HOME'] ?? '').split(',').flatMap((entry) => entry.trim() || [])
  const folders = configured.length > 0 ? configured.map((folder) => folder.replace(/^~(?=\/|$)/, home)) : [join(home, '.codex')]
  return folders
    .flatMap((folder) => ['sessions', 'archived_sessions'].map((name) => join(folder, name)))
    .filter((folder) => existsSync(folder))
}
