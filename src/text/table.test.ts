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
      'model         calls      cost', //
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

  test('drops what is extra before it cuts a name, and other columns only after', () => {
    const wide: Column[] = [
      { header: 'model', cutTo: 6 },
      { header: 'cost', align: 'point' },
      { header: '', dropOrder: 2, bar: { min: 4, max: 10 } },
      { header: 'calls', align: 'right', dropOrder: 1 },
      { header: 'input', align: 'right', extra: 1 },
    ]
    const cells = [
      ['claude-sonnet', '$12.5', '1', '1,204', '9.1M'],
      ['gpt-4o', '$0.0125', '0.5', '3', '12'],
    ]
    // model 13, cost 8 with its points aligned, bar 4 or more, calls 5, input 5, and two spaces between.
    expect(renderTable(wide, cells, 60)).toEqual([
      'model              cost              calls  input',
      'claude-sonnet  $12.5     ██████████  1,204   9.1M',
      'gpt-4o          $0.0125  █████           3     12',
    ])
    const header = (width: number) => renderTable(wide, cells, width)[0]?.split(/\s+/)
    expect([43, 42, 29, 23].map(header)).toEqual([
      ['model', 'cost', 'calls', 'input'],
      ['model', 'cost', 'calls'],
      ['model', 'cost', 'calls'],
      ['model', 'cost', 'calls'],
    ])
    expect(renderTable(wide, cells, 36)[1]).toMatch(/^claude-sonnet /)
    expect(renderTable(wide, cells, 33)[1]).toMatch(/^claude-so… /)
    expect(renderTable(wide, cells, 24)[1]).not.toContain('█')
    expect(header(18)).toEqual(['model', 'cost'])
  })

  test('a bar shows eighths, and something for whatever is more than nothing', () => {
    const bar = (fraction: string) => renderTable([{ header: '', bar: { min: 4, max: 4 } }], [[fraction]], 20)[1]
    expect(['0', '0.0001', '0.5', '0.53125', '1', '7'].map(bar)).toEqual(['', '▏', '██', '██▏', '████', '████'])
  })

  test('cells are painted after they are padded', () => {
    const cells = [
      ['x', 'y'],
      ['long', 'z'],
    ]
    const lines = renderTable([{ header: 'a' }, { header: 'b' }], cells, 20, (text, row) => (row === 0 ? `<${text}>` : text))
    expect(lines).toEqual(['a     b', '<x   >  <y>', 'long  z'])
  })
})

test('a column of names is cut only after all others have gone or are cut', () => {
  const named = [
    { header: 'name', cutTo: 4, cutLast: true as const },
    { header: 'note', cutTo: 4 },
    { header: 'more', dropOrder: 1 },
  ]
  const models = [['claude-sonnet', 'a long remark', 'more']]
  expect(renderTable(named, models, 40)[1]).toBe('claude-sonnet  a long remark  more')
  expect(renderTable(named, models, 25)[1]).toBe('claude-sonnet  a l…  more')
  expect(renderTable(named, models, 20)[1]).toBe('claude-sonnet  a lo…')
  expect(renderTable(named, models, 12)[1]).toBe('claud…  a l…')
})

test('what a terminal might obey is taken out of cells', () => {
  expect(renderTable([{ header: 'name' }], [['a\u001B[31mb']], 20)[1]).toBe('a\uFFFD[31mb')
})
