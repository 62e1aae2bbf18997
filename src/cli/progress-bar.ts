import { performance } from 'node:perf_hooks'
import { formatCount } from '../text/numbers.ts'
import { remarksAreData } from './output.ts'
import { cutToWidth } from '../text/display-width.ts'

const redrawEveryMs = 100
const barColumns = 24

/** A line on standard error that shows how far something is; silent where that is no terminal. */
export interface ProgressBar {
  /** `done` of `total`, or without a total just a count; `detail` follows the bar. */
  readonly show: (done: number, total: number | undefined, detail?: string) => void
  /** Takes the line away. */
  readonly end: () => void
}

export function createProgressBar(label: string): ProgressBar {
  const stream = process.stderr
  if (!stream.isTTY || remarksAreData()) return { show: () => undefined, end: () => undefined }
  let drawnAt = -Infinity
  let isDrawn = false
  return {
    show(done, total, detail = '') {
      const now = performance.now()
      if (now - drawnAt < redrawEveryMs) return
      drawnAt = now
      isDrawn = true
      stream.write(`\r\u001B[K${cutToWidth(progressLine(label, done, total, detail), (stream.columns || 80) - 1)}`)
    },
    end() {
      if (isDrawn) stream.write('\r\u001B[K')
      isDrawn = false
    },
  }
}

function progressLine(label: string, done: number, total: number | undefined, detail: string): string {
  if (total === undefined) return `${label} ${formatCount(done)} ${detail}`.trimEnd()
  const fraction = total > 0 ? Math.min(1, done / total) : 1
  const filled = Math.round(fraction * barColumns)
  const bar = '█'.repeat(filled) + '░'.repeat(barColumns - filled)
  return `${label} ${bar} ${Math.floor(fraction * 100)
    .toString()
    .padStart(3)}%  ${detail}`.trimEnd()
}
