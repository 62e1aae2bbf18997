import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { PurserError } from '../errors.ts'
import type { Basis, Labels } from '../ledger/charge.ts'
import { createCallMapper } from './claude-code/imported-call.ts'
import { threadBatches } from './claude-code/thread-batches.ts'
import type { TranscriptCall } from './claude-code/transcript-call.ts'
import { readTranscripts, type TranscriptTask } from './claude-code/transcript-reader.ts'
import type { TranscriptBatch } from './claude-code/call-batch.ts'
import { hasUnfinishedLine, isUnchanged, toFilePosition } from './file-position.ts'
import type { ImportedCall, ImportSink } from './importer.ts'
import { findSourceFiles } from './source-files.ts'

export interface ClaudeCodeImport {
  /** Files or folders to read in place of those that the environment names. */
  readonly paths?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Set on every call; the owner's labels win over those of the transcript. */
  readonly labels?: Labels
  /** `plan` unless said otherwise: these calls are usually covered by a subscription. */
  readonly basis?: Basis
}

const megabyte = 1024 * 1024
/** Below this, a thread takes longer to start than it saves. */
const threadFromBytes = 24 * megabyte

/** Small enough that a gate in the same process never waits long. */
const inlineSize = { chunkBytes: megabyte / 4, batchBytes: 4 * megabyte, batchCalls: 1000 }
const threadSize = { chunkBytes: megabyte / 4, batchBytes: 4 * megabyte, batchCalls: 1000 }

/**
 * Imports the transcripts of Claude Code: `*.jsonl` under the `projects` folders of its configuration, with those of
 * the agents that it starts. Only what was written since the last import is read.
 * @throws PURSER_NOT_FOUND when a path that is named, or every folder in CLAUDE_CONFIG_DIR, does not exist.
 */
export async function importClaudeCode(options: ClaudeCodeImport, sink: ImportSink): Promise<void> {
  const unreadable = (path: string): void => {
    sink.countRead(1)
    sink.skip('unreadable file', path)
  }
  const tasks: TranscriptTask[] = []
  let totalBytes = 0
  for (const file of findSourceFiles(transcriptRoots(options), (name) => name.endsWith('.jsonl'), unreadable)) {
    const position = toFilePosition(sink.checkpoint(sourceOf(file.path)))
    if (isUnchanged(file, position)) continue
    tasks.push({ file, position })
    totalBytes += Math.max(0, file.size - (position?.offset ?? 0))
  }
  // The oldest first, so that a call counts to the session that made it and not to one that copied it later.
  tasks.sort((a, b) => a.file.mtimeMs - b.file.mtimeMs)
  const batches = totalBytes < threadFromBytes ? readTranscripts(tasks, inlineSize) : threadBatches(tasks, threadSize)
  const toImportedCall = createCallMapper(options.labels ?? {}, options.basis ?? 'plan')
  let doneBytes = 0
  for await (const batch of batches) {
    if (sink.signal.aborted) return
    await book(batch, toImportedCall, sink)
    doneBytes += batch.bytes
    sink.progress(Math.min(doneBytes, totalBytes), totalBytes)
  }
}

async function book(batch: TranscriptBatch, toImportedCall: (call: TranscriptCall) => ImportedCall, sink: ImportSink): Promise<void> {
  sink.countRead(batch.records)
  sink.countDuplicates?.(batch.duplicates)
  for (const { reason, where } of batch.skipped) sink.skip(reason, where)
  const checkpoints = new Map(batch.positions.map(([path, position]) => [sourceOf(path), position] as const))
  for (const [path, position] of batch.positions) if (hasUnfinishedLine(position)) sink.countUnfinished?.(path)
  await sink.put(batch.calls.map(toImportedCall), checkpoints)
}

function sourceOf(path: string): string {
  return `claude-code:${path}`
}

/** The folders to search: those named, else `CLAUDE_CONFIG_DIR` (a list with commas), else where Claude Code keeps them. */
function transcriptRoots({ paths, env }: ClaudeCodeImport): string[] {
  if (paths !== undefined && paths.length > 0) {
    for (const path of paths) {
      if (!existsSync(path)) throw new PurserError('PURSER_NOT_FOUND', `There is no file or folder ${path} to import.`)
    }
    return paths.map((path) => projectsIn(path) ?? path)
  }
  const home = env['HOME'] ?? homedir()
  const configured = (env['CLAUDE_CONFIG_DIR'] ?? '').split(',').flatMap((entry) => entry.trim() || [])
  if (configured.length > 0) {
    const folders = configured.map((folder) => folder.replace(/^~(?=\/|$)/, home))
    const found = folders.flatMap((folder) => projectsIn(folder) ?? (basename(folder) === 'projects' && existsSync(folder) ? folder : []))
    if (found.length > 0) return found
    throw new PurserError(
      'PURSER_NOT_FOUND',
      `CLAUDE_CONFIG_DIR names no folder with Claude Code's projects: ${configured.join(', ')}. Name the folder that holds projects/.`,
    )
  }
  return [join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'claude'), join(home, '.claude')].flatMap(
    (folder) => projectsIn(folder) ?? [],
  )
}

function projectsIn(folder: string): string | undefined {
  const projects = join(folder, 'projects')
  return statSync(projects, { throwIfNoEntry: false })?.isDirectory() === true ? projects : undefined
}
