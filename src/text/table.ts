import { cutToWidth, displayWidth, printable } from './display-width.ts'

export interface Column {
  readonly header: string
  /** `point`: amounts stand with their decimal points below each other. */
  readonly align?: 'left' | 'right' | 'point'
  /** Columns that go, the highest number first, so that texts need not be cut. */
  readonly extra?: number
  /** Where a table is still too wide, these columns go, the highest number first; those without stay. */
  readonly dropOrder?: number
  /** Texts that may be cut, down to this many columns. */
  readonly cutTo?: number
  /** Cut only when every other column has gone or is as narrow as it may be, as names that a person copies. */
  readonly cutLast?: true
  /** Bars as wide as the terminal leaves, up to this: cells are then fractions from 0 to 1, written with `String`. */
  readonly bar?: { readonly min: number; readonly max: number }
}

/** Gives a finished, padded cell its colour. */
export type PaintCell = (text: string, row: number | 'header', column: number) => string

const gap = '  '

/** Lines of a table that fits in a number of columns; nothing wraps. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  columnsWide: number,
  paint: PaintCell = (text) => text,
): string[] {
  const aligned = alignPoints(
    columns,
    rows.map((cells) => cells.map(printable)),
  )
  const { kept, widths } = layOut(columns, aligned, columnsWide)
  const line = (cells: readonly string[], row: number | 'header'): string =>
    kept
      .map((index, place) => {
        const column = columns[index] as Column
        const width = widths[place] ?? 0
        const cell = cells[index] ?? ''
        const text = column.bar !== undefined && row !== 'header' ? renderBar(Number(cell), width) : cutToWidth(cell, width)
        const isLast = place === kept.length - 1
        return paint(pad(text, width, column.align ?? 'left', isLast), row, index)
      })
      .join(gap)
      .trimEnd()
  return [
    line(
      columns.map((column) => column.header),
      'header',
    ),
    ...aligned.map((cells, row) => line(cells, row)),
  ]
}

interface Layout {
  readonly kept: readonly number[]
  readonly widths: readonly number[]
}

function layOut(columns: readonly Column[], rows: readonly (readonly string[])[], columnsWide: number): Layout {
  const natural = columns.map(({ header, bar: bars }, index) =>
    bars === undefined ? rows.reduce((most, cells) => Math.max(most, displayWidth(cells[index] ?? '')), displayWidth(header)) : bars.min,
  )
  let kept = columns.map((_, index) => index)
  const full = (index: number): number => natural[index] ?? 0
  const least = (index: number): number => Math.min(full(index), columns[index]?.cutTo ?? Infinity)
  const unlessLast = (index: number): number => (columns[index]?.cutLast === true ? full(index) : least(index))
  const total = (width: (index: number) => number): number =>
    kept.reduce((sum, index) => sum + width(index), gap.length * (kept.length - 1))
  const drop = (order: 'extra' | 'dropOrder', width: (index: number) => number): void => {
    for (const index of inOrder(columns, order)) {
      if (total(width) <= columnsWide) return
      kept = kept.filter((each) => each !== index)
    }
  }
  drop('extra', full)
  drop('dropOrder', unlessLast)
  const widths = kept.map((index) => natural[index] ?? 0)
  const spareColumns = (): number => columnsWide - widths.reduce((sum, width) => sum + width, gap.length * (kept.length - 1))
  shrink(kept, widths, columns, unlessLast, -spareColumns())
  shrink(kept, widths, columns, least, -spareColumns())
  const spare = spareColumns()
  const bar = kept.findIndex((index) => columns[index]?.bar !== undefined)
  const most = columns[kept[bar] ?? -1]?.bar?.max ?? 0
  if (bar !== -1 && spare > 0) widths[bar] = Math.min(most, (widths[bar] ?? 0) + spare)
  return { kept, widths }
}

function inOrder(columns: readonly Column[], key: 'extra' | 'dropOrder'): number[] {
  const optional = columns.flatMap((column, index) => (column[key] === undefined ? [] : { order: column[key], index }))
  return optional.toSorted((a, b) => b.order - a.order).map(({ index }) => index)
}

/** Adds spaces after amounts with few decimals, so that the points stand below each other. */
function alignPoints(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const places = columns.map(({ align }, index) =>
    align === 'point' ? rows.reduce((most, cells) => Math.max(most, decimalsOf(cells[index] ?? '')), 0) : 0,
  )
  if (places.every((most) => most === 0)) return rows
  return rows.map((cells) =>
    cells.map((cell, index) => (/\d$/.test(cell) ? cell + ' '.repeat(Math.max(0, (places[index] ?? 0) - decimalsOf(cell))) : cell)),
  )
}

/** Columns from the decimal point on. */
function decimalsOf(cell: string): number {
  const point = cell.lastIndexOf('.')
  return point === -1 ? 0 : cell.length - point
}

/** Takes columns away from the widest texts that may be cut, one by one. */
function shrink(
  kept: readonly number[],
  widths: number[],
  columns: readonly Column[],
  least: (index: number) => number,
  excess: number,
): void {
  for (let left = excess; left > 0; left -= 1) {
    let widest = -1
    for (const [place, index] of kept.entries()) {
      const canShrink = columns[index]?.cutTo !== undefined && (widths[place] ?? 0) > least(index)
      if (canShrink && (widest === -1 || (widths[place] ?? 0) > (widths[widest] ?? 0))) widest = place
    }
    if (widest === -1) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}

function pad(text: string, width: number, align: NonNullable<Column['align']>, isLast: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  if (align !== 'left') return space + text
  return isLast ? text : text + space
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar in eighths of a column; what is more than nothing is at least one eighth. */
function renderBar(fraction: number, width: number): string {
  if (!(fraction > 0)) return ''
  const steps = Math.max(1, Math.round(Math.min(1, fraction) * width * 8))
  return '█'.repeat(Math.floor(steps / 8)) + (eighths[steps % 8] ?? '')
}
