import { closeSync, openSync } from 'node:fs'
import { asFields } from '../../usage/readers/fields.ts'
import { type FilePosition, positionAt, resumePosition } from '../file-position.ts'
import { LineReader } from '../line-reader.ts'
import type { SourceFile } from '../source-files.ts'
import { type Ancestry, newRollout, readRolloutLine, type RolloutCall, type RolloutReading, type RolloutState } from './rollout.ts'

/** A place in a rollout, with what is known of it there. */
export interface RolloutPosition extends FilePosition {
  readonly state: RolloutState
}

export interface RolloutLine {
  readonly reading: Exclude<RolloutReading, { readonly kind: 'none' }>
  readonly state: RolloutState
  readonly line: number
  /** The place after this line, to be kept once it is booked. */
  readonly position: () => RolloutPosition
}

const chunkBytes = 256 * 1024
/** Lines that matter name one of these; all others are passed over undecoded. */
const marks = ['token_count', 'turn_context', 'session_meta'].map((mark) => Buffer.from(mark))

/** The calls of a rollout from where the last import stopped; at its end gives the place to keep. */
export function* readRollout(
  file: SourceFile,
  position: RolloutPosition | undefined,
  ancestry: Ancestry,
): Generator<RolloutLine, RolloutPosition> {
  const fd = openSync(file.path, 'r')
  try {
    const from = resumePosition(fd, file, position)
    let state = from.offset > 0 && position !== undefined ? position.state : newRollout
    const lines = new LineReader(fd, from, Buffer.allocUnsafeSlow(chunkBytes))
    let end = from
    while (lines.next()) {
      const reading = readLine(lines)
      if (reading === 'unfinished') break
      end = { offset: lines.offset, line: lines.line }
      if (reading === undefined) continue
      const place = end
      const positionHere = (): RolloutPosition => ({ ...positionAt(fd, file, place.offset, place.line, false), state })
      if (typeof reading === 'string') {
        yield { reading: { kind: 'skip', reason: reading }, state, line: lines.line, position: positionHere }
        continue
      }
      const [next, found] = readRolloutLine(state, reading, lines.line - 1, ancestry)
      state = next
      if (found.kind !== 'none') yield { reading: found, state, line: lines.line, position: positionHere }
    }
    return { ...positionAt(fd, file, end.offset, end.line, true), state }
  } finally {
    closeSync(fd)
  }
}

/** The object on the current line if it may matter; a reason where it is none. */
function readLine(lines: LineReader): Readonly<Record<string, unknown>> | string | undefined {
  if (lines.tooLong) return 'line too long'
  if (lines.end === lines.start) return undefined
  const bytes = lines.bytes.subarray(lines.start, lines.end)
  const whole = bytes[0] === 123 && bytes.at(-1) === 125
  if (whole && !marks.some((mark) => bytes.includes(mark))) return lines.complete ? undefined : isJson(bytes) ? undefined : 'unfinished'
  try {
    return asFields(JSON.parse(bytes.toString())) ?? 'not a JSON object'
  } catch {
    return lines.complete ? 'not JSON' : 'unfinished'
  }
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}

/** All calls of a rollout, oldest first, for what was forked from it. */
export function callsOf(file: SourceFile, ancestry: Ancestry): RolloutCall[] {
  const calls: RolloutCall[] = []
  for (const { reading } of readRollout(file, undefined, ancestry)) if (reading.kind === 'call') calls.push(reading.call)
  return calls
}
