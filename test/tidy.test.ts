import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
const files = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
const code = files.filter((file) => /\.(?:ts|js|mjs)$/.test(file))
const sources = code.filter((file) => file.startsWith('src/'))
const product = sources.filter((file) => !file.endsWith('.test.ts'))
const text = new Map(code.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const linesOf = (file: string): string[] => (text.get(file) ?? '').split('\n')

/** Folders of src/ in the one direction that imports go: each may import itself and what it names. */
const base = ['errors.ts', 'package-files.ts', 'text', 'time']
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'package-files.ts': [],
  text: ['errors.ts'],
  time: ['errors.ts', 'text'],
  money: [...base],
  usage: [...base, 'money'],
  pricing: [...base, 'money', 'usage'],
  ledger: [...base, 'money', 'usage', 'pricing'],
  budgets: [...base, 'money', 'usage', 'pricing', 'ledger'],
  stores: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets'],
  runs: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'stores'],
  reports: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'stores', 'runs'],
  access: [...base, 'ledger'],
  importers: [...base, 'money', 'usage', 'pricing', 'ledger'],
  facade: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'stores', 'runs', 'reports', 'importers', 'config', 'access'],
  'purser.ts': [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'stores', 'runs', 'reports', 'importers', 'facade'],
  config: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'runs'],
  'index.ts': [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'stores', 'runs', 'reports', 'facade', 'purser.ts'],
  json: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'runs', 'reports', 'facade', 'config', 'access'],
  clients: [...base, 'money', 'usage', 'pricing', 'ledger', 'budgets', 'facade', 'purser.ts'],
  server: [
    ...base,
    'money',
    'usage',
    'pricing',
    'ledger',
    'budgets',
    'runs',
    'reports',
    'facade',
    'config',
    'access',
    'json',
    'stores',
    'purser.ts',
  ],
  cli: [
    ...base,
    'money',
    'usage',
    'pricing',
    'ledger',
    'budgets',
    'importers',
    'facade',
    'runs',
    'reports',
    'stores',
    'json',
    'purser.ts',
    'config',
    'access',
    'server',
  ],
}

/** Modules of Node that reach outside the process; the pure folders do without them. */
const pure = new Set(['money', 'usage', 'ledger', 'budgets'])
const outside = /from 'node:(?:fs|net|http|https|child_process|sqlite|os|worker_threads)/

function place(file: string): string {
  return relative('src', file).split('/')[0] ?? ''
}

function importsOf(file: string): string[] {
  const found = (text.get(file) ?? '').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].map((match) => relative(root, resolve(root, dirname(file), match[1] ?? '')))
}

describe('the house', () => {
  test('every folder of src is known, so that its place in the order of imports is', () => {
    expect([...new Set(product.map(place))].filter((folder) => !(folder in mayImport))).toEqual([])
  })

  test('imports go one way', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter(
          (target) =>
            target.startsWith('src/') && place(target) !== place(file) && mayImport[place(file)]?.includes(place(target)) !== true,
        )
        .filter(() => !file.endsWith('.test.ts'))
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('only the facade names a concrete store', () => {
    const naming = product.filter(
      (file) =>
        !file.startsWith('src/stores/') && importsOf(file).some((target) => /^src\/stores\/(?:sqlite|postgres|memory)/.test(target)),
    )
    expect(naming.toSorted()).toEqual(['src/facade/copy-ledger.ts', 'src/facade/open-store.ts'])
  })

  test('money, usage, ledger and budgets reach nothing outside the process', () => {
    expect(product.filter((file) => pure.has(place(file)) && outside.test(text.get(file) ?? ''))).toEqual([])
  })

  test('imports end in .ts', () => {
    const bare = product.flatMap((file) =>
      importsOf(file)
        .filter((target) => !/\.(?:ts|json)$/.test(target))
        .map((target) => `${file}: ${target}`),
    )
    expect(bare).toEqual([])
  })
})

describe('size and names', () => {
  test('no file of the product has more than 300 lines', () => {
    expect(product.filter((file) => linesOf(file).length > 301).map((file) => `${file}: ${linesOf(file).length}`)).toEqual([])
  })

  test('half the files have at most 130 lines', () => {
    const lengths = product.map((file) => linesOf(file).length).toSorted((a, b) => a - b)
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(130)
  })

  test('no function has more than 70 lines', () => {
    const long = product.flatMap((file) => longFunctions(file).map((found) => `${file}:${found}`))
    expect(long).toEqual([])
  })

  test('files are named in kebab-case, and none is called after nothing', () => {
    const bad = code
      .filter((file) => file.startsWith('src/') || file.startsWith('test/'))
      .filter((file) => {
        const name = basename(file).replace(/(?:\.\w+)?\.(?:ts|js)$/, '')
        return !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) || /^(?:utils?|helpers?|misc|common|manager)$/.test(name)
      })
    expect(bad).toEqual([])
  })

  test('no file only hands on what others export, but the package entry', () => {
    const barrels = product.filter((file) => {
      const statements = linesOf(file).filter(
        (line) => line.trim() !== '' && !line.startsWith('//') && !line.startsWith(' *') && !line.startsWith('/*'),
      )
      return statements.length > 0 && statements.every((line) => /^export .* from '/.test(line))
    })
    expect(barrels).toEqual(['src/index.ts'])
  })
})

describe('left-overs', () => {
  const leftOver = new RegExp(
    '\\b(?:TODO|FIXME|XXX|HACK)\\b' +
      '|@ts-(?:ignore|nocheck)|(?:eslint|oxlint)-disable|not implemented|\\b(?:it|test|describe)\\.only\\(|: any\\b|\\bas any\\b',
  )

  test('nothing is left to be done, switched off or untyped', () => {
    const found = code
      .filter((file) => !file.endsWith('tidy.test.ts'))
      .flatMap((file) => linesOf(file).flatMap((line, index) => (leftOver.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])))
    expect(found).toEqual([])
  })

  test('no default exports', () => {
    expect(code.filter((file) => /^export default/m.test(text.get(file) ?? '') && !file.endsWith('.config.ts'))).toEqual([])
  })

  test('no path of somebody’s machine is in the repository', () => {
    const texts = files.filter((file) => /\.(?:ts|js|json|md|yaml|yml|sh)$/.test(file) && file !== 'package-lock.json')
    const personal = /(?:^|[\s"'`(=])\/(?:work|root|Users\/[a-z]+)\//
    expect(texts.filter((file) => personal.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
  })
})

/** Functions and methods by their first line, as `line name`, that are longer than 70 lines: by indentation, as formatted. */
function longFunctions(file: string): string[] {
  const lines = linesOf(file)
  return lines.flatMap((line, start) => {
    const head = /^(\s*)(?:export )?(?:async )?(?:function\*? |(?:static |async |\*|#|get )*)([A-Za-z#][\w#]*)(?:<[^>]*>)?\(.*\{$/.exec(
      line,
    )
    if (head === null || /^\s*(?:if|for|while|switch|return|constructor)\b/.test(line)) return []
    const end = lines.findIndex((candidate, index) => index > start && candidate.startsWith(`${head[1]}}`))
    return end - start > 70 ? [`${start + 1} ${head[2]}`] : []
  })
}
