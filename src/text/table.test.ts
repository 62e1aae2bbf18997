import { describe, expect, test } from 'vitest'
import { displayWidth } from './display-width.ts'
import { type Column, renderTable } from './table.ts'

const columns: Column[] = [
  { header: 'model', cutTo: 6 },
  { header: 'calls', align: 'right', dropOrder: 1 },
  { header: 'cost', align: 'point' },
]
const rows = [
  ['big', '1,200', '$12.50'],
  ['日本語モデル', '7', '$0.0045'],
]

describe('a table', () => {
  test('stands in columns, amounts by their points, wide characters counted as such', () => {
    expect(renderTable(columns, rows, 80)).toEqual([
      'model         calls  cost', //
      'big           1,200  $12.50',
      '日本語モデル      7   $0.0045',
    ])
  })

  test('drops what may go and cuts what may be cut before it wraps', () => {
    for (const width of [27, 20, 18, 16]) {
      for (const line of renderTable(columns, rows, width)) expect(displayWidth(line)).toBeLessThanOrEqual(width)
    }
    expect(renderTable(columns, rows, 16).join('\n')).not.toContain('calls')
    expect(renderTable(columns, rows, 16).join('\n')).toContain('…')
  })
})
